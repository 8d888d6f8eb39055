import TestSupport
import Testing

@testable import DMARemapping

@Suite("Commands and events of AMD's IOMMU")
struct AMDEncodingTests {
  @Test("Commands have the bits of the manual")
  func commands() {
    let wait = AMDCommand.completionWait(storing: 0x1234_5678_9abc_def0, at: 0x1_2345_6788)
    #expect(wait.first == 0x1000_0001_2345_6789 && wait.second == 0x1234_5678_9abc_def0)
    let device = AMDCommand.invalidateDevice(0xabcd)
    #expect(device.first == 0x2000_0000_0000_abcd && device.second == 0)
    let domain = AMDCommand.invalidateDomain(0x1234)
    #expect(domain.first == 0x3000_1234_0000_0000 && domain.second == 0x7fff_ffff_ffff_f003)
    let page = AMDCommand.invalidate(0x77..<0x78, of: 5, withTables: false)
    #expect(page.first == 0x3000_0005_0000_0000 && page.second == 0x7_7000)
    #expect(AMDCommand.invalidate(0x77..<0x78, of: 5, withTables: true).second == 0x7_7002)
    // Four pages from a multiple of four: one 1 below the lowest 0.
    #expect(AMDCommand.invalidate(0x74..<0x78, of: 5, withTables: false).second == 0x7_5001)
    #expect(AMDCommand.invalidateAll.first == 0x8000_0000_0000_0000 && AMDCommand.invalidateAll.second == 0)
  }

  @Test("A range that is invalidated holds what was asked for and is at most the smallest that can be told")
  func ranges() {
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<4_000 {
      let first = UInt64.random(in: 0..<1 << UInt64.random(in: 1...52, using: &generator), using: &generator)
      let count = UInt64.random(in: 1...1 << UInt64.random(in: 0...20, using: &generator), using: &generator)
      let operand = AMDCommand.invalidate(first..<first + count, of: 1, withTables: false).second
      let address = operand >> 12
      guard operand & 1 == 1 else {
        #expect(count == 1 && address == first)
        continue
      }
      let ones = UInt64((~address).trailingZeroBitCount)
      guard ones < 51 else { continue }
      let start = (address >> (ones + 1)) << (ones + 1)
      let size: UInt64 = 1 << (ones + 1)
      #expect(start <= first && first + count <= start + size)
      // Halved, it would not hold both ends.
      #expect(first < start + size / 2 && first + count > start + size / 2)
    }
    #expect(AMDCommand.invalidate(3..<3, of: 1, withTables: false) == .invalidateDomain(1))
    #expect(AMDCommand.invalidate(0..<UInt64.max, of: 1, withTables: false) == .invalidateDomain(1))
    #expect(AMDCommand.invalidate(0..<1 << 52, of: 1, withTables: false) == .invalidateDomain(1))
  }

  @Test("Events tell whose they are, where, and what was wanted")
  func events() throws {
    #expect(AMDEvent(0, 5) == nil)
    let fault = try #require(AMDEvent(0x2020_0007_0000_0310, 0xdead_b000))
    #expect(fault.event.kind == .pageFault && fault.sourceID == 0x310 && fault.event.domain == 7)
    #expect(fault.event.isWrite && !fault.event.isPresent && fault.address == 0xdead_b000 && fault.access == .write)
    let read = try #require(AMDEvent(0x2010_0007_0000_0310, 0))
    #expect(read.event.isPresent && read.access == .read)
    #expect("\(read.explanation)" != "\(fault.explanation)")
    #expect(try #require(AMDEvent(0x2008_0000_0000_0001, 0)).access == .other)
    #expect(try #require(AMDEvent(0x2100_0000_0000_0001, 0)).access == .other)
    let numbers: [(UInt64, AMDEvents.Event.Kind, Bool)] = [
      (1, .illegalDeviceEntry, true), (3, .deviceTableError, true), (4, .pageTableError, true),
      (5, .illegalCommand, false), (6, .commandError, false), (7, .invalidationTimeout, true),
      (8, .invalidRequest, true), (0xd, .reserved(0xd), false),
    ]
    for (number, kind, hasSource) in numbers {
      let event = try #require(AMDEvent(number << 60 | 0x42, 0))
      #expect(event.event.kind == kind && event.event.kind.rawValue == number)
      #expect(event.sourceID == (hasSource ? 0x42 : nil))
    }
  }

  @Test("Settings of firmware go where the manual has them")
  func settings() {
    let settings = AMDDeviceSettings(rawValue: 0b1101_0101)
    let (second, third) = settings.words(domain: 0x1234)
    #expect(second.rawValue == 1 << 40 | 0x1234 && third.rawValue == 0xc500_0000_0000_0000)
    #expect(AMDDeviceTable.closedWord(0x12_3000, levelCount: 3) == 0x12_3603)
  }
}
