import DriverKit
import Foundations
import Input
import Machine
import PlatformDrivers
import Processes
import Terminals

/// What a PC has besides what its buses tell of, and the drivers for that.
enum PlatformDevices {
  /// Makes the drivers known.
  ///
  /// - Parameter centuryIndex: of the FADT, for the clock; 0 when there is none.
  /// - Throws: `ENOMEM`.
  static func registerDrivers(centuryIndex: UInt8) throws(Errno) {
    try DeviceTree.register(I6300ESBDriverType())
    try DeviceTree.register(PanicFunctionDriverType())
    try DeviceTree.register(SerialCardDriverType(ProcessJobControl()))
    try DeviceTree.register(ClockDriverType(centuryIndex: centuryIndex, hasSetSystemTime: true))
    try DeviceTree.register(SpeakerDriverType())
    let output = KernelPowerButtons()
    try DeviceTree.register(PowerButtonDriverType(.fixed, output))
  }

  /// Adds the devices that every PC has.
  ///
  /// - Throws: `ENOMEM`.
  static func addAll() throws(Errno) {
    try add(ClockDriverType.deviceName, .platform)
    try add(SpeakerDriverType.deviceName, .platform)
    try add(PowerButton.Kind.fixed.deviceName, .acpi)
  }

  private static func add(_ name: StaticString, _ bus: DeviceBus) throws(Errno) {
    try DeviceTree.add(DeviceNode("\(name.description)", bus, .platform(name)))
  }
}

/// Power buttons as input devices.
final class KernelPowerButtons: PowerButtonOutput {
  private struct Shown {
    let button: PowerButton
    let device: InputDevice
  }

  private let shown = SpinLock(GrowableArray<Shown>())

  override func add(_ button: PowerButton) throws(Errno) {
    var description = InputDescription(
      name: "\(PowerButton.name.description)", physicalPath: "\(button.kind.physicalPath.description)",
      identity: InputIdentity(bus: InputBus.BUS_HOST, product: PowerButton.product))
    description.capabilities.insert(.EV_KEY, PowerButton.key)
    let device = try InputDevice(description)
    try InputDevices.register(device)
    do throws(Errno) {
      try shown.withLock { shown throws(Errno) in try shown.append(Shown(button: button, device: device)) }
    } catch {
      InputDevices.unregister(device)
      throw error
    }
  }

  override func remove(_ button: PowerButton) {
    let device: InputDevice? = shown.withLock { shown in
      for index in 0..<shown.count where shown[index].button === button { return shown.remove(at: index).device }
      return nil
    }
    if let device { InputDevices.unregister(device) }
  }

  override func report(_ button: PowerButton, isDown: Bool) {
    guard let device = device(of: button) else { return }
    device.report(.EV_KEY, PowerButton.key, isDown ? 1 : 0)
    device.synchronize()
  }

  override func isTaken(_ button: PowerButton) -> Bool { device(of: button)?.isGrabbed ?? false }

  private func device(of button: PowerButton) -> InputDevice? {
    shown.withLock { shown in
      for index in 0..<shown.count where shown[index].button === button { return shown[index].device }
      return nil
    }
  }
}
