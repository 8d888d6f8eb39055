public import Foundations
import Machine

/// The areas of an address space: an AVL tree by address, which knows of each subtree its bounds and its largest gap.
///
/// Finding an area, the next one, or a gap of some size takes logarithmic time. Nodes are numbers into one array, so nothing
/// is counted or allocated while looking, and a change that was reserved for cannot fail.
///
/// Source: Adelson-Velsky and Landis 1962; Knuth, The Art of Computer Programming vol. 3, 6.2.3.
public struct AreaTree: ~Copyable {
  struct Node {
    var area: Area
    var left: Int32 = -1
    var right: Int32 = -1
    var height: Int32 = 1
    /// The first address of the subtree.
    var lowest: UInt64
    /// One past the last address of the subtree.
    var highest: UInt64
    /// The largest gap between neighbours of the subtree.
    var gap: UInt64 = 0
  }

  var nodes = GrowableArray<Node>()
  var root: Int32 = -1
  /// The first free node; they are linked by `left`.
  private var firstFree: Int32 = -1
  private var freeCount = 0
  /// How many areas there are.
  public private(set) var count = 0

  /// Creates an empty tree, which takes no memory.
  public init() {}

  /// Makes sure that `wanted` inserts succeed.
  ///
  /// - Throws: `ENOMEM`; nothing has changed.
  public mutating func reserve(_ wanted: Int) throws(Errno) {
    while freeCount < wanted {
      let missing = wanted - freeCount
      if nodes.count + missing > nodes.capacity {
        try nodes.reserveCapacity(max(8, nodes.capacity * 2, nodes.count + missing))
      }
      let node = Int32(nodes.count)
      try nodes.append(Node(area: Area(0..<0, [], []), left: firstFree, lowest: 0, highest: 0))
      firstFree = node
      freeCount += 1
    }
  }

  // MARK: Looking

  /// The area that contains `address`, or nil.
  @inline(__always)
  public borrowing func area(at address: UInt64) -> Area? {
    var node = root
    while node >= 0 {
      let index = Int(node)
      if address < nodes[index].area.start {
        node = nodes[index].left
      } else if address >= nodes[index].area.end {
        node = nodes[index].right
      } else {
        return nodes[index].area
      }
    }
    return nil
  }

  /// The first area that ends behind `address`: the one that contains it, or else the next.
  public borrowing func firstArea(endingAfter address: UInt64) -> Area? {
    var node = root
    var best: Int32 = -1
    while node >= 0 {
      if address < nodes[Int(node)].area.end {
        best = node
        node = nodes[Int(node)].left
      } else {
        node = nodes[Int(node)].right
      }
    }
    return best < 0 ? nil : nodes[Int(best)].area
  }

  /// The last area that begins before `address`.
  public borrowing func lastArea(startingBefore address: UInt64) -> Area? {
    var node = root
    var best: Int32 = -1
    while node >= 0 {
      if nodes[Int(node)].area.start < address {
        best = node
        node = nodes[Int(node)].right
      } else {
        node = nodes[Int(node)].left
      }
    }
    return best < 0 ? nil : nodes[Int(best)].area
  }

  /// The first area that overlaps `range`, or nil.
  public borrowing func firstArea(in range: Range<UInt64>) -> Area? {
    guard let area = firstArea(endingAfter: range.lowerBound), area.start < range.upperBound else { return nil }
    return area
  }

  /// Whether every address of `range` is in some area.
  public borrowing func covers(_ range: Range<UInt64>) -> Bool {
    var address = range.lowerBound
    while address < range.upperBound {
      guard let area = area(at: address) else { return false }
      address = area.end
    }
    return true
  }

  /// How many areas `range` would be cut out of: those that go on beyond one of its ends.
  borrowing func cutCount(_ range: Range<UInt64>) -> Int {
    var count = 0
    if let area = area(at: range.lowerBound), area.start < range.lowerBound { count += 1 }
    if let area = area(at: range.upperBound), area.start < range.upperBound { count += 1 }
    return count
  }

  // MARK: Changing

  /// Adds `area`, which overlaps none. There is a node for it: the caller has reserved one.
  public mutating func insert(_ area: Area) {
    precondition(firstFree >= 0, "no node was reserved")
    let node = firstFree
    firstFree = nodes[Int(node)].left
    freeCount -= 1
    nodes[Int(node)] = Node(area: area, lowest: area.start, highest: area.end)
    root = insert(node, under: root)
    count += 1
  }

  /// Removes the area that begins at `start`.
  ///
  /// - Returns: false, changing nothing, when none does.
  @discardableResult
  public mutating func remove(startingAt start: UInt64) -> Bool {
    guard let area = area(at: start), area.start == start else { return false }
    var removed: Int32 = -1
    root = remove(start, under: root, &removed)
    nodes[Int(removed)].left = firstFree
    firstFree = removed
    freeCount += 1
    count -= 1
    return true
  }

  /// Changes everything but the bounds of the area that begins at `start`.
  mutating func update(startingAt start: UInt64, _ body: (inout Area) -> Void) {
    var node = root
    while node >= 0 {
      let begin = nodes[Int(node)].area.start
      if begin == start {
        var area = nodes[Int(node)].area
        let range = area.range
        body(&area)
        area.start = range.lowerBound
        area.end = range.upperBound
        nodes[Int(node)].area = area
        return
      }
      node = start < begin ? nodes[Int(node)].left : nodes[Int(node)].right
    }
  }

  /// Gives the area that begins at `start` other bounds, which overlap no other area; its pages stay where they are.
  mutating func resize(startingAt start: UInt64, to range: Range<UInt64>) {
    guard let area = area(at: start), area.start == start else { return }
    remove(startingAt: start)
    var resized = area
    resized.start = range.lowerBound
    resized.end = range.upperBound
    if !area.isAnonymous { resized.firstPage = area.firstPage &+ range.lowerBound >> 12 &- start >> 12 }
    insert(resized)
  }

  /// Cuts areas so that none crosses an end of `range`. Takes `cutCount(range)` nodes, which the caller has reserved.
  mutating func cut(_ range: Range<UInt64>) {
    cut(at: range.lowerBound)
    cut(at: range.upperBound)
  }

  private mutating func cut(at address: UInt64) {
    guard let area = area(at: address), area.start < address else { return }
    remove(startingAt: area.start)
    insert(area.part(area.start..<address))
    insert(area.part(address..<area.end))
  }
}
