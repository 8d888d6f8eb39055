public import DMARemapping
import Foundations
import Machine
import PCI
import Synchronization

/// The IOMMUs, for drivers: a device whose driver runs reaches what the driver shares, and nothing else.
public enum DriverRemapping {
  private static let units = BootCell<RemappingUnits>()
  private static let looks = Atomic<UInt64>(0)
  /// The watch looks so often in the time between two polls.
  private static var looksPerPoll: UInt64 { 4 }

  /// Has devices whose drivers are started from now on held by `units`. Only the first time counts.
  ///
  /// - Context: boot, before `DeviceTree.start`.
  public static func start(_ units: RemappingUnits) { self.units.fill(units) }

  /// Gives `device` a domain, if a unit serves the PCI function that it is or that leads to it.
  ///
  /// - Throws: as `DMAPath.init` and `RemappingUnits.attach`.
  /// - Context: the device's thread, outside of its driver.
  static func attach(_ device: DeviceNode, _ listener: RemappingFaultSink) throws(Errno) -> DriverDomain? {
    guard let units = units.withValue({ $0 }) else { return nil }
    let attached: DriverDomain?? = try PCISystem.withHierarchy { hierarchy throws(Errno) in
      try attach(device, listener, units, hierarchy)
    }
    return attached ?? nil
  }

  /// The same with these units and functions.
  static func attach(
    _ device: DeviceNode, _ listener: RemappingFaultSink, _ units: RemappingUnits, _ hierarchy: borrowing PCIHierarchy
  ) throws(Errno) -> DriverDomain? {
    guard let function = device.carrier else { return nil }
    let path = try DMAPath(to: function.address, in: hierarchy)
    guard let remapped = try units.attach(path, listener: listener) else { return nil }
    return DriverDomain(units, remapped)
  }

  /// Takes faults that have not interrupted.
  ///
  /// - Context: the watch's thread, with each of its looks.
  static func poll() {
    guard looks.wrappingAdd(1, ordering: .relaxed).newValue % looksPerPoll == 0 else { return }
    units.withValue { $0 }?.poll()
  }
}

/// What a device has of its unit while its driver runs.
final class DriverDomain {
  private let units: RemappingUnits
  private let device: RemappedDevice

  init(_ units: RemappingUnits, _ device: RemappedDevice) { (self.units, self.device) = (units, device) }

  /// What the device may reach.
  var domain: DMADomain { device.domain }

  /// Takes all of it from the device.
  ///
  /// - Returns: false when the unit does not confirm that.
  func detach() -> Bool { units.detach(device) }
}
