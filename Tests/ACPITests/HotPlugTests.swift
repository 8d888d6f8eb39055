import ACPI
import Foundation
import Foundations
import Testing

/// Devices that come and go under firmware's control, and who controls what.
@Suite("ACPI hot-plug")
struct HotPlugTests {
  private static let machine = """
    Scope (\\_SB) {
      Device (PCI0) {
        Name (_HID, EISAID ("PNP0A08"))
        Name (_CID, EISAID ("PNP0A03"))
        Name (_BBN, 0x20)
        Device (PORT) {
          Name (_ADR, 0x00020000)
          Device (SLOT) {
            Name (_ADR, 0x0000FFFF)
            Name (_SUN, 3)
            Name (THER, 0xF)
            Name (TOLD, 0)
            Method (_STA) { Return (THER) }
            Method (_EJ0, 1) { If (Arg0 == 1) { THER = 0 } }
            Method (_OST, 3) { TOLD = (Arg0 << 16) | (Arg1 << 8) | SizeOf (Arg2) }
          }
        }
        Device (DISK) { Name (_ADR, 0x001F0002) Method (_EJ0, 1) {} }
        Device (GEN0) { Name (_HID, EISAID ("PNP0C02")) }
      }
      Device (CPUS) {
        Name (_HID, "ACPI0010")
        Device (C001) { Name (_HID, "ACPI0007") Name (_UID, 1) Name (_ADR, 5) }
        Device (C002) { Name (_HID, "ACPI0007") Name (_UID, 2) }
      }
    }
    """

  @Test("Each notification is brought to the bus and the device that it is about")
  func requests() throws {
    let firmware = try Firmware(Self.machine)
    firmware.host.setBridge(0x20, 2, to: 0x21)
    func request(_ path: String, _ value: UInt64) throws -> ACPIHotPlugRequest? {
      try firmware.interpreter.hotPlugRequest(ACPINotification(node: try firmware.node(path), value: value))
    }
    let slot = try firmware.node("\\_SB.PCI0.PORT.SLOT")
    #expect(try request("\\_SB.PCI0", 0) == .scan(segment: 0, bus: 0x20))
    #expect(try request("\\_SB.PCI0", 1) == .scan(segment: 0, bus: 0x20))
    #expect(try request("\\_SB.PCI0", 3) == .release(try firmware.node("\\_SB.PCI0")))
    #expect(try request("\\_SB.PCI0.PORT", 0) == .scan(segment: 0, bus: 0x21))
    #expect(try request("\\_SB.PCI0.PORT", 1) == .scan(segment: 0, bus: 0x20))
    #expect(try request("\\_SB.PCI0.PORT.SLOT", 0) == .scan(segment: 0, bus: 0x21))
    #expect(try request("\\_SB.PCI0.PORT.SLOT", 1) == .scan(segment: 0, bus: 0x21))
    #expect(try request("\\_SB.PCI0.PORT.SLOT", 3) == .eject(slot, segment: 0, bus: 0x21, device: 0))
    let disk = try firmware.node("\\_SB.PCI0.DISK")
    #expect(try request("\\_SB.PCI0.DISK", 3) == .eject(disk, segment: 0, bus: 0x20, device: 31))
    #expect(try request("\\_SB.CPUS.C001", 1) == .check(try firmware.node("\\_SB.CPUS.C001")))
    #expect(try request("\\_SB.CPUS.C002", 3) == .release(try firmware.node("\\_SB.CPUS.C002")))
    #expect(try request("\\_SB.PCI0.GEN0", 1) == .check(try firmware.node("\\_SB.PCI0.GEN0")))
    for value: UInt64 in [2, 4, 0x80, 0x81, .max] { #expect(try request("\\_SB.PCI0.PORT.SLOT", value) == nil) }
  }

  @Test("What is behind a bridge that has gone, or whose number makes no sense, is told of as its bridge's bus")
  func missingBridge() throws {
    let firmware = try Firmware(Self.machine)
    let node = try firmware.node("\\_SB.PCI0.PORT.SLOT")
    for bus: UInt8? in [nil, 0, 0x20, 0x1f] {
      firmware.host.setBridge(0x20, 2, to: bus)
      for value: UInt64 in [0, 1, 3] {
        let request = try firmware.interpreter.hotPlugRequest(ACPINotification(node: node, value: value))
        #expect(request == .scan(segment: 0, bus: 0x20))
      }
    }
  }

  @Test("Slots are what can be taken out of a bus that is there")
  func slots() throws {
    let firmware = try Firmware(Self.machine)
    func slot(_ path: String) throws -> ACPISlot? { try firmware.interpreter.slot(of: try firmware.node(path)) }
    #expect(try slot("\\_SB.PCI0.PORT.SLOT") == nil)
    firmware.host.setBridge(0x20, 2, to: 0x21)
    let found = try #require(try slot("\\_SB.PCI0.PORT.SLOT"))
    #expect(found.segment == 0 && found.bus == 0x21 && found.device == 0 && found.number == 3)
    let disk = try #require(try slot("\\_SB.PCI0.DISK"))
    #expect(disk.bus == 0x20 && disk.device == 31 && disk.number == nil)
    for path in ["\\_SB.PCI0", "\\_SB.PCI0.PORT", "\\_SB.PCI0.GEN0", "\\_SB.CPUS.C001"] {
      #expect(try slot(path) == nil)
    }
  }

  @Test("A device is taken out, and firmware is told what became of it")
  func takeOut() throws {
    let firmware = try Firmware(Self.machine)
    let slot = try firmware.node("\\_SB.PCI0.PORT.SLOT")
    #expect(try firmware.interpreter.takeOut(slot))
    #expect(try !firmware.interpreter.status(of: slot).isPresent)
    try firmware.interpreter.report(.inUse, of: ACPINotification(node: slot, value: 3))
    #expect(firmware.value("\\_SB.PCI0.PORT.SLOT.TOLD") == "0x38000")
    #expect(try firmware.interpreter.takeOut(try firmware.node("\\_SB.PCI0.DISK")))
    #expect(throws: AMLError.notFound) {
      try firmware.interpreter.takeOut(try firmware.node("\\_SB.PCI0.PORT"))
    }
    try firmware.interpreter.report(.success, of: ACPINotification(node: try firmware.node("\\_SB"), value: 1))
  }

  /// A root whose `_OSC` keeps some control, and writes down what it is asked.
  private static func control(_ body: String) -> String {
    """
    Name (LOG, Package (16) {})
    Name (NEXT, 0)
    Device (PCI0) {
      Name (_HID, EISAID ("PNP0A08"))
      Method (_OSC, 4) {
        CreateDWordField (Arg3, 0, CDW1)
        CreateDWordField (Arg3, 4, CDW2)
        CreateDWordField (Arg3, 8, CDW3)
        LOG [NEXT] = (CDW1 << 16) | (CDW2 << 8) | CDW3
        NEXT++
        If (Arg0 != ToUUID ("33DB4D5B-1FF7-401C-9657-7441C03DD766")) { CDW1 |= 4 Return (Arg3) }
        \(body)
        Return (Arg3)
      }
    }
    """
  }

  private static let wanted: ACPIPCIControl = [
    .expressHotPlug, .powerEvents, .errorReporting, .capability, .latencyTolerance,
  ]

  private static func negotiate(_ body: String) throws -> (granted: ACPIPCIControl?, log: [String]) {
    let firmware = try Firmware(control(body))
    let granted = try firmware.interpreter.negotiatePCIControl(
      of: try firmware.node("\\PCI0"), [.extendedConfiguration, .messages], wanted: wanted)
    let count = Int(firmware.value("\\NEXT").dropFirst(2), radix: 16) ?? 0
    let log = firmware.value("\\LOG").dropFirst().dropLast().components(separatedBy: ", ").prefix(count)
    return (granted, Array(log))
  }

  @Test("Firmware is asked what it would grant, and then for exactly that")
  func negotiation() throws {
    let all = try Self.negotiate("")
    #expect(all.granted == Self.wanted && all.log == ["0x1113d", "0x113d"])
    // Native hot-plug is kept by firmware, as QEMU's is when it has its own.
    let some = try Self.negotiate("If (CDW3 != (CDW3 & 0x3e)) { CDW3 &= 0x3e CDW1 |= 0x10 }")
    #expect(some.granted == Self.wanted.subtracting(.expressHotPlug))
    #expect(some.log == ["0x1113d", "0x1113c", "0x113c"])
    // One that grants in the end less than it said.
    let less = try Self.negotiate("If ((CDW1 & 1) == 0) { CDW3 &= 0x1c CDW1 |= 0x10 }")
    #expect(less.granted == [.powerEvents, .errorReporting, .capability])
    // And one that claims more than was asked for.
    let more = try Self.negotiate("CDW3 = 0xffffffff")
    #expect(more.granted == Self.wanted)
  }

  @Test("Firmware that refuses, does not understand or answers nonsense keeps all control")
  func refusals() throws {
    let none = try Self.negotiate("CDW3 &= 0x2f CDW1 |= 0x10")
    #expect(none.granted == [] && none.log == ["0x1113d"])
    for bit in [2, 4, 8] { #expect(try Self.negotiate("CDW1 |= \(bit)").granted == []) }
    for answer in ["Buffer (4) {}", "7", "\"text\"", "Package () {1, 2, 3}"] {
      #expect(try Self.negotiate("Return (\(answer))").granted == [])
    }
    // One that takes one more back at each question is not asked for ever.
    let fickle = try Self.negotiate("CDW3 ^= 0x20")
    #expect(fickle.log.count < 16)
    let firmware = try Firmware("Device (PCI0) { Name (_HID, EISAID (\"PNP0A03\")) }")
    #expect(
      try firmware.interpreter.negotiatePCIControl(of: try firmware.node("\\PCI0"), [], wanted: Self.wanted) == nil)
  }

  /// An interpreter with a machine's own tables.
  private func interpreter(_ arguments: [String], _ host: TestHost) throws -> AMLInterpreter {
    let folder = try ReferenceTools.scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    let memory = try QEMUTables.memory(arguments + ["-m", "64M"], megabytes: 64, in: folder)
    let list = try ACPITableList(rootPointerAt: try #require(RootPointer.searchBIOS(memory)), in: memory)
    let interpreter = try AMLInterpreter(host: host)
    try interpreter.load(array(try list.table("DSDT", in: memory)))
    for instance in 0..<list.count(of: "SSDT") {
      try interpreter.load(array(try list.table("SSDT", instance: instance, in: memory)))
    }
    try interpreter.initialize()
    return interpreter
  }

  /// Lets QEMU's hot-plug controller at `base` show devices that have come and are to go in the slots of bus selector 0.
  private func setSlots(_ host: TestHost, _ base: UInt64, up: UInt32, down: UInt32) {
    func set(_ offset: UInt64, _ value: UInt32) {
      for index in UInt64(0)..<4 {
        host.ports[base + offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(index * 8))
      }
    }
    let selector: UInt64 = 0x10
    set(0, up)
    set(4, down)
    host.onPortWrite = { _, address, value in
      guard address == base + selector else { return }
      set(0, value == 0 ? up : 0)
      set(4, value == 0 ? down : 0)
    }
  }

  @Test("QEMU's pc: what its events tell of slots, and how a device is taken out there")
  func pc() throws {
    let host = TestHost()
    let interpreter = try interpreter(["-machine", "pc"], host)
    let (event, isLevel) = try #require(interpreter.eventMethod(1))
    #expect(!isLevel)
    setSlots(host, 0xae00, up: 1 << 5, down: 1 << 6 | 1 << 7)
    _ = try interpreter.evaluate(event)
    let requests = try host.notifications.map {
      try interpreter.hotPlugRequest(ACPINotification(node: $0.node, value: $0.value))
    }
    var ejected: [UInt8] = []
    var scans = 0
    host.ports[0xae08] = 0
    for case .some(let request) in requests {
      switch request {
      case .scan(segment: 0, bus: 0): scans += 1
      case .eject(let node, segment: 0, bus: 0, let device):
        ejected.append(device)
        host.isRecording = true
        host.accesses = []
        #expect(try interpreter.takeOut(node))
        host.isRecording = false
        // Its register takes the slot as a bit.
        let writes = host.accesses.filter { $0.value != nil && $0.space == .systemIO && $0.address == 0xae08 }
        #expect(writes.compactMap(\.value) == [1 << UInt64(device)])
      default: Issue.record("\(request)")
      }
    }
    #expect(scans == 1 && ejected == [6, 7] && requests.count == 3)
    // It has no PCI Express to control.
    let root = try #require(interpreter.find("\\_SB.PCI0"))
    #expect(try interpreter.negotiatePCIControl(of: root, [.messages], wanted: Self.wanted) == nil)
  }

  @Test("QEMU's q35 keeps slots to itself or leaves them, as it was told", arguments: [true, false])
  func q35(keepsSlots: Bool) throws {
    let host = TestHost()
    let setting = "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=\(keepsSlots ? "on" : "off")"
    let interpreter = try interpreter(
      ["-machine", "q35", "-global", setting, "-device", "pcie-root-port,id=rp0,chassis=1,addr=2"], host)
    let root = try #require(interpreter.find("\\_SB.PCI0"))
    let support: ACPIPCISupport = [.extendedConfiguration, .activeStatePower, .clockPower, .segments, .messages]
    let granted = try #require(try interpreter.negotiatePCIControl(of: root, support, wanted: Self.wanted))
    #expect(granted.isSuperset(of: [.powerEvents, .errorReporting, .capability]))
    #expect(granted.contains(.expressHotPlug) == !keepsSlots)
    guard keepsSlots else { return }
    host.setBridge(0, 2, to: 1)
    let (event, _) = try #require(interpreter.eventMethod(1))
    setSlots(host, 0xcc0, up: 1, down: 1)
    _ = try interpreter.evaluate(event)
    let requests = try host.notifications.compactMap {
      try interpreter.hotPlugRequest(ACPINotification(node: $0.node, value: $0.value))
    }
    #expect(requests.count == 2 && requests.first == .scan(segment: 0, bus: 1))
    guard case .eject(let node, segment: 0, bus: 1, device: 0) = requests.last else {
      Issue.record("\(requests)")
      return
    }
    #expect(interpreter.parent(of: node) != root)
    #expect(try interpreter.takeOut(node))
  }
}
