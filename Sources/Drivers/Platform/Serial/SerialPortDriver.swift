import DeviceFiles
public import DriverKit
public import Foundations
import Logging
import Machine
public import Terminals

/// The driver of the machine's own serial ports, which firmware describes: COM2 to COM4, and COM1 where that is not the console.
public final class SerialPortDriverType: DriverType {
  private let jobControl: TerminalJobControl
  private let consoleAddress: UInt16?

  /// Creates the type.
  ///
  /// - Parameters:
  ///   - jobControl: whom the ports' terminals ask about processes.
  ///   - consoleAddress: the first I/O port of the serial port that the kernel has for its console, which is left alone; nil when it
  ///     has none.
  public init(_ jobControl: TerminalJobControl, consoleAddress: UInt16?) {
    (self.jobControl, self.consoleAddress) = (jobControl, consoleAddress)
    super.init(PlatformDriver.serial.linuxName, PlatformDriver.serial.deviceBus)
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
  /// How long a port that was told to interrupt at once may take, in microseconds: far longer than it does, because a virtual machine may
  /// stand still meanwhile.
  private static let interruptLimit: UInt64 = 100_000

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
    let number = place(context).flatMap { SerialNumbers.number(at: $0.address) }
    return SerialNumbers.template(from: number ?? SerialNumbers.firstOfCards)
  }

  override func place(_ context: DriverContext) -> SerialPlace? { SerialPortDriverType.place(of: context.device) }

  override func connect(_ context: DriverContext) throws(Errno) {
    guard let line = context.device.firmware.flatMap({ PlatformDriver.serial.interrupt(of: $0) }) else { throw .ENODEV }
    // As the console's, and as on Linux.
    try context.connectLine(line, label: "ttyS")
  }

  override func hasInterrupted(_ context: DriverContext) -> Bool {
    context.waitForInterrupt(microseconds: Self.interruptLimit) != nil
  }
}
