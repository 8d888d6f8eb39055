import ACPI
import Foundation
import Foundations
import TestSupport
import Testing

/// The table of AMD's IOMMUs, good, bad and QEMU's.
@Suite("IVRS")
struct IVRSTests {
  private static func number(_ value: UInt64, _ count: Int) -> [UInt8] { TableBuilder.number(value, count) }

  /// A block that describes a unit.
  private static func unit(
    _ type: UInt8, flags: UInt8 = 0xb0, source: UInt16 = 2, base: UInt64 = 0xfd30_0000, segment: UInt16 = 0,
    features: UInt64 = 0x29d3, _ entries: [UInt8]
  ) -> [UInt8] {
    var body = number(UInt64(source), 2) + number(0x40, 2) + number(base, 8) + number(UInt64(segment), 2)
    body += number(5, 2) + number(0x8004_8f6f, 4)
    if type != 0x10 { body += number(features, 8) + number(0, 8) }
    body += entries
    return [type, flags] + number(UInt64(body.count + 4), 2) + body
  }

  private static func memory(
    _ type: UInt8, flags: UInt8, _ first: UInt16, _ last: UInt16, _ start: UInt64, _ count: UInt64,
    segment: UInt16 = 0
  ) -> [UInt8] {
    [type, flags] + number(32, 2) + number(UInt64(first), 2) + number(UInt64(last), 2) + number(UInt64(segment), 2)
      + number(0, 6) + number(start, 8) + number(count, 8)
  }

  private static func bytes(_ blocks: [UInt8]) -> [UInt8] {
    TableBuilder.table("IVRS", revision: 2, number(40 << 8 | 48 << 15, 4) + number(0, 8) + blocks)
  }

  private static func table(_ blocks: [UInt8]) throws -> IVRS {
    var builder = TableBuilder()
    let place = builder.place(bytes(blocks))
    return try IVRS(try ACPITable(at: place, in: builder.memory))
  }

  private static func units(_ table: borrowing IVRS) -> [IVRS.Unit] {
    var units: [IVRS.Unit] = []
    table.forEachUnit { units.append($0) }
    return units
  }

  private static func rules(_ table: borrowing IVRS, _ unit: IVRS.Unit) -> [IVRS.DeviceRule] {
    var rules: [IVRS.DeviceRule] = []
    table.forEachRule(of: unit) { rules.append($0) }
    return rules
  }

  private static func functions(
    _ range: ClosedRange<UInt16>, _ settings: UInt8 = 0, alias: UInt16? = nil, isWithoutATS: Bool = false
  ) -> IVRS.DeviceRule {
    .functions(range, settings: IVRS.DeviceSettings(rawValue: settings), alias: alias, isWithoutATS: isWithoutATS)
  }

  /// One of each kind of entry.
  private static let everyEntry: [UInt8] =
    [0, 0, 0, 0] + [1, 0, 0, 0x07] + [2, 0x10, 0x00, 0x40]
    + [3, 0x00, 0x01, 0x00] + [4, 0xff, 0x01, 0x00]
    + [66, 0x20, 0x00, 0x80, 0, 0xa0, 0x00, 0]
    + [67, 0x00, 0x05, 0x00, 0, 0xb0, 0x00, 0] + [4, 0xff, 0x05, 0x00]
    + [70, 0x30, 0x00, 0x00, 0, 0, 0, 0x80]
    + [71, 0x00, 0x07, 0x30, 0, 0, 0, 0] + [2, 0x11, 0x00, 0x00] + [4, 0x0f, 0x07, 0x00]
    + [72, 0, 0, 0xd7, 33, 0xa0, 0x00, 1] + [72, 0, 0, 0x00, 1, 0xa0, 0x00, 2] + [72, 0, 0, 0, 4, 0xa1, 0x00, 9]

  @Test("Every kind of entry says what it says, and those of later editions are left out")
  func entries() throws {
    // Types 130 and 200 are of sizes that are settled, and not defined yet.
    let later = [130] + [UInt8](repeating: 0xff, count: 15) + [200] + [UInt8](repeating: 0xff, count: 31)
    let named: [UInt8] =
      [240, 0xa5, 0x00, 0x40] + Array("AMDI0040".utf8) + Array("PNP0D40 ".utf8) + [2, 4] + Array("\\_SB".utf8)
    let table = try Self.table(Self.unit(0x40, Self.everyEntry + later + named))
    let unit = try #require(Self.units(table).first)
    var hardwareID: UInt64 = 0
    for byte in "AMDI0040".utf8.reversed() { hardwareID = hardwareID << 8 | UInt64(byte) }
    let expected: [IVRS.DeviceRule] = [
      Self.functions(0...0xffff, 7), Self.functions(0x10...0x10, 0x40), Self.functions(0x100...0x1ff),
      Self.functions(0x20...0x20, 0x80, alias: 0xa0), Self.functions(0x500...0x5ff, alias: 0xb0),
      Self.functions(0x30...0x30, isWithoutATS: true), Self.functions(0x11...0x11),
      Self.functions(0x700...0x70f, 0x30),
      .special(.ioAPIC(identifier: 33), settings: .init(rawValue: 0xd7), sourceID: 0xa0),
      .special(.eventTimer(number: 1), settings: .init(rawValue: 0), sourceID: 0xa0),
      .special(.other(variety: 9, handle: 4), settings: .init(rawValue: 0), sourceID: 0xa1),
      .named(hardwareID: hardwareID, settings: .init(rawValue: 0x40), sourceID: 0xa5),
    ]
    #expect(Self.rules(table, unit) == expected)
    let settings = IVRS.DeviceSettings(rawValue: 0xd7)
    #expect(settings.passesINIT && settings.passesExternalInterrupts && settings.passesNMI)
    #expect(settings.passesLINT0 && settings.passesLINT1 && settings.systemManagement == 1)
  }

  @Test("A unit that is described in several forms counts once, by the latest of them")
  func forms() throws {
    let table = try Self.table(
      Self.unit(0x10, [2, 1, 0, 0]) + Self.unit(0x40, [2, 3, 0, 0]) + Self.unit(0x11, [2, 2, 0, 0])
        + Self.unit(0x40, [2, 4, 0, 0]) + Self.unit(0x10, flags: 0x21, source: 0x4002, base: 0xfd40_0000, [])
        + Self.unit(0x11, segment: 1, [2, 5, 0, 0]) + [0x55, 0, 8, 0, 1, 2, 3, 4])
    let units = Self.units(table)
    try #require(units.count == 3)
    #expect(units.map(\.form) == [.named, .original, .extended])
    #expect(units.map(\.sourceID) == [2, 0x4002, 2] && units.map(\.segment) == [0, 0, 1])
    #expect(units.map(\.baseAddress) == [0xfd30_0000, 0xfd40_0000, 0xfd30_0000])
    #expect(units.map(\.extendedFeatures) == [0x29d3, nil, 0x29d3])
    #expect(units[0].capabilityOffset == 0x40 && units[0].messageNumber == 5)
    #expect(units[0].control.isCoherent && units[0].control.servesRemoteTranslations)
    #expect(units[1].control.translatesTunnel && !units[1].control.servesRemoteTranslations)
    #expect(Self.rules(table, units[0]) == [Self.functions(3...3)])
    #expect(Self.rules(table, units[1]).isEmpty)
    #expect(Self.rules(table, units[2]) == [Self.functions(5...5)])
    let bits = (table.physicalAddressBits, table.virtualAddressBits)
    #expect(bits == (40, 48))
  }

  @Test("Memory that firmware set aside is for all, one or some devices, empty ranges for none")
  func reserved() throws {
    let table = try Self.table(
      Self.memory(0x20, flags: 0b0111, 7, 0, 0x1000, 0x2000) + Self.memory(0x21, flags: 0b0011, 9, 0, 0x8000, 0x1000)
        + Self.memory(0x22, flags: 0b0101, 16, 31, 0x9000, 0x1000, segment: 2)
        + Self.memory(0x21, flags: 0b1000, 9, 0, 0xa000, 0x1000) + Self.memory(0x21, flags: 0, 9, 0, 0xa000, 0))
    var found: [IVRS.ReservedMemory] = []
    table.forEachReservedMemory { found.append($0) }
    try #require(found.count == 4)
    #expect(found.map(\.devices) == [0...0xffff, 9...9, 16...31, 9...9])
    #expect(found.map(\.range) == [0x1000..<0x3000, 0x8000..<0x9000, 0x9000..<0xa000, 0xa000..<0xb000])
    #expect(found.map(\.isReadable) == [true, true, false, true])
    #expect(found.map(\.isWritable) == [true, false, true, true])
    #expect(found.map(\.treatment) == [.identity, .identity, .identity, .exclusion])
    #expect(found.map(\.segment) == [0, 0, 2, 0])
  }

  @Test("What contradicts itself is refused, with its place")
  func refused() throws {
    let wrong: [([UInt8], Int)] = [
      ([0x10, 0, 3, 0], 48),  // A block shorter than its own length.
      ([0x10, 0, 200, 0], 48),  // A block that passes the end.
      ([0x10, 0], 48),  // Half of a block's header.
      ([0x10, 0, 8, 0, 0, 0, 0, 0], 48),  // No room for what the form has.
      (Array(Self.unit(0x11, []).prefix(2)) + [24, 0] + [UInt8](repeating: 0, count: 20), 48),
      (Self.unit(0x10, [4, 9, 0, 0]), 72),  // An end without a beginning.
      (Self.unit(0x10, [3, 9, 0, 0]), 76),  // A beginning without an end.
      (Self.unit(0x10, [3, 9, 0, 0, 3, 10, 0, 0, 4, 11, 0, 0]), 76),  // A beginning in a beginning.
      (Self.unit(0x10, [3, 9, 0, 0, 4, 8, 0, 0]), 76),  // An end before its beginning.
      (Self.unit(0x10, [66, 9, 0, 0]), 72),  // An entry that passes its block.
      (Self.unit(0x10, [2, 9, 0]), 72),
      (Self.unit(0x40, [241] + [UInt8](repeating: 0, count: 31)), 88),  // An entry of a length that nobody knows.
      (Self.unit(0x40, [240] + [UInt8](repeating: 0, count: 20)), 88),
      (Self.unit(0x40, [240] + [UInt8](repeating: 0, count: 20) + [9, 1, 2]), 88),
      (Self.memory(0x22, flags: 1, 9, 8, 0, 0x1000), 48),
      (Self.memory(0x21, flags: 1, 9, 8, UInt64.max - 1, 2), 48),
      ([0x20, 1, 16, 0] + [UInt8](repeating: 0, count: 12), 48),
    ]
    for (blocks, offset) in wrong {
      #expect(throws: ACPITableError.badEntry(offset: offset), "\(blocks)") { _ = try Self.table(blocks) }
    }
    var builder = TableBuilder()
    let short = builder.place(TableBuilder.table("IVRS", [0, 0, 0, 0]))
    #expect(throws: ACPITableError.badLength(address: short, stated: 40)) {
      _ = try IVRS(try ACPITable(at: short, in: builder.memory))
    }
    let other = builder.place(TableBuilder.waet)
    #expect(throws: ACPITableError.badSignature(address: other)) {
      _ = try IVRS(try ACPITable(at: other, in: builder.memory))
    }
  }

  @Test("Damaged tables are read or refused, and never trap")
  func fuzz() throws {
    let good = Self.bytes(
      Self.unit(0x10, Self.everyEntry) + Self.unit(0x11, Self.everyEntry)
        + Self.unit(0x40, Self.everyEntry + [240] + [UInt8](repeating: 1, count: 20) + [3, 0, 0, 0])
        + Self.memory(0x22, flags: 1, 8, 9, 0x1000, 0x1000))
    var (read, refused) = (0, 0)
    InterpreterFuzzTests.repeating(600, from: 9_000_000_000) { seed in
      var random = SeededGenerator(seed: seed)
      var bytes = good
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 36..<bytes.count, using: &random)
        bytes[place] =
          [0, 1, 3, 4, 0x7f, 0xf0, 0xff, UInt8.random(in: 0...255, using: &random)].randomElement(using: &random) ?? 0
      }
      if Bool.random(using: &random) {
        bytes = Array(bytes.prefix(Int.random(in: 36...bytes.count, using: &random)))
        bytes.replaceSubrange(4..<8, with: Self.number(UInt64(bytes.count), 4))
      }
      RandomCode.seal(&bytes)
      var builder = TableBuilder()
      let place = builder.place(bytes)
      guard let acpi = try? ACPITable(at: place, in: builder.memory), let table = try? IVRS(acpi) else {
        refused += 1
        return
      }
      read += 1
      for unit in Self.units(table) { _ = Self.rules(table, unit) }
      table.forEachReservedMemory { _ in }
    }
    #expect(read > 100)
    #expect(refused > 100)
  }

  @Test("QEMU's table has one unit, found at its address, and a rule for each device that it knows of")
  func qemu() throws {
    let folder = try ReferenceTools.scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    let memory = try QEMUTables.memory(
      [
        "-machine", "q35", "-m", "64M", "-device", "amd-iommu", "-device", "pcie-root-port,id=rp0,chassis=1",
        "-device", "pcie-pci-bridge,bus=rp0,id=br0", "-device", "e1000,bus=br0,addr=1", "-device", "edu",
      ], megabytes: 64, in: folder)
    let root = try #require(RootPointer.searchBIOS(memory))
    let list = try ACPITableList(rootPointerAt: root, in: memory)
    let table = try IVRS(try list.table("IVRS", in: memory))
    let units = Self.units(table)
    try #require(units.count == 1)
    let unit = units[0]
    #expect(unit.baseAddress == 0xfed8_0000 && unit.segment == 0)
    #expect(unit.form >= .original)
    let rules = Self.rules(table, unit)
    // Each function is told of, and what is behind the bridge to conventional PCI arrives under the bridge's name.
    var (named, aliased) = (Set<UInt16>(), 0)
    for case .functions(let range, _, let alias, _) in rules {
      named.formUnion(range)
      if alias != nil { aliased += 1 }
    }
    #expect(named.isSuperset(of: [0, 0xf8, 0xfa]), "\(rules)")
    #expect(aliased > 0, "\(rules)")
    #expect(
      rules.contains {
        if case .special(.ioAPIC, _, _) = $0 { true } else { false }
      }, "\(rules)")
  }
}
