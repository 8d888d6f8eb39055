public import Foundations
import Machine

/// The supplementary groups of a thread: sorted, and never changed.
public final class GroupList {
  /// More groups than a thread may be in (`NGROUPS_MAX`).
  public static let limit = 65_536

  private var groups = GrowableArray<UInt32>()

  /// Sorts `groups`.
  ///
  /// - Throws: `EINVAL` for more than `limit`, `ENOMEM`.
  public init(_ groups: Span<UInt32>) throws(Errno) {
    guard groups.count <= Self.limit else { throw .EINVAL }
    try self.groups.reserveCapacity(groups.count)
    for index in groups.indices { try self.groups.append(groups[index]) }
    Self.sort(&self.groups)
  }

  /// How many there are.
  public var count: Int { groups.count }

  /// Group number `index` in ascending order.
  public subscript(index: Int) -> GroupID { GroupID(rawValue: groups[index]) }

  /// Whether `group` is one of them, in logarithmic time.
  public func contains(_ group: GroupID) -> Bool {
    var (low, high) = (0, groups.count)
    while low < high {
      let middle = (low + high) / 2
      let found = groups[middle]
      if found == group.rawValue { return true }
      if found < group.rawValue { low = middle + 1 } else { high = middle }
    }
    return false
  }

  /// Heap sort: in place, and never worse than n log n, because a program chooses the order.
  private static func sort(_ array: inout GrowableArray<UInt32>) {
    let count = array.count
    var start = count / 2
    while start > 0 {
      start -= 1
      sink(start, count, &array)
    }
    var end = count
    while end > 1 {
      end -= 1
      swap(0, end, &array)
      sink(0, end, &array)
    }
  }

  private static func sink(_ start: Int, _ count: Int, _ array: inout GrowableArray<UInt32>) {
    var parent = start
    while 2 * parent + 1 < count {
      var child = 2 * parent + 1
      if child + 1 < count, array[child] < array[child + 1] { child += 1 }
      guard array[parent] < array[child] else { return }
      swap(parent, child, &array)
      parent = child
    }
  }

  private static func swap(_ first: Int, _ second: Int, _ array: inout GrowableArray<UInt32>) {
    let number = array[first]
    array[first] = array[second]
    array[second] = number
  }
}
