import Foundations
import Machine

/// How the thread that runs waits: what the scheduler provides.
///
/// A wait is `prepare`, a look at the condition, `block`, over and over, then `finish` unless `block` has just returned `woken`. Being
/// woken after `prepare` makes the next `block` return at once.
open class ThreadBlocking {
  /// Why `block` returned.
  public enum Outcome: Sendable {
    /// Something that was waited for may have come.
    case woken
    /// A signal came that the wait was to be interrupted by.
    case interrupted
    /// The deadline has passed.
    case timedOut
  }

  /// Creates the means to wait.
  public init() {}

  /// The thread's own place in one queue.
  open var entry: WaitEntry { fatalError("a thread without an entry") }

  /// Says that the thread is about to wait.
  open func prepare(_ interruption: Interruption) {}

  /// Lets others run until the thread is woken or may be interrupted, or until `deadline`.
  open func block(deadline: UInt64?) -> Outcome { .woken }

  /// Says that the thread does not wait any more.
  open func finish() {}
}

/// Leads to the thread that runs.
open class BlockingProvider {
  /// Creates a provider.
  public init() {}

  /// The thread that runs on this CPU.
  open var current: ThreadBlocking { fatalError("nothing can wait yet") }
}

/// The thread that runs, as one who waits.
public enum Blocking {
  private static let provider = BootCell<BlockingProvider>()

  /// Sets where threads come from.
  ///
  /// - Context: once, by the scheduler, before anything waits. On the host, threads that were not made by a scheduler look at
  ///   their condition over and over.
  public static func start(_ provider: BlockingProvider) { Self.provider.fill(provider) }

  /// The thread that runs on this CPU.
  @inline(__always)
  public static var current: ThreadBlocking {
    #if os(none)
      guard let current = provider.withValue({ $0.current }) else { fatalError("nothing can wait yet") }
      return current
    #else
      return HostBlocking()
    #endif
  }
}

#if !os(none)
  /// A thread of the host's: it has no scheduler here, so it looks again and again.
  private final class HostBlocking: ThreadBlocking {
    private let place = WaitEntry(HostWaiter())
    override var entry: WaitEntry { place }

    override func block(deadline: UInt64?) -> Outcome {
      HostThread.yield()
      if let deadline, HostThread.nanoseconds >= deadline { return .timedOut }
      return .woken
    }
  }

  private final class HostWaiter: Waiter {
    override func notify(_ entry: WaitEntry, _ events: PollEvents) -> Bool { true }
  }
#endif
