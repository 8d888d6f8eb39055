import ACPI
import Foundation
import Foundations
import Machine
import TestSupport
import Testing

@testable import DriverKit
@testable import PlatformDrivers

/// A machine on which firmware's code finds nothing but zeros.
private final class EmptyHost: AMLHost {
  func read(_ space: AMLAddressSpace, at address: UInt64, width: Int) throws(AMLError) -> UInt64 { 0 }
  func write(_ space: AMLAddressSpace, at address: UInt64, width: Int, _ value: UInt64) throws(AMLError) {}
  func readConfiguration(_ function: PCIFunctionAddress, at offset: UInt64, width: Int) throws(AMLError) -> UInt64 { 0 }
  func writeConfiguration(
    _ function: PCIFunctionAddress, at offset: UInt64, width: Int, _ value: UInt64
  ) throws(AMLError) {}
  func sleep(milliseconds: UInt64) {}
  func stall(microseconds: UInt64) {}
  func timer() -> UInt64 { 0 }
  func notify(_ node: AMLNode, value: UInt64) {}
  func acquireGlobalLock() -> Bool { true }
  func releaseGlobalLock() {}
  func fatal(type: UInt8, code: UInt32, argument: UInt64) {}
  func debug(_ text: Message) {}
  func warn(_ text: Message) {}
  func findTable(signature: UInt32, oem: UInt64, oemTable: UInt64) -> UInt32? { nil }
  func tableLength(_ number: UInt32) -> UInt64 { 0 }
  func tableByte(_ number: UInt32, at offset: UInt64) -> UInt8 { 0 }
}

private func string(_ body: (inout Message) -> Void) -> String {
  var message = Message()
  body(&message)
  return text(message)
}

@Suite("Devices of the platform", .serialized)
struct PlatformScanTests {
  /// An interpreter with the definitions of some ASL, compiled by ACPICA's compiler.
  private func firmware(_ asl: String) throws -> AMLInterpreter {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let source = folder.appending(path: "table.asl")
    try Data("DefinitionBlock (\"\", \"DSDT\", 2, \"APUS\", \"TEST\", 1)\n{\n\(asl)\n}\n".utf8).write(to: source)
    let compiler = Process()
    compiler.executableURL = URL(filePath: "/usr/bin/iasl")
    compiler.arguments = ["-f", "-p", folder.appending(path: "table").path, source.path]
    (compiler.standardOutput, compiler.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
    try compiler.run()
    compiler.waitUntilExit()
    var bytes = GrowableArray<UInt8>()
    for byte in try Data(contentsOf: folder.appending(path: "table.aml")) { try bytes.append(byte) }
    let interpreter = try AMLInterpreter(host: EmptyHost())
    #expect(try interpreter.load(bytes) == 0)
    return interpreter
  }

  private func scan(_ asl: String?, _ buttons: FixedButtons = FixedButtons()) throws -> [DeviceNode] {
    var found: [DeviceNode] = []
    let interpreter = try asl.map { try firmware($0) }
    func run() throws(Errno) {
      let scan = PlatformScan { device throws(Errno) in found.append(device) }
      if let interpreter { try scan.addNamespace(interpreter) }
      try scan.addUsual(buttons)
    }
    try run()
    return found
  }

  private func listing(_ devices: [DeviceNode]) -> [String] {
    devices.map { device in
      let parent = device.parent.map { text($0.name) } ?? "-"
      return "\(device.bus.name?.description ?? "none") \(text(device.name)) < \(parent)"
    }
  }

  /// What QEMU's q35 has, as far as it matters here.
  private static let machine = """
    Scope (\\_SB) {
      Device (PCI0) {
        Name (_HID, EISAID ("PNP0A08"))
        Name (_CID, EISAID ("PNP0A03"))
        Name (_UID, 0)
        Device (ISA) {
          Name (_ADR, 0x001F0000)
          Device (KBD) {
            Name (_HID, EISAID ("PNP0303"))
            Name (_STA, 0xF)
            Name (_CRS, ResourceTemplate () {
              IO (Decode16, 0x60, 0x60, 1, 1) IO (Decode16, 0x64, 0x64, 1, 1) IRQNoFlags () {1} })
          }
          Device (RTC) {
            Name (_HID, EISAID ("PNP0B00"))
            Name (_CRS, ResourceTemplate () { IO (Decode16, 0x70, 0x70, 1, 8) IRQNoFlags () {8} })
          }
          Device (PEVT) {
            Name (_HID, "QEMU0001")
            Name (_STA, 0xF)
            Name (_CRS, ResourceTemplate () { IO (Decode16, 0x505, 0x505, 1, 1) })
          }
          Device (COM2) {
            Name (_HID, EISAID ("PNP0501"))
            Name (_UID, 2)
            Name (_STA, 0)
          }
        }
      }
      Device (PWRB) { Name (_HID, EISAID ("PNP0C0C")) Name (_UID, "first") }
      Device (PWR2) { Name (_HID, EISAID ("PNP0C0C")) }
      Device (ODD) { Name (_HID, "TOOLONG00") }
      Device (BAD) { Name (_HID, Package () {1}) }
    }
    """

  @Test("Firmware's devices are named and hang as on Linux, and what it does not describe is taken for granted")
  func names() throws {
    let devices = try scan(Self.machine, FixedButtons(hasPower: true))
    #expect(
      listing(devices) == [
        "acpi LNXSYSTM:00 < -", "acpi LNXSYBUS:00 < LNXSYSTM:00", "acpi PNP0A08:00 < LNXSYBUS:00",
        "acpi PNP0303:00 < PNP0A08:00", "none pnp0 < -", "pnp 00:00 < pnp0", "acpi PNP0B00:00 < PNP0A08:00",
        "pnp 00:01 < pnp0", "acpi QEMU0001:00 < PNP0A08:00", "none platform < -", "platform QEMU0001:00 < platform",
        "acpi PNP0C0C:00 < LNXSYBUS:00", "acpi PNP0C0C:01 < LNXSYBUS:00", "platform pcspkr < platform",
        "acpi LNXPWRBN:00 < LNXSYSTM:00",
      ])
    let drivers = devices.map { $0.platformDriver }
    #expect(drivers[2] == .pciHost && drivers[5] == .keyboard && drivers[7] == .clock && drivers[10] == .panicPort)
    #expect(drivers[11] == .powerButton && drivers[13] == .speaker && drivers[14] == .fixedPowerButton)
    #expect(drivers[0] == nil && drivers[4] == nil)
    // Who hears the firmware's notifications finds the device by its name there.
    #expect(devices[11].attachment is FirmwareAttachment && devices[14].attachment == nil)
  }

  @Test("Without firmware there are a clock, a speaker and an 8042 where every PC has them, and no buttons")
  func nothingDescribed() throws {
    let devices = try scan(nil)
    #expect(
      listing(devices) == [
        "none platform < -", "platform rtc_cmos < platform", "platform pcspkr < platform", "platform i8042 < platform",
      ])
    let clock = try #require(devices[1].firmware)
    #expect(PlatformDriver.clock.ports(of: clock) == PlatformResources.Ports(first: 0x70, count: 2))
    #expect(PlatformDriver.clock.interrupt(of: clock)?.number == 8)
    let speaker = try #require(devices[2].firmware)
    #expect(speaker.resources.ports(from: 0x40)?.count == 4 && speaker.resources.ports(from: 0x61)?.count == 1)
    // A clock that firmware describes is the only one.
    #expect(
      try listing(scan("Device (RTC) { Name (_HID, \"PNP0B01\") }")).contains("platform rtc_cmos < platform") == false)
    #expect(try listing(scan("Device (XXX) { Name (_ADR, 0) }")).contains("platform rtc_cmos < platform"))
  }

  @Test("Drivers are given the resources that firmware names, and the usual ones only where it names none and they may")
  func resources() throws {
    let devices = try scan(Self.machine)
    let clock = try #require(devices[7].firmware)
    #expect(PlatformDriver.clock.ports(of: clock) == PlatformResources.Ports(first: 0x70, count: 8))
    #expect(PlatformDriver.clock.interrupt(of: clock) == PlatformResources.Interrupt(number: 8, isISA: true))
    let panic = try #require(devices[10].firmware)
    #expect(PlatformDriver.panicPort.ports(of: panic)?.first == 0x505)
    let bare = FirmwareDevice(HardwareIdentifier("PNP0B00"))
    #expect(PlatformDriver.clock.interrupt(of: bare)?.number == 8)
    #expect(PlatformDriver.clock.ports(of: bare) == nil && PlatformDriver.panicPort.ports(of: bare) == nil)
  }

  @Test("A template that makes no sense costs what stands behind the mistake, and a device of nonsense is none")
  func nonsense() throws {
    let devices = try scan(
      """
      Device (RTC) {
        Name (_HID, EISAID ("PNP0B00"))
        Name (_CID, Package () {"PNP0C02", 5, "WAYTOOLONGTOBEONE", EISAID ("PNP0B02")})
        Name (_UID, "a b")
        Name (_CRS, Buffer () {0x47, 1, 0x70, 0, 0x70, 0, 1, 2, 0x47, 1, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 0x22, 0x20})
      }
      Device (ODD) { Name (_HID, "TOOLONG00") }
      Device (BAD) { Name (_HID, Package () {1}) }
      Device (NUL) { Name (_HID, "") }
      """)
    let found = devices.filter { $0.bus == .acpi }.dropFirst(2)
    #expect(found.count == 1)
    let clock = try #require(found.first?.firmware)
    #expect(clock.compatibleCount == 3 && clock.identifier(at: 3) == HardwareIdentifier("PNP0B02"))
    #expect(clock.identifier(at: 4) == nil && clock.identifier(at: -1) == nil)
    #expect(clock.uniqueIdentifier.map(text) == "a?b")
    #expect(clock.resources.portCount == 1 && clock.resources.interruptCount == 0)
  }

  @Test(
    "Whatever bytes firmware has for resources, what is kept of them makes sense", arguments: [1, 2, 3] as [UInt64])
  func randomResources(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    func random(_ limit: Int) -> Int { generator.below(limit) }
    // Mostly tags that there are, so that what stands behind them is looked at.
    let tags = [0x22, 0x23, 0x2a, 0x30, 0x38, 0x47, 0x4b, 0x79, 0x81, 0x82, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b]
    let devices = (0..<120).map { number in
      let bytes = (0..<random(60)).map { _ in
        random(3) == 0 ? tags[random(tags.count)] : [0, 1, 0xff, random(256)][random(4)]
      }
      let list = ([tags[random(tags.count)]] + bytes).map { "\($0)" }.joined(separator: ",")
      let name = String(format: "D%03d", number)
      return "Device (\(name)) { Name (_HID, EISAID (\"PNP0501\")) Name (_CRS, Buffer () {\(list)}) }"
    }
    let found = try scan(devices.joined(separator: "\n")).filter { $0.bus == .pnp }
    #expect(found.count == 120)
    for device in found {
      let resources = try #require(device.firmware?.resources)
      for index in 0..<resources.portCount {
        let ports = try #require(resources.ports(index))
        #expect(ports.count >= 1 && Int(ports.first) + ports.count <= 0x1_0000)
      }
      for index in 0..<resources.memoryCount { #expect(try !#require(resources.memory(index)).isEmpty) }
      #expect(resources.ports(resources.portCount) == nil && resources.interrupt(resources.interruptCount) == nil)
      #expect(
        !string {
          PlatformTexts.writeResources(of: device.firmware ?? FirmwareDevice(HardwareIdentifier("X")), to: &$0)
        }.isEmpty)
    }
  }

  @Test("No memory for a device is an error of the scan")
  func noMemory() throws {
    var count = 0
    func run() throws(Errno) {
      let scan = PlatformScan { _ throws(Errno) in
        count += 1
        if count == 2 { throw .ENOMEM }
      }
      try scan.addUsual(FixedButtons())
    }
    #expect(throws: Errno.ENOMEM) { try run() }
  }

  @Test("What /sys says is what Linux says")
  func texts() throws {
    let devices = try scan(Self.machine)
    let host = try #require(devices[2].firmware)
    #expect(
      string { PlatformTexts.writeAlias(of: host, on: .acpi, named: "PNP0A08:00", to: &$0) } == "acpi:PNP0A08:PNP0A03:")
    let clock = try #require(devices[7].firmware)
    #expect(string { PlatformTexts.writeIdentifiers(of: clock, to: &$0) } == "PNP0b00\n")
    #expect(string { PlatformTexts.writeResources(of: clock, to: &$0) } == "state = active\nio 0x70-0x77\nirq 8\n")
    #expect(clock.path.map(text) == "\\_SB_.PCI0.ISA_.RTC_" && clock.status == 0xf)
    let speaker = try #require(devices.last { text($0.name) == "pcspkr" }?.firmware)
    #expect(
      string { PlatformTexts.writeAlias(of: speaker, on: .platform, named: "pcspkr", to: &$0) } == "platform:pcspkr")
    #expect(try #require(devices[11].firmware).uniqueIdentifier.map(text) == "first")
  }

  @Test("Every identifier of the spec leads to its driver, and others to none")
  func table() {
    for driver in PlatformDriver.allCases {
      #expect(PlatformDriver.matching(driver.firstIdentifier) == driver)
      #expect((driver.presence == nil) == (driver.usualName == nil))
    }
    for identifier in ["", "PNP0B0", "PNP0B000", "pnp0b00", "PNP0FFFF"] {
      #expect(PlatformDriver.matching(HardwareIdentifier(identifier).code) == nil, "\(identifier)")
    }
    #expect(HardwareIdentifier("QEMU0001").count == 8 && HardwareIdentifier("PNP0B00").count == 7)
    #expect(string { HardwareIdentifier(code: 0x2f_41).write(to: &$0) } == "A?")
  }
}
