import Foundations
import Machine
import Waiting

/// A hierarchy that many read while one changes it.
///
/// What is known is a picture that never changes: a change draws a new one, which takes its time, and puts it in place of the
/// old. So readers wait for nobody, whatever a function that comes or goes makes the change wait for.
final class SharedHierarchy {
  /// The functions as they were at one time.
  private final class Picture {
    let hierarchy: PCIHierarchy
    init(_ hierarchy: consuming PCIHierarchy) { self.hierarchy = hierarchy }
  }

  /// Who holds it may put another picture in place.
  private let changing = SleepLock()
  /// Held for as long as it takes to copy or set a reference.
  private let current: SpinLock<Picture>

  init(_ hierarchy: consuming PCIHierarchy) { current = SpinLock(Picture(hierarchy)) }

  /// Runs `body` with the functions as they are now.
  func read<Result, Failure: Error>(
    _ body: (borrowing PCIHierarchy) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let picture = current.withLock { $0 }
    return try body(picture.hierarchy)
  }

  /// Runs `body` with a copy, which then takes the place of what was; also when `body` throws.
  func change<Result>(_ body: (inout PCIHierarchy) throws(Errno) -> Result) throws(Errno) -> Result {
    changing.lock()
    defer { changing.unlock() }
    let old = current.withLock { $0 }
    var hierarchy = try old.hierarchy.copied()
    let result: Result
    do throws(Errno) {
      result = try body(&hierarchy)
    } catch {
      replace(hierarchy)
      throw error
    }
    replace(hierarchy)
    return result
  }

  private func replace(_ hierarchy: consuming PCIHierarchy) {
    var picture = Picture(hierarchy)
    // The old one leaves with `picture`, after the lock.
    current.withLock { current in swap(&current, &picture) }
  }
}
