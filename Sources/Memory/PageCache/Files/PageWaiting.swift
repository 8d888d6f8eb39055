public import Foundations

/// How the page cache waits for a page that somebody else is reading or writing. The scheduler gives it the real one.
open class PageWaiting {
  /// Whether a wait may end before what is waited for has happened.
  public enum Patience: Sendable {
    /// A signal that ends the program ends the wait, with `EINTR`.
    case killable
    /// Nothing does.
    case uninterruptible
  }

  /// Creates the waiting of a kernel without threads, in which nobody else could finish the page.
  public init() {}

  /// Lets others run until `wake` may have been called for the page. May return early; the caller looks again.
  ///
  /// `wake` may come before this: who is to be woken is entered somewhere first, and then asks `CachedFile.isBusy`, and
  /// sleeps only if the page is.
  ///
  /// - Throws: `EINTR`; `EDEADLK` when there is nobody to wait for.
  open func wait(for page: UInt64, of file: CachedFile, _ patience: Patience) throws(Errno) { throw .EDEADLK }

  /// Says that a page was read or written, or is gone.
  open func wake(for page: UInt64, of file: CachedFile) {}

  /// Waits until the reclaim that is under way has ended.
  ///
  /// - Returns: false when it is the caller's own, which it would wait for in vain.
  open func waitForReclaim() -> Bool { false }

  /// Lets a process that was killed for want of memory run to its end, for a while.
  ///
  /// - Returns: whether it is worth trying the allocation again. Not if the process is the caller's own, or if there is nobody
  ///   who could run.
  open func waitForVictim() -> Bool { false }
}
