import DriverKit
import Foundations
import Logging
import Machine
import PCI
import SyntheticFiles
import SystemFileSystem

/// Shows devices and their drivers in /sys.
final class SystemDeviceObserver: DeviceObserver {
  private struct Shown {
    let device: DeviceNode
    let entry: SystemDevice
  }

  private let system: SystemFileSystem
  /// Those that are not PCI functions, which /sys knows by their addresses.
  private let shown = SpinLock(GrowableArray<Shown>())

  init(_ system: SystemFileSystem) {
    self.system = system
    super.init()
  }

  override func deviceWasAdded(_ device: DeviceNode) {
    do throws(Errno) {
      if let function = device.function {
        try system.addFunction(function.address)
        return
      }
      var description = SystemDeviceDescription()
      description.bus = device.bus.name
      description.facts = { text in DeviceFacts.write(device, to: &text) }
      let entry = try system.addDevice(device.name.bytes, below: parent(of: device), description)
      try DeviceFacts.addAttributes(of: device, to: entry.directory)
      try DeviceFacts.addContainment(of: device, to: entry.directory)
      try entry.addWakeup(DeviceWakeSwitch(device))
      try shown.withLock { shown throws(Errno) in try shown.append(Shown(device: device, entry: entry)) }
    } catch {
      // The functions that were there at boot are shown already.
      if error != .EEXIST { warn(device, error) }
    }
  }

  override func driverDidChange(_ device: DeviceNode) {
    let driver = device.driver?.name
    do throws(Errno) {
      if let function = device.function {
        try system.setDriver(driver, of: function.address)
        if let entry = system.device(of: function.address) {
          try? DeviceFacts.addContainment(of: device, to: entry.directory)
          try? entry.addWakeup(DeviceWakeSwitch(device))
        }
      } else {
        try entry(of: device)?.setDriver(driver)
      }
    } catch {
      warn(device, error)
    }
  }

  override func deviceWasRemoved(_ device: DeviceNode) {
    if let function = device.function { return system.removeFunction(function.address) }
    let entry: SystemDevice? = shown.withLock { shown in
      for index in 0..<shown.count where shown[index].device === device { return shown.remove(at: index).entry }
      return nil
    }
    entry?.remove()
  }

  private func parent(of device: DeviceNode) -> SystemDevice? { device.parent.flatMap { shownDevice(of: $0) } }

  /// The directory of `device`; nil when it is not shown.
  func shownDevice(of device: DeviceNode) -> SystemDevice? {
    if let function = device.function { return system.device(of: function.address) }
    return entry(of: device)
  }

  private func entry(of device: DeviceNode) -> SystemDevice? {
    shown.withLock { shown in
      for index in 0..<shown.count where shown[index].device === device { return shown[index].entry }
      return nil
    }
  }

  private func warn(_ device: DeviceNode, _ error: Errno) {
    KernelLog.add(.warning, .drivers, "\(device.name) is not shown as it is: error \(error.rawValue)")
  }
}
