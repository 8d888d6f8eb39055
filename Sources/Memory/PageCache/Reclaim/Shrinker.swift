import Foundations
import Machine

/// A cache of kernel objects that can give memory back: empty slabs, names of files, …
public protocol Shrinker: AnyObject {
  /// About how many objects could be freed.
  var reclaimableCount: Int { get }

  /// Looks at up to `count` objects and frees those that were not used lately.
  ///
  /// - Returns: how many frames were freed.
  /// - Context: whoever allocates, so it must not allocate, and must not wait for a lock under which somebody does.
  func scan(_ count: Int) -> Int
}

/// The shrinkers of the system.
struct ShrinkerList: ~Copyable {
  private var shrinkers = GrowableArray<any Shrinker>()

  init() {}

  /// Shrinker number `index`; nil behind the last.
  subscript(index: Int) -> (any Shrinker)? { index < shrinkers.count ? shrinkers[index] : nil }

  mutating func append(_ shrinker: any Shrinker) throws(Errno) { try shrinkers.append(shrinker) }

  mutating func remove(_ shrinker: any Shrinker) {
    for index in 0..<shrinkers.count where shrinkers[index] === shrinker {
      _ = shrinkers.remove(at: index)
      return
    }
  }
}
