import Foundations
import Testing

@testable import VirtualMemory

@Suite("Area trees")
struct AreaTreeTests {
  private static let page: UInt64 = 4096

  /// Checks order, balance and every summary of the subtree under `node`; returns its height and bounds.
  private func check(_ tree: borrowing AreaTree, _ node: Int32) throws -> (
    height: Int32, range: Range<UInt64>, gap: UInt64
  )? {
    guard node >= 0 else { return nil }
    let (area, left, right) = (tree.nodes[Int(node)].area, tree.nodes[Int(node)].left, tree.nodes[Int(node)].right)
    let below = try check(tree, left)
    let above = try check(tree, right)
    var gap = max(below?.gap ?? 0, above?.gap ?? 0)
    if let below {
      try #require(below.range.upperBound <= area.start)
      gap = max(gap, area.start - below.range.upperBound)
    }
    if let above {
      try #require(above.range.lowerBound >= area.end)
      gap = max(gap, above.range.lowerBound - area.end)
    }
    let (leftHeight, rightHeight) = (below?.height ?? 0, above?.height ?? 0)
    try #require(abs(leftHeight - rightHeight) <= 1)
    let range = (below?.range.lowerBound ?? area.start)..<(above?.range.upperBound ?? area.end)
    try #require(tree.nodes[Int(node)].height == 1 + max(leftHeight, rightHeight))
    try #require(tree.nodes[Int(node)].lowest == range.lowerBound && tree.nodes[Int(node)].highest == range.upperBound)
    try #require(tree.nodes[Int(node)].gap == gap)
    return (1 + max(leftHeight, rightHeight), range, gap)
  }

  /// The highest gap, found by looking everywhere.
  private func naiveGap(_ areas: [Area], _ size: UInt64, _ alignment: UInt64, _ limits: Range<UInt64>) -> UInt64? {
    var best: UInt64?
    var low: UInt64 = 0
    for high in areas.map(\.start) + [.max] {
      let (bottom, top) = (max(low, limits.lowerBound), min(high, limits.upperBound))
      if bottom < top, top - bottom >= size {
        let place = (top - size) & ~(alignment - 1)
        if place >= bottom { best = place }
      }
      low = areas.first { $0.start == high }?.end ?? low
    }
    return best
  }

  @Test("A tree agrees with a sorted array, and every node with its subtree", arguments: [1, 2, 3])
  func randomUse(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var tree = AreaTree()
    var model: [Area] = []
    let pages: UInt64 = 400
    for step in 0..<4_000 {
      let start = random.next() % pages * Self.page
      let end = start + (1 + random.next() % 8) * Self.page
      switch random.next() % 8 {
      case 0..<4:
        try tree.reserve(1)
        if model.allSatisfy({ $0.end <= start || $0.start >= end }) {
          let area = Area(start..<end, [.read], AreaFlags(rawValue: UInt32(random.next() % 2)))
          tree.insert(area)
          model.append(area)
          model.sort { $0.start < $1.start }
        }
      case 4..<6:
        if let index = model.firstIndex(where: { $0.start == start }) {
          let removed = tree.remove(startingAt: start)
          try #require(removed)
          model.remove(at: index)
        } else {
          let removed = tree.remove(startingAt: start)
          try #require(!removed)
        }
      case 6:
        try tree.reserve(tree.cutCount(start..<end))
        tree.cut(start..<end)
        for address in [start, end] {
          if let index = model.firstIndex(where: { $0.start < address && address < $0.end }) {
            let old = model[index]
            model[index].end = address
            var upper = old
            upper.start = address
            model.insert(upper, at: index + 1)
          }
        }
      default:
        let size = (1 + random.next() % 12) * Self.page
        let alignment = Self.page << (random.next() % 4)
        let limits = start..<max(end, random.next() % pages * Self.page)
        let found = tree.highestGap(size, alignment: alignment, in: limits)
        try #require(found == naiveGap(model, size, alignment, limits))
      }
      let probe = random.next() % (pages + 10) * Self.page
      let at = tree.area(at: probe)
      let after = tree.firstArea(endingAfter: probe)
      let before = tree.lastArea(startingBefore: probe)
      try #require(at == model.first { $0.range.contains(probe) })
      try #require(after == model.first { $0.end > probe })
      try #require(before == model.last { $0.start < probe })
      let count = tree.count
      try #require(count == model.count)
      if step % 50 == 0 { _ = try check(tree, tree.root) }
    }
    _ = try check(tree, tree.root)
  }

  @Test("Nodes are used again")
  func recycling() throws {
    var tree = AreaTree()
    for round in 0..<1_000 {
      try tree.reserve(2)
      tree.insert(Area(0..<4096, [], []))
      tree.insert(Area(8192..<12288, [], []))
      tree.remove(startingAt: 0)
      tree.remove(startingAt: 8192)
      if round > 0 {
        let count = tree.nodes.count
        try #require(count == 2)
      }
    }
  }

  @Test("Finding a gap among 10,000 areas visits a few nodes only")
  func largeTree() throws {
    var tree = AreaTree()
    try tree.reserve(10_000)
    for index in 0..<10_000 {
      let start = UInt64(index) * 3 * Self.page
      tree.insert(Area(start..<start + 2 * Self.page, [], []))
    }
    let end: UInt64 = 30_000 * Self.page
    let one = tree.highestGap(Self.page, in: 0..<end)
    let two = tree.highestGap(2 * Self.page, in: 0..<end)
    #expect(one == end - Self.page)
    #expect(two == nil)
    let height = tree.nodes[Int(tree.root)].height
    #expect(height <= 17)
  }
}
