public import Foundations
import Machine

/// How many of something each user has: pages of pipes, files on their way.
///
/// A user takes memory as long as it has some of it. There are few users, so they are searched from the beginning. Whoever counts keeps
/// this in a spin lock of his own.
public struct UserCounts: ~Copyable {
  private struct Entry {
    let user: UserID
    /// At least 1.
    var count: Int
  }

  private var entries: GrowableArray<Entry>

  /// Nobody has any.
  @inline(__always)
  public init() { entries = GrowableArray() }

  private func place(of user: UserID) -> Int? {
    for index in 0..<entries.count where entries[index].user == user { return index }
    return nil
  }

  /// How many `user` has.
  public func count(of user: UserID) -> Int { place(of: user).map { entries[$0].count } ?? 0 }

  /// Counts `count` more for `user`, if it may have them.
  ///
  /// - Parameter isAllowed: says so of how many it has without them.
  /// - Returns: whether they are counted; not when they are more than can be counted either, or fewer than none.
  /// - Throws: `ENOMEM`; then they are not.
  public mutating func add(
    _ count: Int, for user: UserID, if isAllowed: (Int) -> Bool
  ) throws(Errno) -> Bool {
    let place = place(of: user)
    let before = place.map { entries[$0].count } ?? 0
    let (sum, isTooMany) = before.addingReportingOverflow(count)
    guard count >= 0, !isTooMany, isAllowed(before) else { return false }
    if let place {
      entries[place].count = sum
    } else if count > 0 {
      try entries.append(Entry(user: user, count: count))
    }
    return true
  }

  /// Counts `count` of those less that `add` has counted for `user`.
  public mutating func remove(_ count: Int, of user: UserID) {
    guard let place = place(of: user), count >= 0 else { return }
    guard entries[place].count <= count else { return entries[place].count -= count }
    _ = entries.remove(at: place)
    // When nobody has any there is nothing of this either.
    if entries.isEmpty { entries = GrowableArray() }
  }
}
