import Foundations
import Machine
import Security

/// How many pages the pipes of each user may hold, so that nobody fills memory with pipes. Source: pipe(7), "/proc files".
///
/// A user is there as long as one of its pipes is open.
enum PipeAccounts {
  private struct Entry {
    let user: UserID
    var pages: Int
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

  /// Counts `pages` more for `user`, if there are no more than `limit` then.
  ///
  /// - Returns: whether they are counted; false also when there is no memory to count them in.
  static func take(_ pages: Int, for user: UserID, upTo limit: Int) -> Bool {
    table.withLock { table in
      guard let index = table.index(of: user) else {
        guard pages <= limit else { return false }
        return (try? table.entries.append(Entry(user: user, pages: pages))) != nil
      }
      guard pages <= limit - table.entries[index].pages else { return false }
      table.entries[index].pages += pages
      return true
    }
  }

  /// Counts `pages` less for `user`, that `take` has counted.
  static func give(_ pages: Int, of user: UserID) {
    table.withLock { table in
      guard let index = table.index(of: user) else { return }
      table.entries[index].pages -= pages
      if table.entries[index].pages <= 0 { _ = table.entries.remove(at: index) }
    }
  }
}
