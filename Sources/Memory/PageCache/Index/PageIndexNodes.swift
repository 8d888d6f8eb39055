import Foundations
import Machine

/// The lowest nodes of a `PageIndex`: the elements of 64 pages in a row.
struct PageIndexLeaf<Element: ~Copyable>: ~Copyable {
  /// The first page, a multiple of 64.
  let firstPage: UInt64
  /// Which of the elements are there.
  var occupied: UInt64 = 0
  /// Which of them have a tag, for each tag.
  var tags = InlineArray<2, UInt64>(repeating: 0)
  /// In memory of its own: the compiler cannot destroy an `InlineArray` of elements that are not copyable everywhere.
  var elements = GrowableArray<Element?>()

  init(firstPage: UInt64) throws(Errno) {
    self.firstPage = firstPage
    try elements.reserveCapacity(64)
    for _ in 0..<64 { try elements.append(nil) }
  }
}

/// The other nodes of a `PageIndex`: 64 nodes one level below.
struct PageIndexBranch: ~Copyable {
  /// The first page below this node, a multiple of `64 << 6 * level`.
  let firstPage: UInt64
  /// 1 above leaves.
  let level: Int
  /// Which of the children are there.
  var occupied: UInt64 = 0
  /// Below which of them some page has a tag, for each tag.
  var tags = InlineArray<2, UInt64>(repeating: 0)
  var children = InlineArray<64, UInt32>(repeating: 0)

  init(firstPage: UInt64, level: Int) {
    self.firstPage = firstPage
    self.level = level
  }

  /// Adds a child with these tags at `slot`.
  mutating func adopt(_ child: UInt32, at slot: Int, tags childTags: InlineArray<2, UInt64>) {
    children[slot] = child
    occupied |= 1 << UInt64(slot)
    for tag in 0..<PageTag.count where childTags[tag] != 0 { tags[tag] |= 1 << UInt64(slot) }
  }
}
