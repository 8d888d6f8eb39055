import ACPI
import Foundations
import Testing

/// Events, sleep and reset, on a model of the registers.
@Suite("ACPI fixed hardware")
struct FixedHardwareTests {
  /// The machine that `TableBuilder.fadt` describes: PM1 events at 0x1600, control at 0x1604, GPEs at 0x620 (16 bytes, 64
  /// events) and 0x640 (8 bytes, 32 events from 16 on, so that the first 48 of them are the first block's).
  private static func machine() throws -> (FixedHardware, TestHost) {
    var builder = TableBuilder()
    let place = builder.place(TableBuilder.fadt(dsdt: 0))
    let host = TestHost()
    host.clearedByWriting = [0x1600, 0x1601]
    for port: UInt64 in 0..<8 { host.clearedByWriting.insert(0x620 + port) }
    for port: UInt64 in 0..<4 { host.clearedByWriting.insert(0x640 + port) }
    return (FixedHardware(try FADT(try ACPITable(at: place, in: builder.memory)), host: host), host)
  }

  @Test("ACPI mode is asked for by the SMI command, and waited for")
  func enable() throws {
    let (hardware, host) = try Self.machine()
    #expect(try !hardware.isEnabled())
    #expect(throws: ACPIHardwareError.timeout) { try hardware.enable() }
    #expect(host.microseconds == 3_000_000)
    host.onPortWrite = { host, port, value in if port == 0xb2, value == 0xe1 { host.ports[0x1604] = 1 } }
    try hardware.enable()
    #expect(try hardware.isEnabled())
    // Once there, it is not asked again.
    host.onPortWrite = { _, port, _ in #expect(port != 0xb2) }
    try hardware.enable()
  }

  @Test("The power button is told once for each press, and only when it is enabled")
  func button() throws {
    let (hardware, host) = try Self.machine()
    host.ports[0x1601] = 0b11
    #expect(try hardware.takeEvents().rawValue == 0)
    try hardware.enable(.powerButton)
    #expect(try hardware.takeEvents().rawValue == 0)
    #expect(host.ports[0x1603] == 1 && host.ports[0x1601] == 0b10)
    host.ports[0x1601] = 0b11
    let events = try hardware.takeEvents()
    #expect(events.contains(.powerButton) && !events.contains(.sleepButton))
    #expect(try hardware.takeEvents().rawValue == 0)
    #expect(host.ports[0x1601] == 0b10)
  }

  @Test("Sleep writes the type, then the type with the enable bit, and keeps the other bits")
  func sleep() throws {
    let (hardware, host) = try Self.machine()
    host.ports[0x1604] = 0x03
    host.ports[0x1605] = 0x14
    host.isRecording = true
    let firmware = try Firmware("Name (\\_S5, Package () {5, 6, 0, 0})")
    let type = try #require(try firmware.interpreter.sleepType(5))
    try hardware.sleep(type)
    let writes = host.accesses.filter { $0.value != nil }
    #expect(
      writes == [
        .init(space: .systemIO, address: 0x1600, width: 2, value: 0x8000),
        .init(space: .systemIO, address: 0x1604, width: 2, value: 0x1403),
        .init(space: .systemIO, address: 0x1604, width: 2, value: 0x3403),
      ])
  }

  @Test("Reset writes its value to its register, in whichever space, if there is one")
  func reset() throws {
    let (hardware, host) = try Self.machine()
    try hardware.reset()
    #expect(host.ports[0xcf9] == 6)
    var description = hardware.description
    description.resetRegister = GenericAddress(space: .pciConfiguration, bitWidth: 8, address: 0x001f_0003_0044)
    try FixedHardware(description, host: host).reset()
    #expect(host.configuration["0:0:31.3+68"] == 6)
    description.features.rawValue = 0
    #expect(throws: ACPIHardwareError.missing) { try FixedHardware(description, host: host).reset() }
    description.features.rawValue = 1 << 10
    description.resetRegister?.space = .embeddedController
    #expect(throws: ACPIHardwareError.unreachable(.noHandler(space: 3))) {
      try FixedHardware(description, host: host).reset()
    }
  }

  @Test("General events with methods are enabled; one that happens is masked until it is finished")
  func generalEvents() throws {
    let (hardware, host) = try Self.machine()
    let firmware = try Firmware(
      """
      Scope (\\_GPE) {
        Method (_L02) { } Method (_E0D) { } Method (_L2F) { }
      }
      """)
    let interpreter = firmware.interpreter
    for port: UInt64 in 0..<8 { host.ports[0x620 + port] = 0xff }
    for port: UInt64 in 0..<8 { host.ports[0x628 + port] = 0xff }
    #expect(try hardware.enableGeneralEvents(with: interpreter) == 3)
    #expect((0..<8).map { host.ports[0x628 + $0] ?? 0 } == [0x04, 0x20, 0, 0, 0, 0x80, 0, 0])
    #expect((0..<8).allSatisfy { host.ports[0x620 + $0] == 0 })

    host.ports[0x620] = 0x06
    host.ports[0x621] = 0x20
    #expect(try hardware.takeGeneralEvent() == 0x02)
    // What has happened is still there, and masked.
    #expect(host.ports[0x620] == 0x06 && host.ports[0x628] == 0)
    #expect(try hardware.takeGeneralEvent() == 0x0d)
    #expect(host.ports[0x621] == 0x20 && host.ports[0x629] == 0)
    #expect(try hardware.takeGeneralEvent() == nil)
    // A level is forgotten after its method, all else before.
    try hardware.beginGeneralEvent(0x02, isLevel: true)
    try hardware.beginGeneralEvent(0x0d, isLevel: false)
    #expect(host.ports[0x620] == 0x06 && host.ports[0x621] == 0)
    try hardware.finishGeneralEvent(0x02, isLevel: true)
    try hardware.finishGeneralEvent(0x0d, isLevel: false)
    #expect(host.ports[0x620] == 0x02 && host.ports[0x628] == 0x04 && host.ports[0x629] == 0x20)
    #expect(try hardware.takeGeneralEvent() == nil)
    // One that happens while its method runs is not lost.
    host.ports[0x621] = 0x20
    #expect(try hardware.takeGeneralEvent() == 0x0d)
    try hardware.beginGeneralEvent(0x0d, isLevel: false)
    host.ports[0x621] = 0x20
    #expect(try hardware.takeGeneralEvent() == nil)
    try hardware.finishGeneralEvent(0x0d, isLevel: false)
    #expect(try hardware.takeGeneralEvent() == 0x0d)
    #expect(throws: ACPIHardwareError.missing) { try hardware.finishGeneralEvent(200, isLevel: false) }
  }

  @Test("Hardware-reduced machines sleep by their control register")
  func reduced() throws {
    let (hardware, host) = try Self.machine()
    var description = hardware.description
    description.features.rawValue = 1 << 20
    let firmware = try Firmware("Name (\\_S5, Package () {5, 6, 0, 0})")
    try FixedHardware(description, host: host).sleep(try #require(try firmware.interpreter.sleepType(5)))
    #expect(host.memory[0xfed8_0000] == 0x34)
    #expect(try FixedHardware(description, host: host).isEnabled())
  }
}
