public import Foundations
import Machine
import Waiting

/// The machine's PCI functions.
///
/// What is known of them is a picture that never changes: a change draws a new one, which takes its time, and puts it in place
/// of the old. So readers wait for nobody, whatever a function that comes or goes makes the change wait for.
public enum PCISystem {
  /// The functions as they were at one time.
  private final class Picture {
    let hierarchy: PCIHierarchy
    init(_ hierarchy: consuming PCIHierarchy) { self.hierarchy = hierarchy }
  }

  private final class State {
    /// Who holds it may put another picture in place.
    let changing = SleepLock()
    /// Held for as long as it takes to copy or set a reference.
    let current: SpinLock<Picture>
    init(_ picture: Picture) { current = SpinLock(picture) }
  }

  private static let state = BootCell<State>()

  /// Makes `found` the machine's. Only the first time counts.
  public static func install(_ found: consuming PCIHierarchy) { state.fill(State(Picture(found))) }

  private static var installed: State? { state.withValue { $0 } }

  /// Runs `body` with the functions as they are now, or returns nil before they have been looked for.
  ///
  /// - Context: any; no lock is held. What changes while `body` runs, it does not see.
  public static func withHierarchy<Result, Failure: Error>(
    _ body: (borrowing PCIHierarchy) throws(Failure) -> Result
  ) throws(Failure) -> Result? {
    guard let installed else { return nil }
    let picture = installed.current.withLock { $0 }
    return try body(picture.hierarchy)
  }

  /// Runs `body` with the functions, to change what is known of them: after others who do, and while readers go on with what
  /// was known before. When `body` throws, what it has done until then stays done.
  ///
  /// - Returns: nil before functions have been looked for.
  /// - Throws: `ENOMEM` before `body` runs, and what `body` throws.
  /// - Context: a thread without spin locks; `body` may wait, but must not call this again.
  public static func change<Result>(
    _ body: (inout PCIHierarchy) throws(Errno) -> Result
  ) throws(Errno) -> Result? {
    guard let installed else { return nil }
    installed.changing.lock()
    defer { installed.changing.unlock() }
    let old = installed.current.withLock { $0 }
    var hierarchy = try old.hierarchy.copied()
    let result: Result
    do throws(Errno) {
      result = try body(&hierarchy)
    } catch {
      replace(hierarchy, in: installed)
      throw error
    }
    replace(hierarchy, in: installed)
    return result
  }

  private static func replace(_ hierarchy: consuming PCIHierarchy, in state: State) {
    var picture = Picture(hierarchy)
    // The old one leaves with `picture`, after the lock.
    state.current.withLock { current in swap(&current, &picture) }
  }
}
