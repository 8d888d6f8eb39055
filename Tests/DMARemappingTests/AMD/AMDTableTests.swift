import ACPI
import Foundations
import Machine
import PCI
import Testing

@testable import DMARemapping
@testable import DeviceModels

@Suite("AMD's IOMMUs by firmware's table")
struct AMDTableTests {
  private struct Bytes: ACPIMemory {
    var bytes: [UInt8]
    func read(at address: UInt64, into target: inout MutableSpan<UInt8>) -> Bool {
      guard address >= 0x1000, address - 0x1000 + UInt64(target.count) <= UInt64(bytes.count) else { return false }
      for index in 0..<target.count { target[index] = bytes[Int(address) - 0x1000 + index] }
      return true
    }
  }

  private static func number(_ value: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
  }

  private static func table(_ blocks: [UInt8]) throws -> IVRS {
    var bytes =
      Array("IVRS".utf8) + number(UInt64(48 + blocks.count), 4) + [2, 0] + [UInt8](repeating: 0x20, count: 26)
    bytes += number(0, 12) + blocks
    bytes[9] = 0 &- bytes.reduce(0, &+)
    return try IVRS(try ACPITable(at: 0x1000, in: Bytes(bytes: bytes)))
  }

  private static func unit(_ type: UInt8, source: UInt16, base: UInt64, segment: UInt16 = 0, _ entries: [UInt8])
    -> [UInt8]
  {
    var body = number(UInt64(source), 2) + number(0x40, 2) + number(base, 8) + number(UInt64(segment), 2) + number(0, 6)
    if type != 0x10 { body += number(0x29d3, 8) + number(0, 8) }
    body += entries
    return [type, 0x20] + number(UInt64(body.count + 4), 2) + body
  }

  /// 00:02.0 named; bus 2 behind 00:1e.0; an I/O APIC at 00:14.0 with messages that pass; all others with none.
  private static let entries: [UInt8] =
    [1, 0, 0, 0] + [2, 0x10, 0, 0] + [67, 0x00, 0x02, 0, 0, 0xf0, 0x00, 0] + [4, 0xff, 0x02, 0]
    + [72, 0, 0, 0xd7, 0, 0xa0, 0x00, 1]

  /// Rules of a unit that the table describes so.
  static func rules() throws(Errno) -> AMDDeviceRules {
    guard let table = try? table(unit(0x11, source: 8, base: 0xfed8_0000, entries)) else { throw .EINVAL }
    var found: IVRS.Unit?
    table.forEachUnit { found = $0 }
    guard let found else { throw .EINVAL }
    return try AMDDeviceRules(of: found, in: table)
  }

  @Test("A unit's function is found by its name, and its capability is believed")
  func description() throws {
    let table = try Self.table(Self.unit(0x10, source: 8, base: 0xfed8_0000, Self.entries))
    var unit: IVRS.Unit?
    table.forEachUnit { unit = $0 }
    let found = try #require(unit)
    let functions = OneFunction(address(0, 1))
    let whole = try functions.withHierarchy { AMDUnitDescription(found, lastBus: 3, addressBits: 52, in: $0) }
    #expect(whole.function?.address == address(0, 1) && whole.lastSourceID == 0x3ff)
    #expect(whole.cachesMissingEntries && whole.hasExtendedFeatures && whole.addressBits == 48)
    functions.set(0x40, 0x0003_000f)
    let old = try functions.withHierarchy { AMDUnitDescription(found, lastBus: 3, addressBits: 40, in: $0) }
    #expect(!old.cachesMissingEntries && !old.hasExtendedFeatures && old.addressBits == 40)
    // A secure device that is no IOMMU.
    functions.set(0x40, 0x1f02_000f)
    let other = try functions.withHierarchy { AMDUnitDescription(found, lastBus: 3, addressBits: 52, in: $0) }
    #expect(other.cachesMissingEntries && !other.hasExtendedFeatures && other.addressBits == 52)
    let without = try OneFunction(address(0, 9)).withHierarchy {
      AMDUnitDescription(found, lastBus: 3, addressBits: 52, in: $0)
    }
    #expect(without.function == nil && without.address == address(0, 1))
  }

  @Test("Each unit of the table is added, what is wrong with one is told, and memory set aside is kept")
  func units() throws {
    try SimulatedMemory.exclusive {
      let memory: [UInt8] =
        [0x22, 0b0111] + Self.number(32, 2) + Self.number(0x100, 2) + Self.number(0x1ff, 2) + Self.number(0, 8)
        + Self.number(0x7000_0000, 8) + Self.number(0x2000, 8)
      let far: [UInt8] =
        [0x21, 0b0111] + Self.number(32, 2) + Self.number(0x100, 2) + Self.number(0, 10)
        + Self.number(1 << 60, 8) + Self.number(0x1000, 8)
      let own: [UInt8] =
        [0x21, 0b0111] + Self.number(32, 2) + Self.number(0x100, 2) + Self.number(0, 10)
        + Self.number(0x10_0000, 8) + Self.number(0x1000, 8)
      let table = try Self.table(
        Self.unit(0x10, source: 8, base: 0xfed8_0000, Self.entries)
          + Self.unit(0x10, source: 0x4002, base: 0xfee0_0000, []) + Self.unit(0x10, source: 9, base: .max - 5, [])
          + memory + far + own)
      let model = AMDUnitModel()
      let report = NotingReport()
      let units = RemappingUnits(report)
      let functions = ListedFunctions.usual()
      var asked: [Range<UInt64>] = []
      let outcome = try functions.withHierarchy { hierarchy in
        try AMDUnits.add(
          table, in: hierarchy, to: units, addressBits: 40, mayReserve: { $0.lowerBound != 0x10_0000 },
          make: { name, description, rules, range throws(Errno) in
            asked.append(range)
            guard range.lowerBound == 0xfed8_0000 else { throw .EPERM }
            return try AMDRemappingUnit(name, description, rules: rules, registers: model.registers, delay: { _ in })
          })
      }
      // One unit's registers are the kernel's, another's are beyond all addresses; two ranges are the kernel's or beyond the unit's reach.
      #expect(outcome == RemappingSetup(units: 1, unusableUnits: 2, reservations: 1, failedReservations: 2))
      #expect(units.count == 1 && asked == [0xfed8_0000..<0xfed8_4000, 0xfee0_0000..<0xfee0_4000])
      #expect(units.enable() == 1)
      #expect(
        model.reaches(0x100, 0x7000_1000) && !model.reaches(0x100, 0x7000_2000) && !model.reaches(0x10, 0x7000_0000))
      #expect(!model.reaches(0x208, 0x7000_0000))
      // A driver behind the bridge: its requests come under the bridge's name.
      let path = try functions.path(address(2, 1))
      let device = try #require(try units.attach(path, listener: nil))
      try device.domain.map(first: .init(0x123), count: 1)
      #expect(model.reaches(0xf0, 0x12_3000) && model.reaches(0x209, 0x12_3000) == false)
      #expect(units.detach(device) && !model.reaches(0xf0, 0x12_3000))
      // Its faults come back to whoever listens.
      units.poll()
      let sink = NotingSink()
      let listened = try #require(try units.attach(path, listener: sink))
      _ = model.reaches(0xf0, 0x9_9000)
      units.poll()
      #expect(sink.faults.map(\.address) == [0x9_9000] && listened.faultCount == 1)
      #expect(units.detach(listened))
    }
  }
}
