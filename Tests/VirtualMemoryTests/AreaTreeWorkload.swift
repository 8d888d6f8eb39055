import Foundations
import TestSupport

@testable import VirtualMemory

/// What a test found to be wrong.
struct Disagreement: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// A tree beside a sorted array of the same areas, and random changes to both.
///
/// Compared by plain `if`, because a million expectations take minutes.
struct AreaTreeWorkload: ~Copyable {
  static let page: UInt64 = 4096

  private var random: SeededGenerator
  private var tree = AreaTree()
  private var model: [Area] = []
  private let pageCount: UInt64

  init(seed: UInt64, pageCount: UInt64) {
    random = SeededGenerator(seed: seed)
    self.pageCount = pageCount
  }

  private mutating func below(_ limit: UInt64) -> UInt64 { random.next() % limit }

  /// The first index whose area ends behind `address`.
  private func index(endingAfter address: UInt64) -> Int {
    var (low, high) = (0, model.count)
    while low < high {
      let middle = (low + high) / 2
      if model[middle].end > address { high = middle } else { low = middle + 1 }
    }
    return low
  }

  mutating func step() throws {
    let start = below(pageCount) * Self.page
    let end = start + (1 + below(8)) * Self.page
    switch below(9) {
    case 0..<3: try insert(start..<end)
    case 3..<5: try remove(start)
    case 5: try cut(at: start)
    case 6: try resize(start)
    default: try findGap(start, end)
    }
    try look()
  }

  private mutating func insert(_ range: Range<UInt64>) throws {
    let place = index(endingAfter: range.lowerBound)
    guard place == model.count || model[place].start >= range.upperBound else { return }
    // Small stacks, so that there are some whose guard gap reaches over others.
    let flags: AreaFlags = below(20) == 0 ? .growsDown : AreaFlags(rawValue: below(2) == 0 ? 1 : 0)
    let area = Area(range, .read, flags, object: 1, firstPage: 1 << 20 + below(1000))
    try tree.reserve(1)
    tree.insert(area)
    model.insert(area, at: place)
  }

  private mutating func remove(_ start: UInt64) throws {
    let place = index(endingAfter: start)
    let isThere = place < model.count && model[place].start == start
    guard tree.remove(startingAt: start) == isThere else { throw Disagreement("remove at \(start)") }
    if isThere { model.remove(at: place) }
  }

  private mutating func cut(at address: UInt64) throws {
    try tree.reserve(1)
    let area = tree.cut(at: address)
    let place = index(endingAfter: address)
    guard place < model.count, model[place].start < address else {
      if area != nil { throw Disagreement("cut at \(address) where nothing is") }
      return
    }
    let old = model[place]
    guard area == old else { throw Disagreement("cut at \(address)") }
    model[place].end = address
    var upper = old
    upper.start = address
    upper.firstPage += (address - old.start) / Self.page
    model.insert(upper, at: place + 1)
  }

  private mutating func resize(_ address: UInt64) throws {
    let place = index(endingAfter: address)
    guard place < model.count else { return }
    let old = model[place]
    let low = place > 0 ? model[place - 1].end : 0
    let high = place + 1 < model.count ? model[place + 1].start : old.end + 16 * Self.page
    let start = low + below((old.end - low) / Self.page) * Self.page
    let end = max(start, old.start) + (1 + below((high - max(start, old.start)) / Self.page)) * Self.page
    tree.resize(startingAt: old.start, to: start..<min(end, high))
    model[place].start = start
    model[place].end = min(end, high)
    model[place].firstPage = old.firstPage &+ start / Self.page &- old.start / Self.page
  }

  private mutating func findGap(_ start: UInt64, _ end: UInt64) throws {
    let size = (1 + below(12)) * Self.page
    let alignment = Self.page << (below(3) == 0 ? below(4) : 0)
    let limits = start..<max(end, below(pageCount + 20) * Self.page)
    let found = tree.highestGap(size, alignment: alignment, in: limits)
    let expected = naiveGap(size, alignment, limits)
    guard found == expected else {
      throw Disagreement("gap of \(size) at \(alignment) in \(limits): \(found ?? 0), not \(expected ?? 0)")
    }
  }

  /// The highest gap that has room for an aligned place wherever it begins, found by looking everywhere.
  private func naiveGap(_ size: UInt64, _ alignment: UInt64, _ limits: Range<UInt64>) -> UInt64? {
    var high = UInt64.max
    for index in stride(from: model.count, through: 0, by: -1) {
      let low = index > 0 ? model[index - 1].end : 0
      let (bottom, top) = (max(low, limits.lowerBound), min(high, limits.upperBound))
      if bottom < top, top - bottom >= size + alignment - Self.page { return (top - size) & ~(alignment - 1) }
      guard index > 0 else { break }
      let area = model[index - 1]
      let room = area.flags.contains(.growsDown) ? Area.stackGuardGap : 0
      high = area.start > room ? area.start - room : 0
    }
    return nil
  }

  private mutating func look() throws {
    let probe = below(pageCount + 10) * Self.page + below(4096)
    let place = index(endingAfter: probe)
    let after = place < model.count ? model[place] : nil
    let at = after.map { $0.start <= probe } ?? false ? after : nil
    let beforeIndex = at != nil && at?.start != probe ? place : place - 1
    guard tree.area(at: probe) == at, tree.find(probe) == at else { throw Disagreement("area at \(probe)") }
    guard tree.firstArea(endingAfter: probe) == after else { throw Disagreement("area after \(probe)") }
    guard tree.lastArea(startingBefore: probe) == (beforeIndex >= 0 ? model[beforeIndex] : nil) else {
      throw Disagreement("area before \(probe)")
    }
    guard tree.count == model.count else { throw Disagreement("\(tree.count) areas, not \(model.count)") }
  }

  // MARK: Nodes

  private struct Summary {
    var height: Int32
    var lowest: UInt64
    var highest: UInt64
    var gap: UInt64
    var count: Int
  }

  /// Checks order, balance and what every node knows, and that each slot is either in the tree or free.
  borrowing func checkNodes() throws {
    let summary = try check(tree.root)
    guard (summary?.count ?? 0) == model.count else { throw Disagreement("nodes are lost") }
    var address: UInt64 = 0
    for area in model {
      guard tree.firstArea(endingAfter: address) == area else { throw Disagreement("order at \(address)") }
      address = area.end
    }
    guard tree.freeSlots.count + model.count == tree.nodes.count else { throw Disagreement("slots are lost") }
  }

  private borrowing func check(_ node: Int32) throws -> Summary? {
    guard node >= 0 else { return nil }
    let (area, left, right) = (tree.nodes[Int(node)].area, tree.nodes[Int(node)].left, tree.nodes[Int(node)].right)
    let (below, above) = (try check(left), try check(right))
    let heights = (below?.height ?? 0, above?.height ?? 0)
    var expected = Summary(
      height: 1 + max(heights.0, heights.1), lowest: below?.lowest ?? area.floor, highest: above?.highest ?? area.end,
      gap: max(below?.gap ?? 0, above?.gap ?? 0), count: 1 + (below?.count ?? 0) + (above?.count ?? 0))
    if let below, area.floor > below.highest { expected.gap = max(expected.gap, area.floor - below.highest) }
    if let above, above.lowest > area.end { expected.gap = max(expected.gap, above.lowest - area.end) }
    guard abs(heights.0 - heights.1) <= 1 else { throw Disagreement("not balanced at \(area.start)") }
    guard tree.nodes[Int(node)].height == expected.height, tree.nodes[Int(node)].lowest == expected.lowest,
      tree.nodes[Int(node)].highest == expected.highest, tree.nodes[Int(node)].gap == expected.gap
    else { throw Disagreement("the node of \(area.start) is wrong about its subtree") }
    return expected
  }

  mutating func removeAll() throws {
    while !model.isEmpty {
      let area = model.remove(at: Int(below(UInt64(model.count))))
      guard tree.remove(startingAt: area.start) else { throw Disagreement("nothing at \(area.start)") }
      if model.count % 50 == 0 { try checkNodes() }
    }
    guard tree.root < 0, tree.count == 0 else { throw Disagreement("something is left") }
  }
}

extension AreaTree {
  /// The slots that are linked as free.
  var freeSlots: [Int32] {
    var slots: [Int32] = []
    var slot = firstFree
    while slot >= 0, slots.count <= nodes.count {
      slots.append(slot)
      slot = nodes[Int(slot)].left
    }
    return slots
  }
}
