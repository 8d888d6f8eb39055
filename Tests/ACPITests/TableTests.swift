import ACPI
import Foundation
import Foundations
import TestSupport
import Testing

/// The fixed tables, good and bad.
@Suite("ACPI tables")
struct TableTests {
  /// A list with the usual tables; gives the memory and where the root pointer is.
  private static func machine(
    isExtended: Bool = true, damage: (inout TableBuilder, [String: UInt64]) -> Void = { _, _ in }
  ) -> (SavedMemory, UInt64) {
    var builder = TableBuilder()
    let dsdt = builder.place(TableBuilder.table("DSDT", revision: 2, [0x08, 0x41, 0x42, 0x43, 0x44, 0x01]))
    var places = ["DSDT": dsdt]
    let tables: [(String, [UInt8])] = [
      ("FACP", TableBuilder.fadt(dsdt: dsdt)), ("APIC", TableBuilder.madt), ("SRAT", TableBuilder.srat),
      ("SLIT", TableBuilder.slit), ("MCFG", TableBuilder.mcfg), ("HPET", TableBuilder.hpet),
      ("BGRT", TableBuilder.bgrt),
      ("SSDT", TableBuilder.table("SSDT", [1])), ("SSDT", TableBuilder.table("SSDT", [2])),
    ]
    var addresses: [UInt64] = []
    for (name, bytes) in tables {
      let address = builder.place(bytes)
      places[name] = places[name] ?? address
      addresses.append(address)
    }
    let short = builder.place(TableBuilder.table("RSDT", addresses.flatMap { TableBuilder.number($0, 4) }))
    let long = builder.place(TableBuilder.table("XSDT", addresses.flatMap { TableBuilder.number($0, 8) }))
    places["RSDT"] = short
    places["XSDT"] = long
    let root = builder.place(TableBuilder.rootPointer(table: UInt32(short), extended: isExtended ? long : nil))
    places["RSDP"] = root
    damage(&builder, places)
    return (builder.memory, root)
  }

  @Test("Every table is found through either root table, the DSDT through the FADT", arguments: [false, true])
  func list(isExtended: Bool) throws {
    let (memory, root) = Self.machine(isExtended: isExtended)
    let list = try ACPITableList(rootPointerAt: root, in: memory)
    let (entries, found) = (list.entries.count, list.isExtended)
    #expect(entries == 10)
    #expect(found == isExtended)
    for signature in ["FACP", "APIC", "SRAT", "SLIT", "MCFG", "HPET", "BGRT", "DSDT"] {
      let count = list.count(of: ACPISignature(stringLiteral: signature))
      #expect(count == 1, "\(signature)")
    }
    let second = try list.table("SSDT", instance: 1, in: memory)
    let byte = second.bytes[36]
    #expect(byte == 2)
    #expect(throws: ACPITableError.missing(signature: ACPISignature("SSDT").rawValue)) {
      _ = try list.table("SSDT", instance: 2, in: memory)
    }
  }

  @Test("The FADT's generic addresses win over its ports, with the lengths in bytes")
  func fadt() throws {
    let (memory, root) = Self.machine()
    let list = try ACPITableList(rootPointerAt: root, in: memory)
    let fadt = try FADT(try list.table("FACP", in: memory))
    #expect(fadt.sciInterrupt == 9 && fadt.preferredProfile == 4)
    #expect(fadt.smiCommandPort == 0xb2 && fadt.acpiEnable == 0xe1 && fadt.acpiDisable == 0x1e)
    #expect(fadt.pm1aEvent == GenericAddress(space: .systemIO, bitWidth: 32, address: 0x1600))
    #expect(fadt.pm1aControl == GenericAddress(space: .systemIO, bitWidth: 16, accessSize: 2, address: 0x1604))
    #expect(fadt.pm1aControl?.accessWidth == 2)
    #expect(fadt.pm1bControl == nil && fadt.pm1bEvent == nil)
    #expect(fadt.pm2Control == GenericAddress(space: .systemIO, bitWidth: 8, address: 0x650))
    #expect(fadt.timer == GenericAddress(space: .systemIO, bitWidth: 32, address: 0x608))
    #expect(fadt.timer?.accessWidth == 4)
    #expect(fadt.gpe0 == GenericAddress(space: .systemIO, bitWidth: 128, address: 0x620))
    #expect(fadt.gpe1 == GenericAddress(space: .systemIO, bitWidth: 64, address: 0x640) && fadt.gpe1Base == 16)
    #expect(fadt.centuryIndex == 0x32)
    #expect(fadt.bootFlags.hasLegacyDevices && fadt.bootFlags.hasKeyboardController && fadt.bootFlags.hasNoRTC)
    #expect(!fadt.bootFlags.hasNoVGA && !fadt.bootFlags.hasNoMSI && !fadt.bootFlags.hasNoASPM)
    #expect(fadt.features.hasResetRegister && fadt.features.hasExtendedTimer)
    #expect(fadt.features.hasControlMethodPowerButton && !fadt.features.isHardwareReduced)
    #expect(fadt.resetRegister == GenericAddress(space: .systemIO, bitWidth: 8, address: 0xcf9) && fadt.resetValue == 6)
    #expect(fadt.sleepControl?.address == 0xfed8_0000 && fadt.sleepStatus?.address == 0xfed8_0001)
  }

  @Test("A FADT of ACPI 1.0 has its ports and no reset register")
  func shortFADT() throws {
    var builder = TableBuilder()
    let place = builder.place(TableBuilder.fadt(dsdt: 0x1234, count: 116))
    let fadt = try FADT(try ACPITable(at: place, in: builder.memory))
    #expect(fadt.dsdtAddress == 0x1234)
    #expect(fadt.pm1aControl == GenericAddress(space: .systemIO, bitWidth: 16, address: 0x604))
    #expect(fadt.resetRegister == nil && fadt.sleepControl == nil)
    let tooShort = builder.place(TableBuilder.fadt(dsdt: 0x1234, count: 115))
    #expect(throws: ACPITableError.badLength(address: tooShort, stated: 115)) {
      _ = try FADT(try ACPITable(at: tooShort, in: builder.memory))
    }
  }

  @Test("The MADT lists CPUs, I/O APICs, overrides and NMIs")
  func madt() throws {
    let (memory, root) = Self.machine()
    let list = try ACPITableList(rootPointerAt: root, in: memory)
    let madt = try MADT(try list.table("APIC", in: memory))
    let address = madt.localAPICAddress
    #expect(address == 0x1_fee0_0000)
    var entries: [String] = []
    madt.forEach { entries.append("\($0)") }
    let prefix = "ACPI.MADT.Wiring"
    #expect(
      entries.map { $0.replacing("\(prefix).", with: "") } == [
        "processor(apic: 7, uid: 3, isEnabled: true, isOnlineCapable: false)",
        "processor(apic: 8, uid: 4, isEnabled: false, isOnlineCapable: true)",
        "ioAPIC(identifier: 9, address: 4273995776, firstInterrupt: 24)",
        "interruptOverride(source: 5, interrupt: 20, wiring: \(prefix)(polarity: Polarity.activeHigh, trigger: Trigger.level))",
        "nonmaskable(interrupt: 2, wiring: \(prefix)(polarity: Polarity.activeLow, trigger: Trigger.level))",
        "localNonmaskable(uid: nil, input: 1, wiring: \(prefix)(polarity: Polarity.activeHigh, trigger: Trigger.edge))",
        "processor(apic: 300, uid: 70000, isEnabled: true, isOnlineCapable: false)",
        "localNonmaskable(uid: nil, input: 0, wiring: \(prefix)(polarity: Polarity.bus, trigger: Trigger.bus))",
      ])
  }

  @Test("SRAT, SLIT, MCFG, HPET, BGRT, WAET")
  func others() throws {
    let (memory, root) = Self.machine()
    let list = try ACPITableList(rootPointerAt: root, in: memory)
    var entries: [SRAT.Entry] = []
    let srat = try SRAT(try list.table("SRAT", in: memory))
    srat.forEach { entries.append($0) }
    #expect(
      entries == [
        .processor(apic: 9, domain: 0x102),
        .memory(range: 0x1000..<0x3000, domain: 7, isHotPluggable: true, isNonVolatile: false),
        .processor(apic: 500, domain: 3),
      ])
    let slit = try SLIT(try list.table("SLIT", in: memory))
    let distances = [(0, 0), (0, 1), (1, 0), (1, 1), (0, 2), (-1, 0)].map { slit.distance(from: $0.0, to: $0.1) }
    #expect(distances == [10, 21, nil, 10, nil, nil])
    let mcfg = try MCFG(try list.table("MCFG", in: memory))
    let (first, second, third) = (mcfg[0], mcfg[1], mcfg[2])
    #expect(first?.base == 0xb000_0000 && first?.segment == 0 && first?.buses == 0...127)
    #expect(second?.base == 0x8_0000_0000 && second?.segment == 3 && second?.buses == 128...255)
    #expect(third == nil)
    let hpet = try HPETDescription(try list.table("HPET", in: memory))
    #expect(hpet.address.address == 0xfed0_0000 && hpet.number == 2 && hpet.minimumTick == 0x37ee)
    let bgrt = try BGRT(try list.table("BGRT", in: memory))
    #expect(bgrt.isDisplayed && bgrt.rotation == 90 && bgrt.address == 0x7000_0000 && bgrt.x == 300 && bgrt.y == 200)
    var builder = TableBuilder()
    let place = builder.place(TableBuilder.waet)
    let waet = try WAET(try ACPITable(at: place, in: builder.memory))
    #expect(!waet.hasGoodRTC && waet.hasGoodTimer)
  }

  @Test(
    "The root pointer is found in the BIOS and in the extended BIOS data area, not off a boundary, not with a bad sum")
  func search() throws {
    var memory = SavedMemory(bytes: [UInt8](repeating: 0, count: 1 << 20))
    let pointer = TableBuilder.rootPointer(table: 0x1000, extended: 0x2000)
    func put(_ bytes: [UInt8], _ address: Int) {
      memory.bytes.replaceSubrange(address..<(address + bytes.count), with: bytes)
    }
    #expect(RootPointer.searchBIOS(memory) == nil)
    put(pointer, 0xf_0008)
    #expect(RootPointer.searchBIOS(memory) == nil)
    var bad = pointer
    bad[35] ^= 1
    put(bad, 0xe_1000)
    #expect(RootPointer.searchBIOS(memory) == nil)
    put(pointer, 0xf_ffd0)
    #expect(RootPointer.searchBIOS(memory) == 0xf_ffd0)
    put([0x00, 0x9f], 0x40e)
    put(pointer, 0x9_f3f0)
    #expect(RootPointer.searchBIOS(memory) == 0x9_f3f0)
  }

  @Test("A table with a bad checksum is left out with its error; the others stay")
  func badChecksum() throws {
    var place: UInt64 = 0
    let (memory, root) = Self.machine { builder, places in
      place = places["APIC"] ?? 0
      builder.memory.bytes[Int(place) + 40] ^= 1
    }
    let list = try ACPITableList(rootPointerAt: root, in: memory)
    let (entries, bad) = (list.entries.count, list.count(of: "APIC"))
    #expect(entries == 10 && bad == 0)
    #expect(throws: ACPITableError.badChecksum(address: place)) { _ = try list.table("APIC", in: memory) }
  }

  @Test("A bad XSDT gives way to the RSDT; without either there is an error")
  func badRoot() throws {
    let (memory, root) = Self.machine { builder, places in builder.memory.bytes[Int(places["XSDT"] ?? 0) + 9] ^= 1 }
    let list = try ACPITableList(rootPointerAt: root, in: memory)
    let (count, isExtended) = (list.entries.count, list.isExtended)
    #expect(count == 10 && !isExtended)
    var place: UInt64 = 0
    let (worse, worseRoot) = Self.machine { builder, places in
      place = places["RSDT"] ?? 0
      builder.memory.bytes[Int(places["XSDT"] ?? 0) + 9] ^= 1
      builder.memory.bytes[Int(place)] = 0x59
    }
    #expect(throws: ACPITableError.badSignature(address: place)) {
      _ = try ACPITableList(rootPointerAt: worseRoot, in: worse)
    }
  }

  @Test("Lengths that cannot be, and entries that pass the end, are errors that say where")
  func badLengths() throws {
    var builder = TableBuilder()
    for length: UInt32 in [0, 35, 0x0100_0001, UInt32.max] {
      var table = TableBuilder.waet
      table.replaceSubrange(4..<8, with: TableBuilder.number(UInt64(length), 4))
      let place = builder.place(table)
      #expect(throws: ACPITableError.badLength(address: place, stated: length)) {
        _ = try ACPITable(at: place, in: builder.memory)
      }
    }
    var table = TableBuilder.waet
    table.replaceSubrange(4..<8, with: TableBuilder.number(0x20_000, 4))
    let place = builder.place(table)
    #expect(throws: ACPITableError.unreadable(address: place)) { _ = try ACPITable(at: place, in: builder.memory) }
    #expect(throws: ACPITableError.unreadable(address: UInt64.max - 3)) {
      _ = try ACPITable(at: UInt64.max - 3, in: builder.memory)
    }
    for (length, type) in [(0, 0), (1, 0), (7, 0), (9, 2), (200, 1)] as [(UInt8, UInt8)] {
      let body = TableBuilder.number(0xfee0_0000, 4) + TableBuilder.number(1, 4) + [type, length, 0, 0, 0, 0, 0, 0]
      let madt = builder.place(TableBuilder.table("APIC", body))
      #expect(throws: ACPITableError.badEntry(offset: 44)) {
        _ = try MADT(try ACPITable(at: madt, in: builder.memory))
      }
    }
    let slit = builder.place(TableBuilder.table("SLIT", TableBuilder.number(3, 8) + [10, 20, 20, 10]))
    #expect(throws: ACPITableError.badLength(address: slit, stated: 48)) {
      _ = try SLIT(try ACPITable(at: slit, in: builder.memory))
    }
    let huge = builder.place(TableBuilder.table("SLIT", TableBuilder.number(UInt64.max, 8)))
    #expect(throws: ACPITableError.badLength(address: huge, stated: 44)) {
      _ = try SLIT(try ACPITable(at: huge, in: builder.memory))
    }
    let near = builder.place(TableBuilder.table("SLIT", TableBuilder.number(2, 8) + [10, 9, 20, 10]))
    #expect(throws: ACPITableError.badEntry(offset: 45)) { _ = try SLIT(try ACPITable(at: near, in: builder.memory)) }
    let reversed = builder.place(
      TableBuilder.table("MCFG", TableBuilder.number(0, 16) + TableBuilder.number(0, 2) + [9, 8, 0, 0, 0, 0]))
    #expect(throws: ACPITableError.badEntry(offset: 44)) {
      _ = try MCFG(try ACPITable(at: reversed, in: builder.memory))
    }
  }

  @Test("Damaged tables are read or refused, and never trap")
  func fuzz() {
    let (good, root) = Self.machine()
    var refused = 0
    var read = 0
    InterpreterFuzzTests.repeating(400, from: 5_000_000_000) { seed in
      var random = SeededGenerator(seed: seed)
      var memory = good
      for _ in 0..<Int.random(in: 1...12, using: &random) {
        let place = Int.random(in: 0x1000..<0x1700, using: &random)
        memory.bytes[place] =
          [0, 1, 0x7f, 0x80, 0xff, UInt8.random(in: 0...255, using: &random)]
          .randomElement(using: &random) ?? 0
      }
      guard let list = try? ACPITableList(rootPointerAt: root, in: memory) else {
        refused += 1
        return
      }
      for index in 0..<list.entries.count {
        // Good checksums, so that the readers behind them see the damage.
        let address = list.entries[index].address
        let (place, length) = (Int(clamping: address), Int(list.entries[index].length))
        if place <= memory.bytes.count - length, length >= 36 {
          var table = Array(memory.bytes[place..<(place + length)])
          RandomCode.seal(&table)
          memory.bytes.replaceSubrange(place..<(place + length), with: table)
        }
        if Self.use(address, memory) { read += 1 } else { refused += 1 }
      }
    }
    #expect(refused > 50)
    #expect(read > 500)
  }

  /// Reads whatever is at `address`; false when it is refused.
  private static func use(_ address: UInt64, _ memory: SavedMemory) -> Bool {
    do {
      func table() throws -> ACPITable { try ACPITable(at: address, in: memory) }
      let signature = try table().signature
      switch signature {
      case "FACP": _ = try FADT(try table())
      case "APIC":
        let madt = try MADT(try table())
        madt.forEach { _ in }
      case "SRAT":
        let srat = try SRAT(try table())
        srat.forEach { _ in }
      case "SLIT":
        let slit = try SLIT(try table())
        for from in 0..<slit.count { _ = slit.distance(from: from, to: slit.count) }
      case "MCFG":
        let mcfg = try MCFG(try table())
        for index in 0...mcfg.count { _ = mcfg[index] }
      case "HPET": _ = try HPETDescription(try table())
      case "BGRT": _ = try BGRT(try table())
      default: break
      }
      return true
    } catch { return false }
  }
}
