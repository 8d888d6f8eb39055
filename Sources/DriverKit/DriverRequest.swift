public import Foundations
import Machine
import Time
public import Waiting

/// Something that is wanted of a device: made by who wants it, served by its driver, ended once.
///
/// A subclass has what is wanted and where the answer goes. It belongs to who made it and outlives drivers, so it must hold
/// nothing of theirs.
open class DriverRequest {
  /// How it ended: a number of the request's own meaning, or why it failed.
  public enum Outcome: Equatable, Sendable {
    /// It was done.
    case success(Int)
    /// It was not.
    case failure(Errno)
  }

  private struct State: ~Copyable {
    var outcome: Outcome?
    var attempts = 0
  }

  private final let state = SpinLock(State())
  private final let ended = WaitQueue()
  /// Whether doing it twice is as good as doing it once.
  public final let isRepeatable: Bool

  /// Creates a request.
  public init(isRepeatable: Bool) { self.isRepeatable = isRepeatable }

  /// Ends it; only the first time counts.
  ///
  /// - Context: any.
  public final func complete(_ outcome: Outcome) {
    let isFirst = state.withLock { state in
      guard state.outcome == nil else { return false }
      state.outcome = outcome
      return true
    }
    guard isFirst else { return }
    didEnd()
    ended.wakeAll()
  }

  /// Called once when it has ended.
  ///
  /// - Context: that of `complete`.
  open func didEnd() {}

  /// How it ended, if it has.
  public final var outcome: Outcome? { state.withLock { $0.outcome } }

  /// Waits for its end.
  ///
  /// - Parameters:
  ///   - deadline: on the monotonic clock, in nanoseconds.
  ///   - interruption: what may end the wait early.
  /// - Throws: why it failed, `EINTR`, or `ETIMEDOUT`; then it may still be under way.
  public final func wait(until deadline: UInt64?, _ interruption: Interruption = .signals) throws(Errno) -> Int {
    let entry = Blocking.entry
    ended.add(entry)
    defer { ended.remove(entry) }
    try TimedWait.wait(until: deadline.map { ClockDeadline(.monotonic, $0) }, interruption) { outcome != nil }
    switch outcome {
    case .success(let number): return number
    case .failure(let error): throw error
    case nil: throw .EIO
    }
  }

  /// Counts one more try.
  ///
  /// - Returns: how many there have been with this.
  final func noteAttempt() -> Int {
    state.withLock {
      $0.attempts += 1
      return $0.attempts
    }
  }
}
