import Machine
import TestSupport
import Testing

@testable import Processors

@Suite("Memory types")
struct MemoryTypeTests {
  private static let enabled: UInt64 = 1 << 11
  private static let fixedEnabled: UInt64 = 1 << 10
  private static let types: [MemoryType] = [.uncacheable, .writeCombining, .writeThrough, .writeProtected, .writeBack]

  private static func registers(
    _ defaultType: MemoryType, _ ranges: [(base: UInt64, size: UInt64, type: MemoryType)]
  ) -> MemoryTypeRegisters {
    var registers = MemoryTypeRegisters()
    registers.defaultType = enabled | UInt64(defaultType.rawValue)
    registers.rangeCount = 10
    for (index, range) in ranges.enumerated() {
      registers.bases[index] = range.base | UInt64(range.type.rawValue)
      registers.masks[index] = ~(range.size - 1) & 0xff_ffff_f000 | enabled
    }
    return registers
  }

  @Test("Nothing is cached while the registers are off")
  func off() {
    let ranges = MemoryTypeRanges(MemoryTypeRegisters(), physicalBits: 40)
    #expect(ranges.type(at: 0) == .uncacheable)
    #expect(ranges.type(of: 0..<1 << 40) == .uncacheable)
  }

  @Test("A usual machine: 3 GiB and what is above 4 GiB are cached, devices are not")
  func usual() {
    let registers = Self.registers(
      .uncacheable,
      [(0, 2 << 30, .writeBack), (2 << 30, 1 << 30, .writeBack), (4 << 30, 4 << 30, .writeBack)])
    let ranges = MemoryTypeRanges(registers, physicalBits: 40)
    #expect(ranges.activeRangeCount == 3)
    #expect(ranges.type(of: 0..<3 << 30) == .writeBack)
    #expect(ranges.type(of: 3 << 30..<4 << 30) == .uncacheable)
    #expect(ranges.type(of: 0..<3 << 30 + 4096) == nil)
    #expect(ranges.type(of: 4 << 30..<8 << 30) == .writeBack)
    #expect(ranges.type(of: 8 << 30..<1 << 40) == .uncacheable)
    #expect(ranges.type(of: 5..<5) == nil)
    #expect(ranges.type(at: 0xfee0_0000) == .uncacheable)
  }

  @Test("Where ranges overlap, uncacheable wins, write-through wins over write-back, and the rest is uncacheable")
  func overlaps() {
    for first in Self.types {
      for second in Self.types {
        let ranges = MemoryTypeRanges(
          Self.registers(.writeBack, [(0, 1 << 30, first), (0, 1 << 20, second)]), physicalBits: 40)
        let expected: MemoryType =
          first == second
          ? first : Set([first, second]) == [.writeThrough, .writeBack] ? .writeThrough : .uncacheable
        #expect(ranges.type(at: 4096) == expected)
        #expect(ranges.type(at: 1 << 20) == first)
      }
    }
  }

  @Test("Each part of the first MiB has the byte of its fixed register, whatever ranges say")
  func fixedRanges() {
    var registers = Self.registers(.writeBack, [(0, 1 << 30, .uncacheable)])
    registers.capabilities = 1 << 8
    registers.defaultType |= Self.fixedEnabled
    var expected: [(address: UInt64, type: MemoryType)] = []
    for field in 0..<88 as Range<UInt64> {
      let type = Self.types[Int(field * 7 % 5)]
      registers.fixed[Int(field / 8)] |= UInt64(type.rawValue) << (field % 8 * 8)
      let address = field < 8 ? field << 16 : field < 24 ? 0x8_0000 + (field - 8) << 14 : 0xc_0000 + (field - 24) << 12
      expected.append((address, type))
    }
    let ranges = MemoryTypeRanges(registers, physicalBits: 40)
    for (index, entry) in expected.enumerated() {
      let end = index + 1 < expected.count ? expected[index + 1].address : 0x10_0000
      #expect(ranges.type(of: entry.address..<end) == entry.type)
      #expect(ranges.type(at: end - 1) == entry.type)
    }
    #expect(ranges.type(at: 0x10_0000) == .uncacheable)
    registers.capabilities = 0
    #expect(MemoryTypeRanges(registers, physicalBits: 40).type(at: 0x1_0000) == .uncacheable)
  }

  @Test("The type of a range is what asking for every page gives, for random registers")
  func rangesAgreeWithPages() {
    var generator = SeededGenerator(seed: 4)
    for round in 0..<600 {
      var registers = MemoryTypeRegisters()
      registers.defaultType = Self.enabled | [0, 1, 4, 5, 6].randomElement(using: &generator)!
      registers.capabilities = 1 << 8
      if Bool.random(using: &generator) { registers.defaultType |= Self.fixedEnabled }
      for index in registers.fixed.indices {
        registers.fixed[index] = Bool.random(using: &generator) ? 0x0606_0606_0606_0606 : 0x0606_0600_0001_0504
      }
      registers.rangeCount = Int.random(in: 0...10, using: &generator)
      for index in 0..<registers.rangeCount {
        // Up to 4 MiB of memory, so that all of its pages can be asked for; some masks have holes.
        let size: UInt64 = 4096 << UInt64.random(in: 0...9, using: &generator)
        let hole: UInt64 = round % 4 == 0 ? 1 << UInt64.random(in: 12...21, using: &generator) : 0
        registers.bases[index] =
          UInt64.random(in: 0...0x3f_ffff, using: &generator) & ~0xfff
          | [0, 1, 4, 5, 6].randomElement(using: &generator)!
        registers.masks[index] =
          ~(size - 1) & 0xff_ffff_f000 & ~hole | (Int.random(in: 0...4, using: &generator) > 0 ? Self.enabled : 0)
      }
      let ranges = MemoryTypeRanges(registers, physicalBits: 40)
      for _ in 0..<4 {
        let first = UInt64.random(in: 0...1100, using: &generator)
        let count = UInt64.random(in: 1...64, using: &generator)
        let type = ranges.type(at: first << 12)
        var isSame = true
        for page in first..<first + count where ranges.type(at: page << 12) != type { isSame = false }
        let answer = ranges.type(of: first << 12..<(first + count) << 12)
        if answer != (isSame ? type : nil) { Issue.record("pages \(first) to \(first + count): \(answer as Any)") }
      }
    }
  }

  @Test("Page and range types combine as the manual's table says")
  func effective() {
    // Rows: the page's type; columns: UC, WC, WT, WP, WB of the range. SDM vol. 3A, table 12-7.
    let uc = MemoryType.uncacheable
    let wc = MemoryType.writeCombining
    let wt = MemoryType.writeThrough
    let wp = MemoryType.writeProtected
    let wb = MemoryType.writeBack
    let table: [(MemoryType, [MemoryType])] = [
      (uc, [uc, uc, uc, uc, uc]), (.uncached, [uc, wc, uc, uc, uc]), (wc, [wc, wc, wc, wc, wc]),
      (wt, [uc, uc, wt, wp, wt]), (wp, [uc, uc, uc, wp, wp]), (wb, [uc, wc, wt, wp, wb]),
    ]
    for (page, row) in table {
      for (range, expected) in zip([uc, wc, wt, wp, wb], row) {
        #expect(page.effective(in: range) == expected, "\(page) in \(range)")
      }
    }
  }

  @Test("The kernel's page attributes have all six types, and are what Machine loads")
  func pageAttributes() throws {
    let table = PageAttributeTable.kernel
    #expect(table.rawValue == 0x0407_0506_0007_0106)
    for type in [.writeBack, .writeThrough, .uncached, .uncacheable, .writeCombining, .writeProtected] as [MemoryType] {
      let index = try #require(table.index(of: type))
      #expect(table[index] == type)
    }
    #expect(PageAttributeTable.atReset.rawValue == 0x0007_0406_0007_0406)
    #expect(PageAttributeTable(rawValue: 2) == nil)
    #expect(PageAttributeTable(rawValue: 0x0300_0000_0000_0000) == nil)
    #expect(PageAttributeTable(rawValue: table.rawValue) == table)
  }
}
