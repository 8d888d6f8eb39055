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
    /// The `floor` of the subtree's first area.
    var lowest: UInt64
    /// One past the last address of the subtree.
    var highest: UInt64
    /// The largest gap between neighbours of the subtree, from the end of one to the `floor` of the next.
    var gap: UInt64 = 0

    init(_ area: Area) {
      self.area = area
      lowest = area.floor
      highest = area.end
    }

    /// A node without an area, which no address is in.
    init(free next: Int32) {
      self.init(Area(0..<0, [], []))
      left = next
    }
  }

  var nodes = GrowableArray<Node>()
  var root: Int32 = -1
  /// The first free node; they are linked by `left`.
  private(set) var firstFree: Int32 = -1
  private var freeCount = 0
  /// The node that `find` found last, which the next address is likely to be in too. May have been freed since.
  private var lastFound = 0
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
      try nodes.append(Node(free: firstFree))
      firstFree = node
      freeCount += 1
    }
  }

  // MARK: Looking

  /// The area that contains `address`, or nil: `area(at:)` for a page fault, which begins where the last one was found.
  @inline(__always)
  public mutating func find(_ address: UInt64) -> Area? {
    if lastFound < nodes.count {
      let area = nodes[lastFound].area
      // Of a free node the length is 0.
      if address &- area.start < area.end &- area.start { return area }
    }
    let node = node(at: address)
    guard node >= 0 else { return nil }
    lastFound = Int(node)
    return nodes[lastFound].area
  }

  /// The area that contains `address`, or nil.
  @inline(__always)
  public borrowing func area(at address: UInt64) -> Area? {
    let node = node(at: address)
    return node < 0 ? nil : nodes[Int(node)].area
  }

  @inline(__always)
  private borrowing func node(at address: UInt64) -> Int32 {
    var node = root
    while node >= 0 {
      let index = Int(node)
      if address < nodes[index].area.start {
        node = nodes[index].left
      } else if address >= nodes[index].area.end {
        node = nodes[index].right
      } else {
        return node
      }
    }
    return -1
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

  /// Adds `area`, which is not empty and overlaps none. There is a node for it: the caller has reserved one.
  public mutating func insert(_ area: Area) {
    precondition(firstFree >= 0, "no node was reserved")
    let node = firstFree
    firstFree = nodes[Int(node)].left
    freeCount -= 1
    nodes[Int(node)] = Node(area)
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
    nodes[Int(removed)] = Node(free: firstFree)
    firstFree = removed
    freeCount += 1
    count -= 1
    return true
  }

  /// Puts `area` in the place of the area that begins at `start`. It overlaps no other, and lies between the same two.
  ///
  /// - Returns: false, changing nothing, when no area begins there.
  @discardableResult
  mutating func replace(startingAt start: UInt64, with area: Area) -> Bool {
    replace(startingAt: start, with: area, under: root)
  }

  /// Changes everything but the bounds of the area that begins at `start`, and whether it grows.
  mutating func update(startingAt start: UInt64, _ body: (inout Area) -> Void) {
    let node = node(at: start)
    guard node >= 0, nodes[Int(node)].area.start == start else { return }
    body(&nodes[Int(node)].area)
  }

  /// Gives the area that begins at `start` other bounds, between those of its neighbours; its pages stay where they are.
  mutating func resize(startingAt start: UInt64, to range: Range<UInt64>) {
    guard var area = area(at: start), area.start == start else { return }
    area.start = range.lowerBound
    area.end = range.upperBound
    if !area.isAnonymous { area.firstPage = area.firstPage &+ range.lowerBound >> 12 &- start >> 12 }
    replace(startingAt: start, with: area)
  }

  /// Cuts the area that `address` lies inside of in two. Takes a node, which the caller has reserved.
  ///
  /// - Returns: the area that was cut, or nil when there was none.
  @discardableResult
  mutating func cut(at address: UInt64) -> Area? {
    guard let area = area(at: address), area.start < address else { return nil }
    replace(startingAt: area.start, with: area.part(area.start..<address))
    insert(area.part(address..<area.end))
    return area
  }
}
