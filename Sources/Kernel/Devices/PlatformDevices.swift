import ACPI
import DriverKit
import Foundations
import Logging
import Machine
import PlatformDrivers
import Processes
import Terminals

/// What a PC has besides what its buses tell of, and the drivers for that.
enum PlatformDevices {
  /// Makes the drivers known: those that `Specs/acpi/drivers.json` calls done, and those of PCI functions in the same module.
  ///
  /// - Parameter centuryIndex: of the FADT, for the clock; 0 when there is none.
  /// - Throws: `ENOMEM`.
  static func registerDrivers(centuryIndex: UInt8) throws(Errno) {
    try DeviceTree.register(I6300ESBDriverType())
    try DeviceTree.register(PanicFunctionDriverType())
    try DeviceTree.register(PanicPortDriverType())
    try DeviceTree.register(SerialCardDriverType(ProcessJobControl()))
    try DeviceTree.register(SerialPortDriverType(ProcessJobControl(), consoleAddress: Consoles.serialAddress))
    try DeviceTree.register(KeyboardPortsDriverType(.pnp, KernelSerioPorts()))
    try DeviceTree.register(KeyboardPortsDriverType(.platform, KernelSerioPorts()))
    try DeviceTree.register(ClockDriverType(.pnp, centuryIndex: centuryIndex, hasSetSystemTime: true))
    try DeviceTree.register(ClockDriverType(.platform, centuryIndex: centuryIndex, hasSetSystemTime: true))
    try DeviceTree.register(SpeakerDriverType(KernelSpeakers()))
    try DeviceTree.register(PowerButtonDriverType(KernelPowerButtons()))
  }

  /// Adds the devices that firmware describes, and those that are taken for granted where it says nothing.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: the boot thread, which alone uses the firmware's code.
  static func addAll() throws(Errno) {
    let scan = PlatformScan { device throws(Errno) in try add(device) }
    var firmware: Firmware?
    Firmware.withCurrent { firmware = $0 }
    if let firmware { try scan.addNamespace(firmware.interpreter) }
    try scan.addUsual(firmware?.fixedButtons ?? FixedButtons())
  }

  /// Adds one. That firmware names two alike is its mistake, and no reason to go without the others.
  private static func add(_ device: DeviceNode) throws(Errno) {
    do throws(Errno) { try DeviceTree.add(device) } catch {
      guard error == .EEXIST else { throw error }
      KernelLog.add(.warning, .acpi, "there are two of \(device.name)")
    }
  }

  /// The device that is `node` in the firmware's namespace.
  ///
  /// - Context: any thread.
  static func device(for node: AMLNode) -> DeviceNode? {
    var found: DeviceNode?
    DeviceTree.forEach { device in
      if let attachment = device.attachment as? FirmwareAttachment, attachment.node == node { found = device }
    }
    return found
  }
}
