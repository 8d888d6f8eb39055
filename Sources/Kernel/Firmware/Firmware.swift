import ACPI
import DriverKit
import Foundations
import Interrupts
import Logging
import Machine
import PCI
import PlatformDrivers
import Synchronization
import Waiting

/// The firmware's code and fixed hardware in use: events, power off, reset.
///
/// Only the boot CPU uses the interpreter, until there are threads and a sleeping lock around it. The interrupt of events touches
/// the fixed registers only, and leaves what must be evaluated to `serve`.
final class Firmware {
  private static let current = BootCell<Firmware>()
  private static let softOff = 5

  private let host: FirmwareHost
  let interpreter: AMLInterpreter
  private let hardware: FixedHardware
  /// What the power-off takes, found out while all is well.
  private let offType: ACPISleepType?
  private var connection: InterruptConnection?

  /// The firmware, once `start` has succeeded.
  static func withCurrent(_ body: (Firmware) -> Void) { current.withValue { body($0) } }

  /// Loads the namespace, takes over the fixed hardware and lets events come.
  ///
  /// - Returns: a line for the log, or nil when there is nothing to be taken over.
  static func start(_ tables: borrowing FirmwareTables?, _ configuration: any PCIConfigurationAccess) -> Message? {
    switch tables {
    case .some(let tables): start(tables, configuration)
    case .none: nil
    }
  }

  private static func start(
    _ tables: borrowing FirmwareTables, _ configuration: any PCIConfigurationAccess
  ) -> Message? {
    guard !current.isFilled, let table = tables.table("FACP") else { return nil }
    do throws(ACPITableError) {
      let description = try FADT(table)
      do throws(AMLError) {
        let firmware = try Firmware(description, tables, configuration)
        firmware.enableEvents()
        firmware.logDevices()
        firmware.interpreter.addInterruptRoutes()
        firmware.negotiateSlots()
        let usage = firmware.interpreter.usage
        current.fill(firmware)
        return "ACPI namespace of \(usage.nodes) names, \(usage.heapBytes) bytes"
      } catch {
        return "the namespace cannot be used: \(error.text)"
      }
    } catch {
      return "the FADT is refused: \(error.reason)"
    }
  }

  private init(
    _ description: FADT, _ tables: borrowing FirmwareTables, _ configuration: any PCIConfigurationAccess
  ) throws(AMLError) {
    let directory: FirmwareTableDirectory
    do throws(Errno) { directory = try tables.directory() } catch { throw .outOfMemory }
    host = FirmwareHost(configuration, directory)
    let interpreter = try AMLInterpreter(host: host)
    self.interpreter = interpreter
    hardware = FixedHardware(description, host: host)
    try Self.load("DSDT", tables, into: interpreter)
    try Self.load("SSDT", tables, into: interpreter)
    do throws(ACPIHardwareError) {
      try hardware.enable()
    } catch {
      KernelLog.add(.warning, .acpi, "the machine stays in legacy mode")
    }
    try Self.tolerating("the start of the devices") { () throws(AMLError) in try interpreter.initialize() }
    try Self.tolerating("_PIC") { () throws(AMLError) in try interpreter.selectInterruptModel(.apic) }
    var offType: ACPISleepType?
    try Self.tolerating("_S5") { () throws(AMLError) in offType = try interpreter.sleepType(Self.softOff) }
    self.offType = offType
    connection = nil
  }

  /// Does what the machine can be used without; what goes wrong is logged.
  private static func tolerating(_ what: Message, _ body: () throws(AMLError) -> Void) throws(AMLError) {
    do throws(AMLError) { try body() } catch {
      if error == .outOfMemory { throw error }
      KernelLog.add(.warning, .acpi, "\(what) failed: \(error.text)")
    }
  }

  private static func load(
    _ signature: ACPISignature, _ tables: borrowing FirmwareTables, into interpreter: AMLInterpreter
  ) throws(AMLError) {
    for instance in 0..<tables.count(of: signature) {
      guard let table = tables.table(signature, instance: instance) else { continue }
      do throws(AMLError) {
        let left = try interpreter.load(table.takeBytes())
        if left > 0 { KernelLog.add(.warning, .acpi, "\(left) terms of a table were left out") }
      } catch {
        if error == .outOfMemory { throw error }
        KernelLog.add(.error, .acpi, "table \(instance + 1) ends early: \(error.text)")
      }
    }
  }

  /// Logs the devices that are there and say what they are: slots of a bus, whose devices the bus describes, do not.
  private func logDevices() {
    do throws(AMLError) {
      try interpreter.forEachDevice { device throws(AMLError) in
        guard let identifier = try? self.interpreter.hardwareIdentifier(of: device),
          let status = try? self.interpreter.status(of: device)
        else { return true }
        var text = Message()
        self.interpreter.writePath(of: device, to: &text)
        text.write(" ")
        identifier.write(to: &text)
        text.write(Message(" status \(hex: UInt64(status.rawValue))"))
        KernelLog.add(.debug, .acpi, text)
        return true
      }
    } catch {
      KernelLog.add(.warning, .acpi, "the devices cannot be listed: \(error.text)")
    }
  }

  // MARK: Events

  private static let buttonWasPressed = Atomic<Bool>(false)
  private static let sleepWasWanted = Atomic<Bool>(false)
  private static let generalEventCame = Atomic<Bool>(false)

  /// The buttons of the fixed hardware.
  var fixedButtons: FixedButtons {
    let features = hardware.description.features
    guard !features.isHardwareReduced else { return FixedButtons() }
    return FixedButtons(
      hasPower: !features.hasControlMethodPowerButton, hasSleep: !features.hasControlMethodSleepButton)
  }

  private func enableEvents() {
    do throws(ACPIHardwareError) {
      if fixedButtons.hasPower { try hardware.enable(.powerButton) }
      if fixedButtons.hasSleep { try hardware.enable(.sleepButton) }
      let count = try hardware.enableGeneralEvents(with: interpreter)
      KernelLog.add(.debug, .acpi, "\(count) general-purpose events")
    } catch {
      KernelLog.add(.warning, .acpi, "there are no events")
      return
    }
    let line = hardware.description.sciInterrupt
    do throws(Errno) {
      let handler = EventHandler(hardware)
      connection =
        line < 16
        ? try InterruptLines.connect(isa: UInt8(line), handler: handler)
        : try InterruptLines.connect(global: UInt32(line), .pci, handler: handler)
    } catch {
      KernelLog.add(.warning, .acpi, "no interrupt for events: error \(error.rawValue)")
    }
  }

  /// The interrupt of ACPI events.
  private final class EventHandler: InterruptHandler {
    private let hardware: FixedHardware

    init(_ hardware: FixedHardware) {
      self.hardware = hardware
      super.init()
    }

    override var label: StaticString { "acpi" }

    override func handle() -> Bool {
      do throws(ACPIHardwareError) {
        let events = try hardware.takeEvents()
        if events.contains(.powerButton) {
          Firmware.noteButton()
          Firmware.workQueue.wake()
        }
        if events.contains(.sleepButton) {
          Firmware.sleepWasWanted.store(true, ordering: .releasing)
          Firmware.workQueue.wake()
        }
        var hasGeneral = false
        while let number = try hardware.takeGeneralEvent() {
          Firmware.note(number)
          hasGeneral = true
        }
        return events.rawValue != 0 || hasGeneral
      } catch {
        return false
      }
    }
  }

  private struct EventSet: Sendable {
    var words = InlineArray<4, UInt64>(repeating: 0)
  }

  private static let pending = SpinLock(EventSet())

  private static func note(_ number: UInt8) {
    pending.withLock { $0.words[Int(number >> 6)] |= 1 << UInt64(number & 63) }
    generalEventCame.store(true, ordering: .releasing)
    workQueue.wake()
  }

  /// Who waits for `hasWork`.
  static let workQueue = WaitQueue()

  /// A power button was pressed. While devices rest that wakes the machine, and means no more.
  fileprivate static func noteButton() {
    WakeEvents.note()
    if !KernelSuspend.isResting { buttonWasPressed.store(true, ordering: .releasing) }
  }

  /// Whether `serve` has something to do.
  static var hasWork: Bool {
    buttonWasPressed.load(ordering: .acquiring) || sleepWasWanted.load(ordering: .acquiring)
      || generalEventCame.load(ordering: .acquiring) || FirmwareSlots.hasOrder
  }

  /// Does what events have asked for since the last time.
  ///
  /// - Context: the boot CPU, interrupts on, no lock held.
  func serve() {
    if Self.generalEventCame.exchange(false, ordering: .acquiring) { serveGeneralEvents() }
    while let order = FirmwareSlots.takeOrder() { serve(order) }
    while let notification = host.takeNotification() {
      var text = Message()
      text.write("notification \(hex: notification.value) for " as Message)
      interpreter.writePath(of: notification.node, to: &text)
      KernelLog.add(.info, .acpi, text)
      serveHotPlug(notification)
      if notification.value == ACPINotification.buttonPressed { serveButton(notification.node) }
    }
    if Self.buttonWasPressed.exchange(false, ordering: .acquiring), !PowerButtons.press(.fixedPower) { turnOff() }
    if Self.sleepWasWanted.exchange(false, ordering: .acquiring), !PowerButtons.press(.fixedSleep) { noteSleep() }
  }

  /// A button that firmware's code watches was pressed.
  private func serveButton(_ node: AMLNode) {
    if let device = PlatformDevices.device(for: node), let kind = PowerButton.Kind(device) {
      guard !PowerButtons.press(device) else { return }
      return kind.isForPower ? turnOff() : noteSleep()
    }
    // Before there are drivers, and in kernels that only run tests.
    if (try? interpreter.isCompatible(node, with: ACPIIdentifier("PNP0C0C"))) ?? false { turnOff() }
  }

  private func turnOff() {
    KernelLog.add(.notice, .acpi, "the power button was pressed")
    KernelLog.flush()
    Power.shutDownDevices()
    powerOff()
  }

  private func noteSleep() { KernelLog.add(.info, .acpi, "the sleep button was pressed, and no program has it") }

  private func serveGeneralEvents() {
    let events = Self.pending.withLock { pending in
      let events = pending
      pending = EventSet()
      return events
    }
    for number in UInt8.min...UInt8.max where events.words[Int(number >> 6)] & 1 << UInt64(number & 63) != 0 {
      let found = interpreter.eventMethod(number)
      let isLevel = found?.isLevel ?? true
      do throws(ACPIHardwareError) {
        try hardware.beginGeneralEvent(number, isLevel: isLevel)
        if let found { run(found.method, of: number) }
        try hardware.finishGeneralEvent(number, isLevel: isLevel)
      } catch {
        KernelLog.add(.warning, .acpi, "event \(UInt64(number)) stays off")
      }
    }
  }

  private func run(_ method: AMLNode, of event: UInt8) {
    do throws(AMLError) { _ = try interpreter.evaluate(method) } catch {
      KernelLog.add(.warning, .acpi, "the method of event \(UInt64(event)) failed: \(error.text)")
    }
  }

  // MARK: Power

  /// Turns the machine off. Returns when it cannot be.
  func powerOff() {
    guard let offType else { return }
    try? interpreter.prepareToSleep(Self.softOff)
    Consoles.drain()
    ProcessorMessages.stopOthers()
    Processor.disableInterrupts()
    try? hardware.sleep(offType)
  }

  /// Resets the machine by the firmware's register. Returns when there is none.
  func reset() {
    Consoles.drain()
    ProcessorMessages.stopOthers()
    Processor.disableInterrupts()
    try? hardware.reset()
  }
}
