public import DriverKit
public import Foundations
import Machine
import PCI
import SerialDriver
public import Terminals

/// The driver of 16550 serial ports behind PCI: one port, two or four, as QEMU's `pci-serial`, `pci-serial-2x` and `-4x` have.
///
/// Source: PCI Code and ID Assignment Specification 1.11, class 070002; QEMU, docs/specs/pci-serial.rst.
public final class SerialCardDriverType: DriverType {
  private let jobControl: TerminalJobControl

  /// Creates the type, whose terminals ask `jobControl` about processes.
  public init(_ jobControl: TerminalJobControl) {
    self.jobControl = jobControl
    super.init("serial", .pci)
  }

  public override func matches(_ device: DeviceNode) -> Bool { device.function?.driver == .serial }

  public override func makeDriver(for device: DeviceNode) throws(Errno) -> Driver { SerialCardDriver(jobControl) }
}

/// A card with serial ports.
final class SerialCardDriver: SerialPortsDriver {
  /// More ports than any card of the class has in one range.
  private static let portLimit = 8

  /// How long a port of the machine's own may take until it works or does not, in nanoseconds.
  private static let patience: UInt64 = 1_000_000_000

  override func claimRegisters(_ context: DriverContext) throws(Errno) -> PortSpace { try context.claimPorts(.bar0) }

  override func identity(_ context: DriverContext) -> SerialIdentity {
    guard let range = context.device.function?[.bar0].range else { return SerialIdentity(sharesInterrupt: true) }
    return SerialIdentity(address: UInt16(truncatingIfNeeded: range.lowerBound), sharesInterrupt: true)
  }

  override func portCount(_ context: DriverContext) -> Int {
    guard let range = context.device.function?[.bar0].range else { return 0 }
    let length = Int(truncatingIfNeeded: range.upperBound - range.lowerBound)
    return min(length / SerialCard<PortSpace>.portLength, Self.portLimit)
  }

  /// As on Linux the machine's own ports have theirs before any card: which number a card gets is the same each time.
  override func awaitNumbers(_ context: DriverContext) {
    DeviceTree.forEach { device in
      guard device.platformDriver == .serial else { return }
      _ = DeviceTree.settle(device, timeoutNanoseconds: Self.patience)
    }
  }

  override func connect(_ card: SerialCard<PortSpace>, _ context: DriverContext) throws(Errno) {
    _ = try context.connectInterrupts(limit: 1)
  }
}
