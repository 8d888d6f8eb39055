import Foundations
import PCI

extension DriverType {
  /// Whether it serves `device` by all that is said of that: what programs have chosen, what they have added, what it knows itself.
  ///
  /// A device whose driver programs have chosen is that one's, whatever it is, and nobody else's. Source: Linux
  /// Documentation/ABI/testing/sysfs-bus-pci, `driver_override` and `new_id`.
  ///
  /// - Parameter override: the name of the only driver that the device may have; nil for any.
  /// - Context: a thread without spin locks.
  public final func serves(_ device: DeviceNode, override: Message?) -> Bool {
    if let override { return override.bytes.isEqual(to: name.description) }
    if let function = device.function, identities.matches(function) { return true }
    return matches(device)
  }
}
