import PageFrames

@testable import Machine

/// What a program's page table should hold, as a dictionary of 4 KiB pages.
struct PageTableModel {
  struct Page: Equatable {
    var frame: UInt32
    var access: PageAccess
  }

  static let pagesPerRegion: UInt64 = 512

  /// By page number: the address divided by 4096.
  var pages: [UInt64: Page] = [:]
  /// The large pages, by their address divided by 2 MiB.
  var large: Set<UInt64> = []

  func isEmpty(_ range: Range<UInt64>) -> Bool {
    if range.count > pages.count { return !pages.keys.contains { range.contains($0) } }
    return range.allSatisfy { pages[$0] == nil }
  }

  /// The pages of `range` that are mapped.
  func numbers(in range: Range<UInt64>) -> [UInt64] {
    if range.count > pages.count { return pages.keys.filter { range.contains($0) } }
    return range.filter { pages[$0] != nil }
  }

  mutating func splitEdges(of range: Range<UInt64>) {
    guard !range.isEmpty else { return }
    for edge in [range.lowerBound, range.upperBound] where edge % Self.pagesPerRegion != 0 {
      large.remove(edge / Self.pagesPerRegion)
    }
  }

  mutating func unmap(_ range: Range<UInt64>) {
    splitEdges(of: range)
    for number in numbers(in: range) {
      pages[number] = nil
      large.remove(number / Self.pagesPerRegion)
    }
  }

  mutating func protect(_ range: Range<UInt64>, _ access: PageAccess, _ writing: UserPageTable.WritePermission) {
    splitEdges(of: range)
    for number in numbers(in: range) {
      guard let page = pages[number] else { continue }
      let keepsOut = writing == .neverAdded && !page.access.contains(.write)
      pages[number]?.access = Self.effective(keepsOut ? access.subtracting(.write) : access)
    }
  }

  mutating func move(_ range: Range<UInt64>, to target: UInt64) {
    splitEdges(of: range)
    let isCongruent = (range.lowerBound ^ target) % Self.pagesPerRegion == 0
    var moved: [UInt64: Page] = [:]
    for number in numbers(in: range) {
      let newNumber = number - range.lowerBound + target
      moved[newNumber] = pages.removeValue(forKey: number)
      let isLarge = large.contains(number / Self.pagesPerRegion)
      if number % Self.pagesPerRegion == Self.pagesPerRegion - 1, isLarge {
        large.remove(number / Self.pagesPerRegion)
      }
      if isLarge && isCongruent { large.insert(newNumber / Self.pagesPerRegion) }
    }
    if !isCongruent {
      large = large.filter { region in
        !range.overlaps(region * Self.pagesPerRegion..<(region + 1) * Self.pagesPerRegion)
      }
    }
    pages.merge(moved) { _, new in new }
  }

  /// A page that can be used at all can be read.
  static func effective(_ access: PageAccess) -> PageAccess { access.isEmpty ? [] : access.union(.read) }

  /// How many frames the tables should take.
  func tablePageCount(_ mode: PagingMode) -> Int {
    var count = 1
    var lowest: Set<UInt64> = []
    for number in pages.keys where !large.contains(number / Self.pagesPerRegion) { lowest.insert(number >> 9) }
    count += lowest.count
    var upper = Set(pages.keys.map { $0 >> 18 })
    for level in 2..<mode.levelCount {
      if level > 2 { upper = Set(upper.map { $0 >> 9 }) }
      if level == 4 { upper.insert(0) }
      count += upper.count
    }
    if mode == .fiveLevel && !upper.contains(0) { count += 1 }
    return count
  }
}
