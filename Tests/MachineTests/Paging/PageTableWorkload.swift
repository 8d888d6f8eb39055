import Foundations
import PageFrames
import Synchronization
import TestSupport
import Testing

@testable import Machine

/// A page table with what it should hold, changed together.
struct ModelledTable: ~Copyable {
  var table: UserPageTable
  var model = PageTableModel()

  init() throws(Errno) { table = try UserPageTable() }
}

/// Random changes to a few page tables on a simulated CPU, each compared with the model.
final class PageTableWorkload {
  private let mode: PagingMode
  private var random: SeededGenerator
  /// Two tables, so that the CPU switches between them; an array could not hold them.
  private var first: ModelledTable
  private var second: ModelledTable
  private let handlers = [PageFaultHandler(), PageFaultHandler()]
  private var active = 0
  var operationCount = 0
  var failureCount = 0

  init(_ mode: PagingMode, seed: UInt64, _ first: consuming ModelledTable, _ second: consuming ModelledTable) {
    self.mode = mode
    self.first = first
    self.second = second
    random = SeededGenerator(seed: seed)
    CurrentAddressSpace.activate(self.first.table, handler: handlers[0])
  }

  // MARK: Addresses

  /// Page numbers of regions of 2 MiB where tables of some level end or begin.
  private static let regions: [UInt64] = [
    0x200, 0x400, 0x600, 0x3_fe00, 0x4_0000, 0x7ff_fe00, 0x800_0000, 0x5_ffff_fe00, 0x7_0000_0000, 0x7_ffff_fe00,
  ]
  private static let fiveLevelRegions: [UInt64] = [0x8_0000_0000, 0xf_ffff_fe00, 0x10_0000_0000, 0xfff_ffff_fe00]

  private func page() -> UInt64 {
    let all = mode == .fiveLevel ? Self.regions + Self.fiveLevelRegions : Self.regions
    let region = all[random.below(all.count)]
    let offset: UInt64 = [0, 1, 2, 255, 510, 511][random.below(6)]
    return min(region + offset, UserSpace.end / 4096 - 1)
  }

  private func range() -> Range<UInt64> {
    if random.oneIn(200) { return 0..<UserSpace.end / 4096 }
    let start = page()
    let count: UInt64
    switch random.below(6) {
    case 0: count = 1
    case 1: count = 512
    case 2: count = UInt64(random.below(5))
    case 3: count = 1024
    default: count = UInt64(random.below(1600))
    }
    return start..<min(start + count, UserSpace.end / 4096)
  }

  private func access() -> PageAccess { PageAccess(rawValue: UInt8(random.below(8))) }

  private static func bytes(_ range: Range<UInt64>) -> Range<UInt64> {
    range.lowerBound * 4096..<range.upperBound * 4096
  }

  // MARK: Steps

  /// Does one random thing to one of the tables and checks what it says.
  func step(failing: Bool) throws {
    operationCount += 1
    let isFirst = random.oneIn(2)
    if random.oneIn(8) {
      active = isFirst ? 0 : 1
      if isFirst {
        CurrentAddressSpace.activate(first.table, handler: handlers[0])
      } else {
        CurrentAddressSpace.activate(second.table, handler: handlers[1])
      }
    }
    if failing { AllocationFaults.fail(after: random.below(4)) }
    defer { AllocationFaults.fail(after: nil) }
    if isFirst { try step(on: &first) } else { try step(on: &second) }
  }

  private func step(on space: inout ModelledTable) throws {
    let before = space.model
    do throws(Errno) {
      switch random.below(10) {
      case 0, 1: try map(&space)
      case 2: try mapLarge(&space)
      case 3: try unmap(&space)
      case 4: try protect(&space)
      case 5: try replace(&space)
      case 6: try move(&space)
      case 7: try share(&space)
      default: try alias(&space)
      }
    } catch .ENOMEM {
      failureCount += 1
      // Nothing moved; but large pages may have been split, and writing may have been taken away for a child.
      space.model = before
      try adopt(&space)
    }
  }

  private func map(_ space: inout ModelledTable) throws(Errno) {
    let number = page()
    let access = access()
    let frame = try UserFrame.allocate(isZeroed: false)
    let name = frame.number.rawValue
    do throws(Errno) {
      try space.table.map(frame, at: number * 4096, access)
    } catch .EEXIST {
      #expect(space.model.pages[number] != nil)
      return
    }
    #expect(space.model.pages[number] == nil)
    space.model.pages[number] = .init(frame: name, access: PageTableModel.effective(access))
  }

  /// Maps a frame that some page has already.
  private func alias(_ space: inout ModelledTable) throws(Errno) {
    let source = page()
    let target = page()
    guard let frame = space.table.frame(at: source * 4096) else {
      #expect(space.model.pages[source] == nil)
      return
    }
    #expect(space.model.pages[source]?.frame == frame.number.rawValue)
    guard space.model.pages[target] == nil else { return }
    let name = frame.number.rawValue
    try space.table.map(frame, at: target * 4096, [.read])
    space.model.pages[target] = .init(frame: name, access: .read)
  }

  private func mapLarge(_ space: inout ModelledTable) throws(Errno) {
    let number = page() & ~511
    let access = access()
    guard let frames = HugeFrame() else { return }
    let firstFrame = frames.first.rawValue
    do throws(Errno) {
      try space.table.mapHuge(frames, at: number * 4096, access)
    } catch .EEXIST {
      #expect(!space.model.isEmpty(number..<number + 512))
      return
    } catch .EINVAL {
      #expect((number + 512) * 4096 > UserSpace.end)
      return
    }
    for offset in 0..<512 {
      let page = PageTableModel.Page(frame: firstFrame + UInt32(offset), access: PageTableModel.effective(access))
      space.model.pages[number + UInt64(offset)] = page
    }
    space.model.large.insert(number / 512)
  }

  private func unmap(_ space: inout ModelledTable) throws(Errno) {
    let range = range()
    var flush = TLBFlush()
    try space.table.unmap(Self.bytes(range), flush: &flush)
    flush.finish()
    space.model.unmap(range)
  }

  private func protect(_ space: inout ModelledTable) throws(Errno) {
    let range = range()
    let access = access()
    let writing: UserPageTable.WritePermission = random.oneIn(2) ? .asTold : .neverAdded
    var flush = TLBFlush()
    try space.table.protect(Self.bytes(range), access, writing: writing, flush: &flush)
    flush.finish()
    space.model.protect(range, access, writing)
  }

  private func replace(_ space: inout ModelledTable) throws(Errno) {
    let number = page()
    let access = access()
    let frame = try UserFrame.allocate(isZeroed: false)
    let name = frame.number.rawValue
    var flush = TLBFlush()
    try space.table.replace(at: number * 4096, with: frame, access, flush: &flush)
    flush.finish()
    space.model.unmap(number..<number + 1)
    space.model.pages[number] = .init(frame: name, access: PageTableModel.effective(access))
  }

  private func move(_ space: inout ModelledTable) throws(Errno) {
    let source = range()
    var target = page()
    if random.oneIn(2) { target = target & ~511 | source.lowerBound & 511 }
    let targetRange = target..<target + UInt64(source.count)
    var flush = TLBFlush()
    do throws(Errno) {
      try space.table.move(Self.bytes(source), to: target * 4096, flush: &flush)
    } catch .EEXIST {
      #expect(!space.model.isEmpty(targetRange))
      return
    } catch .EINVAL {
      let isInside = UserSpace.contains(target * 4096, byteCount: UInt64(source.count) * 4096)
      #expect(!isInside || targetRange.overlaps(source))
      return
    }
    #expect(space.model.isEmpty(targetRange))
    flush.finish()
    space.model.move(source, to: target)
  }

  /// Makes a child like fork(2), looks at it, and drops it.
  private func share(_ space: inout ModelledTable) throws(Errno) {
    let range = range()
    let sharing: UserPageTable.Sharing = random.oneIn(2) ? .copyOnWrite : .writable
    var child = try ModelledTable()
    var flush = TLBFlush()
    try space.table.share(Self.bytes(range), with: &child.table, sharing, flush: &flush)
    flush.finish()
    space.model.splitEdges(of: range)
    for number in space.model.numbers(in: range) {
      if sharing == .copyOnWrite { space.model.pages[number]?.access.remove(.write) }
      child.model.pages[number] = space.model.pages[number]
      if space.model.large.contains(number / 512) { child.model.large.insert(number / 512) }
    }
    Self.check(child.table, child.model, mode)
  }

  // MARK: Checks

  /// After a failure: every page is where it was, with no more access than it had.
  private func adopt(_ space: inout ModelledTable) throws {
    for (number, page) in space.model.pages {
      let entry = space.table.entry(at: number * 4096)
      let found = try #require(entry)
      try #require(found.frame.rawValue == page.frame)
      try #require(found.access == page.access || found.access == page.access.subtracting(.write))
      space.model.pages[number]?.access = found.access
      if found.byteCount == 4096 { space.model.large.remove(number / 512) }
    }
  }

  /// Compares both tables with their models, entry by entry.
  func check() {
    Self.check(first.table, first.model, mode)
    Self.check(second.table, second.model, mode)
  }

  private static func check(_ table: borrowing UserPageTable, _ model: PageTableModel, _ mode: PagingMode) {
    var found: [UInt64: PageTableModel.Page] = [:]
    var large: Set<UInt64> = []
    var last: UInt64?
    do throws(Errno) {
      try table.visit(0..<UserSpace.end) { address, page throws(Errno) in
        if let last { #expect(address > last) }
        last = address
        if page.byteCount > 4096 { large.insert(address >> 21) }
        for offset in 0..<page.byteCount / 4096 {
          found[address / 4096 + offset] = .init(frame: page.frame.rawValue + UInt32(offset), access: page.access)
        }
      }
    } catch {
      Issue.record("the whole of user space cannot be visited")
    }
    #expect(found == model.pages)
    // The same walk, a page at a time.
    var numbers = 0
    var rest = 0..<UserSpace.end
    while let (address, page) = table.firstPage(in: rest) {
      numbers += Int(page.byteCount / 4096)
      #expect(model.pages[address / 4096]?.frame == page.frame.rawValue)
      rest = address + page.byteCount..<UserSpace.end
    }
    #expect(numbers == model.pages.count)
    #expect(large == model.large)
    #expect(table.residentPageCount == model.pages.count)
    #expect(table.tablePageCount == model.tablePageCount(mode))
  }

  /// Compares the counters of every mapped frame with how often it is mapped, if nobody else holds any.
  func checkCounters() {
    var counts: [UInt32: UInt32] = [:]
    for page in first.model.pages.values { counts[page.frame, default: 0] += 1 }
    for page in second.model.pages.values { counts[page.frame, default: 0] += 1 }
    for (frame, count) in counts {
      let references = FrameTable.descriptors[FrameNumber(frame)].references.load(ordering: .relaxed)
      let mappings = FrameTable.descriptors[FrameNumber(frame)].mappings.load(ordering: .relaxed)
      #expect(references == count && mappings == count)
    }
  }

  /// Lets the CPU use some pages of the table that is active: it must see exactly what the model has.
  func useMemory() {
    for _ in 0..<20 {
      let number = page()
      let kind: PageFaultAccess.Kind = [.read, .write, .execute][random.below(3)]
      let page = active == 0 ? first.model.pages[number] : second.model.pages[number]
      var outcome = SimulatedProcessor.translate(number * 4096, kind)
      // A permission may have been given since the CPU last looked.
      if case .fault(isPresent: true) = outcome { outcome = SimulatedProcessor.translate(number * 4096, kind) }
      let wanted: PageAccess = kind == .read ? .read : kind == .write ? .write : .execute
      if let page, page.access.contains(wanted) {
        #expect(outcome == .memory(frame: FrameNumber(page.frame)))
      } else {
        #expect(outcome == .fault(isPresent: page.map { !$0.access.isEmpty } ?? false))
      }
    }
  }
}
