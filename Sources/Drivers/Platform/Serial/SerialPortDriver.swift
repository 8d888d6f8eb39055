import DeviceFiles
public import DriverKit
public import Foundations
import Interrupts
import Logging
import Machine
import SerialDriver
public import Terminals

/// The driver of the machine's own serial ports, which firmware describes: COM2 to COM4, and COM1 where that is not the console.
public final class SerialPortDriverType: DriverType {
  private let jobControl: TerminalJobControl
  private let consoleAddress: UInt16?
  /// The number of the console's port, whose file is the kernel's: no other port gets it.
  private let consoleNumber: HeldDeviceIndex?

  /// Creates the type.
  ///
  /// - Parameters:
  ///   - jobControl: whom the ports' terminals ask about processes.
  ///   - consoleAddress: the first I/O port of the serial port that the kernel has for its console, which is left alone; nil when it
  ///     has none.
  public init(_ jobControl: TerminalJobControl, consoleAddress: UInt16?) {
    (self.jobControl, self.consoleAddress) = (jobControl, consoleAddress)
    consoleNumber = consoleAddress.flatMap { Self.hold($0) }
    super.init(PlatformDriver.serial.linuxName, PlatformDriver.serial.deviceBus)
  }

  private static func hold(_ address: UInt16) -> HeldDeviceIndex? {
    guard let number = SerialNumbers.number(at: address) else { return nil }
    return try? DeviceIndexes.hold(SerialNumbers.name, number)
  }

  public override func matches(_ device: DeviceNode) -> Bool { device.platformDriver == .serial }

  public override func makeDriver(for device: DeviceNode) throws(Errno) -> Driver {
    SerialPortDriver(jobControl, consoleAddress)
  }

  /// Where `device` is; nil when firmware names no ports of it.
  ///
  /// Source: ACPI 6.5, section 6.4.2.5; eight ports are a 16550's.
  static func place(of device: DeviceNode) -> SerialPlace? {
    guard let firmware = device.firmware, let ports = PlatformDriver.serial.ports(of: firmware) else { return nil }
    return SerialPlace(address: ports.first, line: PlatformDriver.serial.interrupt(of: firmware)?.number)
  }
}

/// A serial port on the machine's board.
final class SerialPortDriver: SerialPortsDriver {
  /// How often to look whether a port that was told to interrupt at once has done so, and how long to wait in between, in
  /// microseconds. That is far longer than it takes, because a virtual machine may stand still meanwhile.
  private static let interruptLooks = 100
  private static let interruptPause: UInt64 = 1_000

  private let consoleAddress: UInt16?

  init(_ jobControl: TerminalJobControl, _ consoleAddress: UInt16?) {
    self.consoleAddress = consoleAddress
    super.init(jobControl)
  }

  override func claimRegisters(_ context: DriverContext) throws(Errno) -> PortSpace {
    guard let place = place(context) else {
      context.log(.debug, "firmware names no ports of it")
      throw .ENODEV
    }
    if place.address == consoleAddress {
      context.log(.debug, "port \(hex: place.address) is the console's")
      throw .ENODEV
    }
    do throws(Errno) {
      return try context.claimPorts(place.address, count: SerialCard<PortSpace>.portLength)
    } catch {
      // Somebody has them: then firmware describes one port twice, or what stands there is something else.
      context.log(.warning, "the ports from \(hex: place.address) on are in use")
      throw .ENODEV
    }
  }

  override func portCount(_ context: DriverContext) -> Int { 1 }

  override func template(_ context: DriverContext) -> DeviceFileTemplate {
    SerialNumbers.template(from: place(context).flatMap { SerialNumbers.number(at: $0.address) })
  }

  override func identity(_ context: DriverContext) -> SerialIdentity {
    guard let place = place(context) else { return SerialIdentity() }
    return SerialIdentity(address: place.address, interrupt: place.line)
  }

  private func place(_ context: DriverContext) -> SerialPlace? { SerialPortDriverType.place(of: context.device) }

  override func connect(_ card: SerialCard<PortSpace>, _ context: DriverContext) throws(Errno) {
    guard let line = context.device.firmware.flatMap({ PlatformDriver.serial.interrupt(of: $0) }) else { throw .ENODEV }
    try context.connectLine(line) { notice throws(Errno) in
      guard let server = card.server(0) else { throw .ENODEV }
      return BoardPortInterrupt(server.port, notice)
    }
  }

  override func hasInterrupted(_ card: SerialCard<PortSpace>, since count: Int, _ context: DriverContext) -> Bool {
    for _ in 0..<Self.interruptLooks {
      if Containment.outside({ card.interruptCount != count }) { return true }
      context.sleep(microseconds: Self.interruptPause)
    }
    return false
  }
}

/// The interrupt of a port on the machine's board, which is served at once: COM3 and COM4 share the lines of COM1 and COM2, and
/// such a line changes only when no port on it has a cause any more.
final class BoardPortInterrupt<Space: RegisterSpace & ~Copyable>: InterruptHandler {
  private let port: SerialTerminal<SharedWindow<Space>>
  private let interrupt: SerialInterrupt<SharedWindow<Space>>
  private let notice: DriverNotice

  init(_ port: SerialTerminal<SharedWindow<Space>>, _ notice: DriverNotice) {
    (self.port, self.notice) = (port, notice)
    interrupt = SerialInterrupt(port)
    super.init()
  }

  override var label: StaticString { interrupt.label }
  override var canShareEdges: Bool { interrupt.canShareEdges }

  override func handle() -> Bool {
    guard interrupt.handle() else { return false }
    // The machine rests and is to wake, or the port is broken and the driver is to ask it from now on.
    if port.isPolled { notice.raise() }
    return true
  }
}
