import DriverKit
import Foundations
import KernelEvents
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
    /// Of one whose driver programs may choose: only the platform's have that on Linux, besides PCI's.
    var driverOverride: DriverOverride?
  }

  /// The observer of the machine's tree, while there is one.
  private static let current = BootCell<SystemDeviceObserver>()

  private let system: SystemFileSystem
  /// Those that are not PCI functions, which /sys knows by their addresses.
  private let shown = SpinLock(GrowableArray<Shown>())

  init(_ system: SystemFileSystem) {
    self.system = system
    super.init()
  }

  /// Has this one asked by `shownDevice(of:)` of the type. Only the first counts.
  func becomeCurrent() { Self.current.fill(self) }

  /// The directory of `device`, whoever shows it; nil when it is not shown.
  static func shownDevice(of device: DeviceNode) -> SystemDevice? {
    let observer = current.withValue { $0 }
    return observer?.shownDevice(of: device)
  }

  /// Where devices are shown; nil when they are not.
  static var shownSystem: SystemFileSystem? {
    let observer = current.withValue { $0 }
    return observer?.system
  }

  override func deviceWasAdded(_ device: DeviceNode) {
    do throws(Errno) {
      if let function = device.function { return try add(device, function) }
      // That one is there for others, too.
      if device.bus == .root, device.name.bytes.isEqual(to: "platform"), let entry = system.platform {
        return try shown.withLock { shown throws(Errno) in try shown.append(Shown(device: device, entry: entry)) }
      }
      var description = SystemDeviceDescription()
      description.bus = device.bus.name
      description.facts = { text in DeviceFacts.write(device, to: &text) }
      let parent = parent(of: device)
      let choice = device.bus == .platform ? DriverOverride() : nil
      // Programs are told when it can be found again here: what follows may belong to it.
      let entry = try system.addDevice(device.name.bytes, below: parent, description, .later) {
        directory throws(Errno) in
        try DeviceFacts.addAttributes(of: device, to: directory)
        try DeviceFacts.addContainment(of: device, to: directory)
        try choice?.addFile(to: directory)
      }
      do throws(Errno) {
        try shown.withLock { shown throws(Errno) in
          try shown.append(Shown(device: device, entry: entry, driverOverride: choice))
        }
      } catch {
        entry.remove()
        throw error
      }
      try entry.addWakeup(DeviceWakeSwitch(device))
      entry.announce(.add)
    } catch {
      warn(device, error)
    }
  }

  private func add(_ device: DeviceNode, _ function: PCIFunction) throws(Errno) {
    // The functions that were there at boot are shown already.
    if let entry = system.device(of: function.address) {
      try DeviceFacts.addContainment(of: device, to: entry.directory)
      return try entry.addWakeup(DeviceWakeSwitch(device))
    }
    try system.addFunction(function.address) { directory throws(Errno) in
      try DeviceFacts.addContainment(of: device, to: directory)
    }
    try system.device(of: function.address)?.addWakeup(DeviceWakeSwitch(device))
  }

  override func driverDidChange(_ device: DeviceNode) {
    let driver = device.driver?.name
    do throws(Errno) {
      // Programs are told when it works.
      if let function = device.function {
        try system.setDriver(driver, of: function.address, .later)
      } else {
        try entry(of: device)?.setDriver(driver, .later)
      }
    } catch {
      warn(device, error)
    }
  }

  override func driverDidStart(_ device: DeviceNode) { shownDevice(of: device)?.announce(.bind) }

  override func interruptsDidChange(_ device: DeviceNode) {
    // Those of a virtio device are its transport's.
    guard let function = device.carrier else { return }
    do throws(Errno) {
      switch device.interrupts?.kind {
      case .messages: try showMessages(device, function, .messages)
      case .extendedMessages: try showMessages(device, function, .extendedMessages)
      case .line: try system.setPinInterrupt(of: function.address, device.interrupts?.number(at: 0))
      case nil:
        try system.setMessageInterrupts(of: function.address, .messages, count: 0) { _ in 0 }
      }
    } catch {
      // Of one that has gone nothing is shown any more.
      if error != .ENODEV { warn(device, error) }
    }
  }

  private func showMessages(
    _ device: DeviceNode, _ function: PCIFunction, _ kind: PCIMessageKind
  ) throws(Errno) {
    guard let interrupts = device.interrupts else { return }
    try system.setMessageInterrupts(of: function.address, kind, count: interrupts.count) {
      interrupts.number(at: $0) ?? 0
    }
  }

  override func driverOverride(of device: DeviceNode) -> Message? {
    if let function = device.function { return system.driverOverride(of: function.address) }
    let choice: DriverOverride? = shown.withLock { shown in
      for index in 0..<shown.count where shown[index].device === device { return shown[index].driverOverride }
      return nil
    }
    return choice?.name
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
