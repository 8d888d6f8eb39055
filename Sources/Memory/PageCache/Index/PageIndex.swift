public import Foundations
import Machine

/// An ordered map from a page's number in its file to an element, the page's frame: a radix tree with 64 children a node.
///
/// A node has a bit for each child that is there and, for each `PageTag`, for each child below which a page has the tag, so
/// that walks skip what is not of interest 64 children at a time. The root is the lowest node above all pages: an index
/// whose pages lie within 64 of each other is a single leaf, wherever they are. At most 11 levels reach all of 2^64 pages.
///
/// Every operation takes at most a few steps a level. Nodes are numbers in two pools; nothing is counted or locked here.
public struct PageIndex<Element: ~Copyable>: ~Copyable {
  var leaves = NodePool<PageIndexLeaf<Element>>()
  var branches = NodePool<PageIndexBranch>()
  /// A leaf's number when `rootLevel` is 0, else a branch's. Means nothing while the index is empty.
  var root: UInt32 = 0
  var rootLevel = 0
  /// The first page below the root.
  var rootPage: UInt64 = 0
  /// One less than the number of pages that fit below the root.
  var rootMask: UInt64 = 0
  /// How many elements there are.
  public internal(set) var count = 0

  /// Creates an empty index, which takes no memory.
  public init() {}

  /// Whether there are no elements.
  @inline(__always)
  public var isEmpty: Bool { count == 0 }

  /// Bytes of memory that the index holds.
  public var byteCount: Int { leaves.byteCount + branches.byteCount }

  /// Whether there is an element at `page`.
  @inline(__always)
  public func contains(_ page: UInt64) -> Bool {
    guard let leaf = leaf(of: page) else { return false }
    return leaves[leaf].occupied & Self.bit(page) != 0
  }

  /// Runs `body` with the element at `page`, or returns nil when there is none.
  @inline(__always)
  public func withElement<Result: ~Copyable, Failure: Error>(
    at page: UInt64, _ body: (borrowing Element) throws(Failure) -> Result
  ) throws(Failure) -> Result? {
    guard let leaf = leaf(of: page) else { return nil }
    // Not by the pool's subscript, which would be called here.
    switch leaves.chunks[leaves.chunk(of: leaf)][leaves.place(of: leaf)].elements[Self.slot(page, level: 0)] {
    case .some(let element): return try body(element)
    case nil: return nil
    }
  }

  /// Puts `element` at `page`.
  ///
  /// - Throws: `EEXIST` when there is one already; `ENOMEM` when there is no memory. The index stays as it was, and `element`
  ///   is dropped.
  public mutating func insert(_ element: consuming Element, at page: UInt64) throws(Errno) {
    let leaf = try makeLeaf(of: page)
    guard leaves[leaf].occupied & Self.bit(page) == 0 else { throw .EEXIST }
    leaves[leaf].occupied |= Self.bit(page)
    leaves[leaf].elements[Self.slot(page, level: 0)] = consume element
    count += 1
  }

  /// Takes the element at `page` out, with its tags.
  ///
  /// - Returns: nil when there is none.
  public mutating func remove(at page: UInt64) -> Element? {
    guard let leaf = leaf(of: page), leaves[leaf].occupied & Self.bit(page) != 0 else { return nil }
    clear(.dirty, at: page)
    clear(.writeback, at: page)
    leaves[leaf].occupied &= ~Self.bit(page)
    let element = leaves[leaf].elements[Self.slot(page, level: 0)].take()
    count -= 1
    if leaves[leaf].occupied == 0 { removeLeaf(of: page) }
    return element
  }

  /// The first page from `page` on that has an element.
  public func next(from page: UInt64) -> UInt64? {
    next(from: page, leafBits: { $0.occupied }, branchBits: { $0.occupied })
  }

  /// The first page from `page` on that has `tag`.
  public func next(from page: UInt64, tagged tag: PageTag) -> UInt64? {
    next(from: page, leafBits: { $0.tags[tag.rawValue] }, branchBits: { $0.tags[tag.rawValue] })
  }

  /// Whether any page has `tag`.
  public func hasAny(_ tag: PageTag) -> Bool {
    guard count > 0 else { return false }
    return rootLevel == 0 ? leaves[root].tags[tag.rawValue] != 0 : branches[root].tags[tag.rawValue] != 0
  }

  /// Whether the page at `page` has `tag`.
  public func has(_ tag: PageTag, at page: UInt64) -> Bool {
    guard let leaf = leaf(of: page) else { return false }
    return leaves[leaf].tags[tag.rawValue] & Self.bit(page) != 0
  }

  /// Gives the page at `page` the tag `tag`.
  ///
  /// - Returns: whether it did not have it before. False too where there is no element.
  @discardableResult
  public mutating func set(_ tag: PageTag, at page: UInt64) -> Bool {
    guard let leaf = leaf(of: page) else { return false }
    let before = leaves[leaf].tags[tag.rawValue]
    guard leaves[leaf].occupied & Self.bit(page) != 0, before & Self.bit(page) == 0 else { return false }
    leaves[leaf].tags[tag.rawValue] = before | Self.bit(page)
    guard before == 0, rootLevel > 0 else { return true }
    var node = root
    for level in stride(from: rootLevel, to: 0, by: -1) {
      let slot = Self.slot(page, level: level)
      branches[node].tags[tag.rawValue] |= 1 << UInt64(slot)
      node = branches[node].children[slot]
    }
    return true
  }

  /// Takes the tag `tag` from the page at `page`.
  ///
  /// - Returns: whether it had it.
  @discardableResult
  public mutating func clear(_ tag: PageTag, at page: UInt64) -> Bool {
    guard let leaf = leaf(of: page), leaves[leaf].tags[tag.rawValue] & Self.bit(page) != 0 else { return false }
    leaves[leaf].tags[tag.rawValue] &= ~Self.bit(page)
    guard leaves[leaf].tags[tag.rawValue] == 0 else { return true }
    let path = path(to: page)
    for level in 1..<max(1, rootLevel + 1) {
      let node = path[level]
      branches[node].tags[tag.rawValue] &= ~(1 << UInt64(Self.slot(page, level: level)))
      if branches[node].tags[tag.rawValue] != 0 { break }
    }
    return true
  }

  // MARK: Finding nodes

  /// Which of a node's 64 children `page` is below.
  @inline(__always)
  static func slot(_ page: UInt64, level: Int) -> Int {
    Int(truncatingIfNeeded: page &>> UInt64(truncatingIfNeeded: 6 &* level) & 63)
  }

  /// One less than the number of pages below a node of `level`.
  @inline(__always)
  static func mask(level: Int) -> UInt64 {
    // The smart shift gives 0 at the top level, whose nodes have more bits than a page number.
    (1 << UInt64(6 &* (level &+ 1))) &- 1
  }

  @inline(__always)
  private static func bit(_ page: UInt64) -> UInt64 { 1 &<< (page & 63) }

  /// Whether `page` is, or would be, below the root.
  @inline(__always)
  func rootReaches(_ page: UInt64) -> Bool { (page ^ rootPage) <= rootMask }

  /// The leaf that `page` would be in.
  @inline(__always)
  private func leaf(of page: UInt64) -> UInt32? {
    guard count > 0, rootReaches(page) else { return nil }
    var node = root
    var shift = UInt64(truncatingIfNeeded: 6 &* rootLevel)
    while shift != 0 {
      let slot = page &>> shift & 63
      guard branches[node].occupied & 1 &<< slot != 0 else { return nil }
      node = branches[node].children[Int(truncatingIfNeeded: slot)]
      shift &-= 6
    }
    return node
  }

  /// The nodes above `page`, whose leaf is there, by level.
  func path(to page: UInt64) -> InlineArray<11, UInt32> {
    var path = InlineArray<11, UInt32>(repeating: 0)
    var node = root
    for level in stride(from: rootLevel, to: 0, by: -1) {
      path[level] = node
      node = branches[node].children[Self.slot(page, level: level)]
    }
    path[0] = node
    return path
  }

  /// The first page from `page` on whose bit is set in its leaf, where a branch has a bit set for each child with such a page.
  @inline(__always)
  private func next(
    from page: UInt64, leafBits: (borrowing PageIndexLeaf<Element>) -> UInt64,
    branchBits: (borrowing PageIndexBranch) -> UInt64
  ) -> UInt64? {
    guard count > 0 else { return nil }
    var target = max(page, rootPage)
    restart: while rootReaches(target) {
      var node = root
      var level = rootLevel
      while true {
        let slot = Self.slot(target, level: level)
        let bits = (level == 0 ? leafBits(leaves[node]) : branchBits(branches[node])) & UInt64.max &<< UInt64(slot)
        guard bits != 0 else {
          // Nothing more below this node: on behind its last page. Each time this happens a level higher.
          let last = target | Self.mask(level: level)
          guard last != .max else { return nil }
          target = last + 1
          continue restart
        }
        let found = UInt64(bits.trailingZeroBitCount)
        if found != UInt64(slot) {
          target = target & ~Self.mask(level: level) | found &<< UInt64(6 &* level)
        }
        if level == 0 { return target }
        node = branches[node].children[Int(found)]
        level &-= 1
      }
    }
    return nil
  }
}
