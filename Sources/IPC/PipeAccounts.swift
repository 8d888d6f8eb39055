import Foundations
import Machine
import Security

/// How many pages the pipes of each user may hold, so that nobody fills memory with pipes. Source: pipe(7), "/proc files".
enum PipeAccounts {
  private static let counts = SpinLock(UserCounts())

  /// Counts `pages` more for `user`, if there are no more than `limit` then.
  ///
  /// - Returns: whether they are counted; false also when there is no memory to count them in.
  static func take(_ pages: Int, for user: UserID, upTo limit: Int) -> Bool {
    counts.withLock { counts in
      do throws(Errno) {
        return try counts.add(pages, for: user) { $0 <= limit && pages <= limit - $0 }
      } catch {
        return false
      }
    }
  }

  /// Counts `pages` less for `user`, that `take` has counted.
  static func give(_ pages: Int, of user: UserID) { counts.withLock { $0.remove(pages, of: user) } }
}
