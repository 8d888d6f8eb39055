import Foundations
import Machine
import Security
import Signals

/// What each user has: tasks, for RLIMIT_NPROC, and queued signals, for RLIMIT_SIGPENDING.
enum UserAccounts {
  private struct Entry {
    let user: UserID
    var count: UInt64
    let signals = SignalAccount()

    init(_ user: UserID) { (self.user, count) = (user, 1) }
  }

  private struct Table: ~Copyable {
    var entries = GrowableArray<Entry>()

    /// The place of `user`; there are few users, so a search from the beginning is fast.
    func index(of user: UserID) -> Int? {
      for index in 0..<entries.count where entries[index].user == user { return index }
      return nil
    }
  }

  private static let table = SpinLock(Table())

  /// Counts one more task of `user`.
  ///
  /// - Throws: `EAGAIN` when it has `limit` already, `ENOMEM`.
  static func charge(_ user: UserID, limit: UInt64) throws(Errno) {
    try table.withLock { table throws(Errno) in
      guard let index = table.index(of: user) else {
        guard limit > 0 else { throw .EAGAIN }
        return try table.entries.append(Entry(user))
      }
      guard table.entries[index].count < limit else { throw .EAGAIN }
      table.entries[index].count += 1
    }
  }

  /// Takes back what `charge` counted.
  static func release(_ user: UserID) {
    table.withLock { table in
      guard let index = table.index(of: user) else { return }
      table.entries[index].count -= 1
      if table.entries[index].count == 0 { _ = table.entries.remove(at: index) }
    }
  }

  /// Counts a task of `old` as one of `new`, whatever its limit.
  static func move(from old: UserID, to new: UserID) {
    guard old != new else { return }
    // Without memory for it the new user has one that is not counted.
    try? charge(new, limit: .max)
    release(old)
  }

  /// Who counts the signals of `user`; nil when it has no task that is counted.
  static func signals(of user: UserID) -> SignalAccount? {
    table.withLock { table in table.index(of: user).map { table.entries[$0].signals } }
  }

  /// How many tasks `user` has.
  static func count(of user: UserID) -> UInt64 {
    table.withLock { table in table.index(of: user).map { table.entries[$0].count } ?? 0 }
  }
}
