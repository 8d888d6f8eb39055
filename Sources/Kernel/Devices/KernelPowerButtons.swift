import DeviceFiles
import Foundations
import Input
import PlatformDrivers

/// Power and sleep buttons as input devices.
final class KernelPowerButtons: PowerButtonOutput {
  private let shown = ShownInputDevices<PowerButton>()

  override func add(_ button: PowerButton) throws(Errno) {
    var description = InputDescription(
      name: "\(button.kind.name.description)", physicalPath: "\(button.kind.physicalPath.description)",
      identity: InputIdentity(bus: InputBus.BUS_HOST, product: button.kind.product))
    description.capabilities.insert(.EV_KEY, button.kind.key)
    try shown.add(button, try InputDevice(description), below: DeviceInputParent(button.device))
  }

  override func remove(_ button: PowerButton) { shown.remove(button) }

  override func report(_ button: PowerButton, isDown: Bool) {
    guard let device = shown.device(of: button) else { return }
    device.report(.EV_KEY, button.kind.key, isDown ? 1 : 0)
    device.synchronize()
  }

  override func isTaken(_ button: PowerButton) -> Bool { shown.device(of: button)?.isGrabbed ?? false }
}
