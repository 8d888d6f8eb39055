import ACPI
import DriverKit
import Foundations
import Logging
import Machine
import PCI

/// Devices that come and go by firmware's events, and who controls slots.
extension Firmware {
  /// How long drivers may take to let go of what firmware takes out, in nanoseconds.
  private static let patience: UInt64 = 40_000_000_000

  /// Asks firmware for control of PCI Express slots below each root bridge.
  ///
  /// - Context: the boot CPU, once.
  func negotiateSlots() {
    do throws(AMLError) {
      try interpreter.forEachDevice { device throws(AMLError) in
        guard try self.interpreter.isPCIRoot(device) else { return true }
        let granted = try self.interpreter.negotiatePCIControl(
          of: device, [.extendedConfiguration, .segments, .messages], wanted: [.expressHotPlug, .capability])
        if granted?.contains(.expressHotPlug) ?? false {
          KernelPortChanges.grant()
          KernelLog.add(.info, .acpi, "slots of PCI Express are the kernel's")
        }
        return true
      }
    } catch {
      KernelLog.add(.warning, .acpi, "_OSC failed: \(error.text)")
    }
  }

  /// Does what a notification about a device that came or is to go asks for.
  ///
  /// - Context: the thread that evaluates; may wait.
  func serveHotPlug(_ notification: ACPINotification) {
    do throws(AMLError) {
      guard let request = try interpreter.hotPlugRequest(notification) else { return }
      switch request {
      case .scan(let segment, let bus):
        _ = DeviceTree.perform(BusScan(segment, bus), timeoutNanoseconds: Self.patience)
        try interpreter.report(.success, of: notification)
      case .eject(let node, let segment, let bus, let device):
        let address = PCIAddress(segment: segment, bus: bus, device: device, function: 0)
        guard DeviceTree.perform(DeviceRelease(address), timeoutNanoseconds: Self.patience) else {
          return try interpreter.report(.inUse, of: notification)
        }
        let isOut = try interpreter.takeOut(node)
        try interpreter.report(isOut ? .success : .failure, of: notification)
      case .check, .release: try interpreter.report(.notSupported, of: notification)
      }
    } catch {
      KernelLog.add(.warning, .acpi, "a device that comes or goes: \(error.text)")
    }
  }
}
