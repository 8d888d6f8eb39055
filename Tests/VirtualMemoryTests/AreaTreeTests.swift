import Foundations
import Testing

@testable import VirtualMemory

@Suite("Area trees")
struct AreaTreeTests {
  private static let page: UInt64 = 4096

  @Test("A tree agrees with a sorted array, and every node with its subtree", arguments: [1, 2, 3, 4])
  func randomUse(seed: UInt64) throws {
    var workload = AreaTreeWorkload(seed: seed, pageCount: seed == 1 ? 48 : 1200)
    for step in 0..<60_000 {
      try workload.step()
      if step % 1_000 == 0 { try workload.checkNodes() }
    }
    try workload.checkNodes()
    try workload.removeAll()
  }

  @Test("Nodes are used again")
  func recycling() throws {
    var tree = AreaTree()
    for round in 0..<1_000 {
      try tree.reserve(2)
      tree.insert(Area(0..<4096, [], []))
      tree.insert(Area(8192..<12288, [], []))
      let found = tree.find(8192)
      tree.remove(startingAt: 8192)
      let gone = tree.find(8192)
      tree.remove(startingAt: 0)
      let count = tree.nodes.count
      try #require(found?.end == 12288 && gone == nil && count == 2, "round \(round)")
    }
  }

  @Test("A node that was found last is not found again as what it has become")
  func lastFound() throws {
    var tree = AreaTree()
    try tree.reserve(1)
    tree.insert(Area(0..<4096, .read, []))
    #expect(tree.find(100)?.protection == .read)
    tree.remove(startingAt: 0)
    tree.insert(Area(4096..<8192, .write, []))
    #expect(tree.find(100) == nil)
    #expect(tree.find(4096)?.protection == .write)
    tree.resize(startingAt: 4096, to: 0..<4096)
    #expect(tree.find(4096) == nil)
    #expect(tree.find(4095)?.protection == .write)
  }

  @Test("What was reserved can be inserted, and no more")
  func reserving() throws {
    var tree = AreaTree()
    try tree.reserve(3)
    let capacity = tree.nodes.count
    #expect(capacity == 3)
    for index in 0..<3 { tree.insert(Area(UInt64(index) * 4096..<UInt64(index + 1) * 4096, [], [])) }
    try tree.reserve(0)
    let after = tree.nodes.count
    #expect(after == 3, "nothing was missing")
  }

  @Test("Finding a gap, and an area, among 20,000 visits a few nodes only")
  func largeTree() throws {
    var tree = AreaTree()
    try tree.reserve(20_000)
    for index in 0..<20_000 {
      let start = UInt64(index) * 3 * Self.page
      tree.insert(Area(start..<start + 2 * Self.page, [], []))
    }
    let end: UInt64 = 60_000 * Self.page
    let one = tree.highestGap(Self.page, in: 0..<end)
    let two = tree.highestGap(2 * Self.page, in: 0..<end)
    let low = tree.highestGap(Self.page, in: 0..<end / 2)
    #expect(one == end - Self.page)
    #expect(two == nil)
    #expect(low.map { $0 < end / 2 && $0 > end / 2 - 4 * Self.page } == true)
    // 1.44 times the logarithm of the count, plus a constant: Knuth, theorem A in 6.2.3.
    let height = tree.nodes[Int(tree.root)].height
    #expect(height <= 20)
  }

  @Test("Room below a stack is no gap")
  func stackGap() throws {
    var tree = AreaTree()
    try tree.reserve(3)
    let guardGap = Area.stackGuardGap
    tree.insert(Area(0x1000_0000..<0x1000_1000, .read, []))
    tree.insert(Area(0x1100_0000..<0x1100_1000, .read, .growsDown))
    let limits: Range<UInt64> = 0x1000_1000..<0x1100_0000
    let highest = tree.highestGap(4096, in: limits)
    #expect(highest == 0x1100_0000 - guardGap - 4096)
    let size = 0x1100_0000 - 0x1000_1000 - guardGap
    let whole = tree.highestGap(size, in: limits)
    let more = tree.highestGap(size + 4096, in: limits)
    #expect(whole == 0x1000_1000)
    #expect(more == nil)
    // An area that a program has put so near is no gap of negative size.
    tree.insert(Area(0x10ff_f000..<0x1100_0000, .read, []))
    let near = tree.highestGap(4096, in: limits)
    #expect(near == 0x10ff_f000 - 4096)
    tree.remove(startingAt: 0x10ff_f000)
    tree.insert(Area(0x1100_0000 - guardGap + 4096..<0x1100_0000 - 4096, .read, []))
    let beside = tree.highestGap(4096, in: limits)
    #expect(beside == 0x1100_0000 - guardGap)
  }
}
