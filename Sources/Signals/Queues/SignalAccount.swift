import Synchronization

/// How many signals are queued for the processes of one user. Source: getrlimit(2), `RLIMIT_SIGPENDING`.
///
/// Signals that are merely pending, with what is known of them in a place that is there anyway, are not counted unless they are
/// real-time ones.
public final class SignalAccount {
  private let queued = Atomic<Int>(0)

  /// Creates an account without signals.
  public init() {}

  /// How many are queued now.
  public var count: Int { queued.load(ordering: .relaxed) }

  /// Counts one more.
  ///
  /// - Returns: false when there are `limit` already, unless there is no limit.
  @inline(__always)
  func charge(limit: UInt64) -> Bool {
    let (before, after) = queued.add(1, ordering: .relaxed)
    guard limit < UInt64(after) else { return true }
    _ = before
    release()
    return false
  }

  /// Counts `count` less.
  @inline(__always)
  func release(_ count: Int = 1) { queued.subtract(count, ordering: .relaxed) }
}
