import Foundations
import Machine

/// In which order devices are suspended, and what is done when one refuses.
///
/// A device works only while what leads to it works, so children are suspended before their parents, and resumed after them; of
/// devices that do not depend on each other the last that came is suspended first. Source: Linux Documentation/driver-api/pm/devices.rst.
enum PowerOrder {
  /// Numbers of devices, each before the one that leads to it.
  ///
  /// - Parameter parents: for each device the number of the one that leads to it; -1 for none.
  /// - Throws: `ENOMEM`.
  static func childrenFirst(_ parents: borrowing GrowableArray<Int>) throws(Errno) -> GrowableArray<Int> {
    var deepest = 0
    var depths = GrowableArray<Int>()
    for index in 0..<parents.count {
      let depth = depth(of: index, parents)
      deepest = max(deepest, depth)
      try depths.append(depth)
    }
    var order = GrowableArray<Int>()
    try order.reserveCapacity(parents.count)
    var level = deepest
    while level >= 0 {
      var index = parents.count
      while index > 0 {
        index -= 1
        if depths[index] == level { try order.append(index) }
      }
      level -= 1
    }
    return order
  }

  private static func depth(of index: Int, _ parents: borrowing GrowableArray<Int>) -> Int {
    var (depth, current) = (0, index)
    // No further than there are devices, whatever they say of each other.
    while depth < parents.count, current >= 0, current < parents.count, parents[current] >= 0 {
      current = parents[current]
      depth += 1
    }
    return depth
  }

  /// Does `suspend` with each of `order`; when one refuses, `resume` with those before it, the last first.
  ///
  /// - Throws: why it refused.
  static func suspend(
    _ order: borrowing GrowableArray<Int>, _ suspend: (Int) throws(Errno) -> Void, resume: (Int) -> Void
  ) throws(Errno) {
    for place in 0..<order.count {
      do throws(Errno) {
        try suspend(order[place])
      } catch {
        Self.resume(order, first: place, resume)
        throw error
      }
    }
  }

  /// Does `resume` with each of the first `first` of `order`, the last first.
  static func resume(_ order: borrowing GrowableArray<Int>, first: Int, _ resume: (Int) -> Void) {
    var place = min(max(0, first), order.count)
    while place > 0 {
      place -= 1
      resume(order[place])
    }
  }
}
