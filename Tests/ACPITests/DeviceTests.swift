import ACPI
import Foundations
import Testing

/// What drivers ask of the namespace.
@Suite("ACPI devices")
struct DeviceTests {
  private static let resources = """
    Device (DEVA) {
      Name (_HID, "APUS0001")
      Name (_CID, Package () {"PNP0C02", EISAID ("PNP0501")})
      Name (_UID, 7)
      Name (_CRS, ResourceTemplate () {
        IRQ (Level, ActiveLow, Shared) {5, 10}
        IRQNoFlags () {3}
        DMA (Compatibility, BusMaster, Transfer8_16) {1, 2}
        FixedDMA (4, 5, Width32bit)
        IO (Decode16, 0x3F8, 0x3FF, 0x08, 0x08)
        FixedIO (0x60, 0x01)
        Memory24 (ReadWrite, 0x0A00, 0x0B00, 0x10, 0x100)
        Memory32 (ReadOnly, 0xF0000000, 0xF1000000, 0x1000, 0x2000)
        Memory32Fixed (ReadWrite, 0xFED00000, 0x400)
        Interrupt (ResourceConsumer, Edge, ActiveHigh, ExclusiveAndWake) {16, 300}
        StartDependentFn (2, 0) {}
        EndDependentFn ()
        VendorShort () {1, 2}
        GpioInt (Edge, ActiveHigh, Exclusive, PullDefault, 0, "\\\\_SB") {7}
        Register (SystemIO, 8, 1, 0x1234, 2)
        WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode, 0, 0, 0xFF, 0, 0x100)
        WordIO (ResourceProducer, MinFixed, MaxNotFixed, SubDecode, EntireRange, 1, 0x0D00, 0xFFFF, 2, 0xF300)
        DWordMemory (ResourceConsumer, PosDecode, MinFixed, MaxFixed, Cacheable, ReadWrite, 0, 0xE0000000, 0xFEBFFFFF, 0, 0x1EC00000)
        QWordMemory (ResourceProducer, PosDecode, MinNotFixed, MaxFixed, Prefetchable, ReadOnly, 0, 0x800000000, 0xFFFFFFFFF, 0x10, 0x800000000)
        ExtendedMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite, 0, 0x1000, 0x1FFF, 0, 0x1000)
        DWordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange, 0, 0, 0xCF7, 0, 0xCF8, , , , TypeTranslation)
      })
    }
    """

  private static func text(_ resource: ACPIResource) -> String {
    switch resource {
    case .interrupts(let interrupts):
      let numbers = (0..<interrupts.count).map { "\(interrupts[$0])" }.joined(separator: ",")
      let flags = [
        interrupts.isEdgeTriggered ? "edge" : "level", interrupts.isActiveLow ? "low" : "high",
        interrupts.isShared ? "shared" : "exclusive", interrupts.isWakeCapable ? "wake" : "nowake",
        interrupts.isExtended ? "long" : "short",
      ]
      return "irq \(numbers) \(flags.joined(separator: " "))"
    case .dma(let channels, let width, let isMaster): return "dma \(channels) \(width) \(isMaster)"
    case .fixedDMA(let request, let channel, let width): return "fixed dma \(request) \(channel) \(width)"
    case .ports(let range, let all): return "ports \(Self.text(range)) \(all)"
    case .memory(let range, let isWritable): return "memory \(Self.text(range)) \(isWritable)"
    case .window(let window):
      let flags = [window.isConsumer, window.isSubtractive, window.isMinimumFixed, window.isMaximumFixed]
      let bits = flags.map { $0 ? "1" : "0" }.joined()
      let numbers = [window.granularity, window.minimum, window.maximum, window.translation, window.length]
      return "window \(window.kind) \(bits) " + numbers.map { String($0, radix: 16) }.joined(separator: " ")
    case .register(let address): return "register \(address.space.rawValue) \(address.bitWidth) \(address.address)"
    case .startAlternatives(let priority): return "start \(priority)"
    case .endAlternatives: return "end"
    case .other(let tag): return "other \(String(tag, radix: 16))"
    }
  }

  private static func text(_ range: ACPIRange) -> String {
    [range.minimum, range.maximum, range.alignment, range.length].map { String($0, radix: 16) }.joined(separator: " ")
  }

  @Test("Every kind of resource is decoded")
  func crs() throws {
    let firmware = try Firmware(Self.resources)
    var found: [String] = []
    try firmware.interpreter.forEachResource(of: try firmware.node("\\DEVA")) { found.append(Self.text($0)) }
    let kind = "ACPI.ACPIWindow.Kind"
    #expect(
      found.map { $0.replacing("\(kind).", with: "") } == [
        "irq 5,10 level low shared nowake short", "irq 3 edge high exclusive nowake short", "dma 6 1 true",
        "fixed dma 4 5 2", "ports 3f8 3ff 8 8 true", "ports 60 60 1 1 false", "memory a0000 b0000 10 10000 true",
        "memory f0000000 f1000000 1000 2000 false", "memory fed00000 fed00000 1 400 true",
        "irq 16,300 edge high exclusive wake long", "start 2", "end", "other 72", "other 8c", "register 1 8 4660",
        "window buses 0011 0 0 ff 0 100", "window ports(isTranslated: false) 0110 1 d00 ffff 2 f300",
        "window memory(isWritable: true, isPrefetchable: false) 1011 0 e0000000 febfffff 0 1ec00000",
        "window memory(isWritable: false, isPrefetchable: true) 0001 0 800000000 fffffffff 10 800000000",
        "window memory(isWritable: true, isPrefetchable: false) 0011 0 1000 1fff 0 1000",
        "window ports(isTranslated: true) 0011 0 0 cf7 0 cf8",
      ])
  }

  @Test("Identifiers: compressed, text, and compatible ones")
  func identifiers() throws {
    let firmware = try Firmware(
      Self.resources
        + "Device (DEVB) { Name (_HID, EISAID (\"PNP0A03\")) }\nDevice (DEVC) { Name (_ADR, 1) Name (_CID, \"PNP0C02\") }"
    )
    let device = try firmware.node("\\DEVA")
    #expect(try firmware.interpreter.hardwareIdentifier(of: device) == ACPIIdentifier("APUS0001"))
    for name in ["APUS0001", "PNP0C02", "PNP0501"] {
      #expect(try firmware.interpreter.isCompatible(device, with: ACPIIdentifier(name)), "\(name)")
    }
    #expect(try !firmware.interpreter.isCompatible(device, with: ACPIIdentifier("PNP0C01")))
    #expect(try firmware.interpreter.uniqueIdentifier(of: device) == 7)
    let bus = try firmware.node("\\DEVB")
    #expect(try firmware.interpreter.hardwareIdentifier(of: bus) == ACPIIdentifier("PNP0A03"))
    #expect(try firmware.interpreter.isPCIRoot(bus))
    let other = try firmware.node("\\DEVC")
    #expect(try firmware.interpreter.hardwareIdentifier(of: other) == nil)
    #expect(try firmware.interpreter.isCompatible(other, with: ACPIIdentifier("PNP0C02")))
    #expect(ACPIIdentifier(eisa: 0x080a_d041) == ACPIIdentifier("PNP0A08"))
  }

  @Test("Bad templates are errors: no end tag, a descriptor that passes the end, one that is too short, no buffer")
  func badTemplates() throws {
    let firmware = try Firmware(
      """
      Device (DEV0) { Name (_ADR, 0) Name (_CRS, Buffer () {0x22, 0x20, 0x00}) }
      Device (DEV1) { Name (_ADR, 0) Name (_CRS, Buffer () {0x86, 9, 0, 1, 0, 0, 0, 0, 0, 0, 0}) }
      Device (DEV2) { Name (_ADR, 0) Name (_CRS, Buffer () {0x86, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x79, 0}) }
      Device (DEV3) { Name (_ADR, 0) Name (_CRS, Buffer () {0x89, 2, 0, 1, 5, 0x79, 0}) }
      Device (DEV4) { Name (_ADR, 0) Name (_CRS, Buffer () {}) }
      """)
    for index in 0..<5 {
      let device = try firmware.node("\\DEV\(index)")
      #expect(throws: AMLError.badResourceTemplate, "\(index)") {
        try firmware.interpreter.forEachResource(of: device) { _ in }
      }
    }
  }

  private static let links = """
    Name (CUR0, 0) Name (CUR1, 0) Name (PICM, 0)
    Method (_PIC, 1) { PICM = Arg0 }
    Device (\\_SB.PCI0) {
      Name (_HID, EISAID ("PNP0A08"))
      Name (OLD, Package () { Package () {0x1FFFF, 0, LNKA, 0}, Package () {0x1FFFF, 1, LNKB, 0} })
      Name (NEW, Package () {
        Package () {0x2FFFF, 0, 0, 20}, Package () {0x2FFFF, 3, Zero, 23}, Package () {0x2FFFF, 9, 0, 1},
        Package () {0x2FFFF, 1, "LNKB", 1}, 5, Package () {1} })
      Method (_PRT) { If (PICM) { Return (NEW) } Return (OLD) }
      Device (LNKA) {
        Name (_HID, EISAID ("PNP0C0F"))
        Name (_PRS, ResourceTemplate () { IRQ (Level, ActiveLow, Shared) {5, 10, 11} })
        Method (_CRS) {
          Name (BUFA, ResourceTemplate () { IRQ (Level, ActiveLow, Shared) {} })
          CreateWordField (BUFA, 1, IRQM)
          If (CUR0) { IRQM = (1 << CUR0) }
          Return (BUFA)
        }
        Method (_SRS, 1) { CreateWordField (Arg0, 1, IRQM) FindSetRightBit (IRQM, Local0) CUR0 = Local0 - 1 }
      }
      Device (LNKB) {
        Name (_HID, EISAID ("PNP0C0F"))
        Name (_PRS, ResourceTemplate () { Interrupt (ResourceConsumer, Level, ActiveLow, Shared) {16, 300} })
        Method (_CRS) {
          Name (BUFA, ResourceTemplate () { Interrupt (ResourceConsumer, Level, ActiveLow, Shared, , , INTA) {0} })
          CreateDWordField (BUFA, 5, IRQN)
          IRQN = CUR1
          Return (BUFA)
        }
        Method (_SRS, 1) { CreateDWordField (Arg0, 5, IRQN) CUR1 = IRQN }
      }
    }
    """

  @Test("_PRT follows the interrupt model, its nonsense is left out, and links are set")
  func routing() throws {
    let firmware = try Firmware(Self.links)
    let bus = try firmware.node("\\_SB.PCI0")
    let (linkA, linkB) = (try firmware.node("\\_SB.PCI0.LNKA"), try firmware.node("\\_SB.PCI0.LNKB"))
    func routes() throws -> [PCIRoute] {
      var routes: [PCIRoute] = []
      #expect(try firmware.interpreter.forEachRoute(ofBusBehind: bus) { routes.append($0) })
      return routes
    }
    let old = try routes()
    #expect(old.map { Int($0.device) * 4 + Int($0.pin) } == [4, 5])
    #expect(old.map { $0.source } == [.link(linkA, index: 0), .link(linkB, index: 0)])
    #expect(firmware.host.warnings.isEmpty)
    try firmware.interpreter.selectInterruptModel(.apic)
    let new = try routes()
    #expect(new.map { Int($0.device) * 4 + Int($0.pin) } == [8, 11, 9])
    #expect(new.map { $0.source } == [.interrupt(20), .interrupt(23), .link(linkB, index: 1)])
    #expect(firmware.host.warnings.count == 3)

    #expect(try firmware.interpreter.currentInterrupts(ofLink: linkA) == nil)
    let possible = try #require(try firmware.interpreter.possibleInterrupts(ofLink: linkA))
    #expect(possible.count == 3 && possible.isActiveLow && !possible.isEdgeTriggered)
    try firmware.interpreter.setInterrupt(ofLink: linkA, to: 11, from: possible)
    #expect(try firmware.interpreter.currentInterrupts(ofLink: linkA)?[0] == 11)
    #expect(throws: AMLError.operandValue) {
      try firmware.interpreter.setInterrupt(ofLink: linkA, to: 12, from: possible)
    }
    let more = try #require(try firmware.interpreter.possibleInterrupts(ofLink: linkB))
    try firmware.interpreter.setInterrupt(ofLink: linkB, to: 300, from: more)
    #expect(try firmware.interpreter.currentInterrupts(ofLink: linkB)?[0] == 300)
    #expect(try !firmware.interpreter.forEachRoute(ofBusBehind: linkA) { _ in })
  }

  @Test("Initialization runs _INI and _REG in order, of devices that are there only")
  func initialization() throws {
    let firmware = try Firmware(
      """
      Name (LOGA, "")
      Method (NOTE, 1) { LOGA = Concatenate (LOGA, Arg0) }
      Method (_INI) { NOTE ("root ") }
      Scope (\\_SB) {
        Method (_INI) { NOTE ("sb ") }
        Device (PCI0) {
          Name (_HID, EISAID ("PNP0A03"))
          Method (_INI) { NOTE ("pci ") }
          Device (DEVA) {
            Name (_ADR, 0x10000)
            OperationRegion (REGA, PCI_Config, 0, 0x40)
            OperationRegion (REGB, PCI_Config, 0x40, 0x40)
            Method (_REG, 2) { If (Arg0 == 2 && Arg1 == 1) { NOTE ("reg ") } }
            Method (_INI) { NOTE ("a ") }
          }
          Device (GONE) {
            Name (_ADR, 0x20000)
            Method (_STA) { Return (0) }
            Method (_INI) { NOTE ("gone ") }
            Device (SUBA) { Name (_ADR, 0) Method (_INI) { NOTE ("below ") } }
          }
          Device (WORK) {
            Name (_ADR, 0x30000)
            Name (_STA, 8)
            Method (_INI) { NOTE ("functional ") }
            Device (SUBA) { Name (_ADR, 0) Method (_INI) { NOTE ("child ") } }
          }
          Device (FAIL) { Name (_ADR, 0x40000) Method (_INI) { Divide (1, 0, Local0) } }
          Device (LAST) { Name (_ADR, 0x50000) Method (_INI) { NOTE ("last") } }
        }
      }
      """)
    try firmware.interpreter.initialize()
    #expect(firmware.value("\\LOGA") == "\"root sb reg pci a child last\"")
    #expect(firmware.host.warnings.count == 1)
    // A second time connects nothing again.
    try firmware.interpreter.connectRegions(.pciConfiguration)
    #expect(firmware.value("\\LOGA") == "\"root sb reg pci a child last\"")
  }

  @Test("Sleep types, events, notifications, _DSM and _EJ0")
  func system() throws {
    let firmware = try Firmware(
      """
      Name (\\_S5, Package () {5, 6, 0, 0})
      Name (\\_S3, Package () {0x0201})
      Name (\\_S4, "no package")
      Name (PTSA, 0)
      Method (_PTS, 1) { PTSA = Arg0 }
      Method (_WAK, 1) { PTSA = Arg0 + 0x10 Return (Package () {0, 0}) }
      Scope (\\_GPE) { Method (_L0D) { Notify (\\DEVA, 0x80) } Method (_E1F) { } }
      Device (DEVA) {
        Name (_HID, "APUS0001")
        Name (EJEC, 0)
        Method (_EJ0, 1) { EJEC = Arg0 }
        Method (_DSM, 4) {
          If (Arg0 == ToUUID ("e5c937d0-3553-4d7a-9117-ea4d19c3434d")) { Return (Package () {Arg1, Arg2, SizeOf (Arg3)}) }
          Return (Buffer () {0})
        }
      }
      """.replacing(
        "Return (Package () {Arg1, Arg2, SizeOf (Arg3)})",
        with: "Local0 = Arg1 * 100 + Arg2 * 10 + SizeOf (Arg3) Return (Local0)"))
    let interpreter = firmware.interpreter
    let off = try #require(try interpreter.sleepType(5))
    #expect(off.a == 5 && off.b == 6)
    let suspend = try #require(try interpreter.sleepType(3))
    #expect(suspend.a == 1 && suspend.b == 2)
    #expect(try interpreter.sleepType(1) == nil)
    #expect(try interpreter.sleepType(6) == nil)
    #expect(throws: AMLError.operandType) { _ = try interpreter.sleepType(4) }
    try interpreter.prepareToSleep(5)
    #expect(firmware.value("\\PTSA") == "0x5")
    try interpreter.wakeUp(from: 3)
    #expect(firmware.value("\\PTSA") == "0x13")

    let level = try #require(interpreter.eventMethod(0x0d))
    #expect(level.isLevel)
    #expect(try #require(interpreter.eventMethod(0x1f)).isLevel == false)
    #expect(interpreter.eventMethod(0) == nil)
    _ = try interpreter.evaluate(level.method)
    let device = try firmware.node("\\DEVA")
    #expect(firmware.host.notifications.map { $0.node } == [device])
    #expect(firmware.host.notifications.map { $0.value } == [ACPINotification.buttonPressed])

    let identifier = try #require(ACPIUUID("e5c937d0-3553-4d7a-9117-ea4d19c3434d"))
    #expect(try interpreter.deviceSpecific(device, identifier, revision: 2, function: 3)?.exactInteger == 230)
    let other = try #require(ACPIUUID("E5C937D0-3553-4D7A-9117-EA4D19C3434E"))
    #expect(try interpreter.deviceSpecific(device, other, revision: 2, function: 3)?.isBuffer == true)
    for bad in ["", "e5c937d0", "e5c937d0-3553-4d7a-9117-ea4d19c3434d0", "e5c937d0x3553-4d7a-9117-ea4d19c3434d"] {
      #expect(ACPIUUID(bad) == nil)
    }
    try interpreter.eject(device)
    #expect(firmware.value("\\DEVA.EJEC") == "0x1")
    #expect(throws: AMLError.notFound) { try interpreter.eject(.root) }
  }

  @Test("The queue keeps the order, drops repetitions and counts what is lost")
  func queue() {
    var queue = ACPINotificationQueue()
    for round in 0..<3 {
      for value in 0..<70 { queue.append(ACPINotification(node: .root, value: UInt64(value))) }
      #expect(queue.lostCount == UInt64(6 * (round + 1)))
      queue.append(ACPINotification(node: .root, value: 5))
      for value in 0..<64 { #expect(queue.popFirst()?.value == UInt64(value)) }
      #expect(queue.popFirst() == nil)
    }
  }
}
