public import DriverKit
public import Foundations
import Machine
import PCI
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

  override func claimRegisters(_ context: DriverContext) throws(Errno) -> PortSpace { try context.claimPorts(.bar0) }

  override func portCount(_ context: DriverContext) -> Int {
    guard let range = context.device.function?[.bar0].range else { return 0 }
    let length = Int(truncatingIfNeeded: range.upperBound - range.lowerBound)
    return min(length / SerialCard<PortSpace>.portLength, Self.portLimit)
  }

  override func connect(_ context: DriverContext) throws(Errno) { _ = try context.connectInterrupts(limit: 1) }
}
