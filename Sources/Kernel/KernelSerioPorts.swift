import DriverKit
import Foundations
import Input
import KernelEvents
import KeyboardDriver
import Logging
import Machine
import PlatformDrivers
import SystemFileSystem

/// The ports of the keyboard controller in /sys, of which the keyboard and the mouse are parts.
///
/// A port without anything at it is switched off, and not shown.
final class KernelSerioPorts: KeyboardPlaces {
  private struct Shown {
    /// The controller, where the tree of devices does not show it by the name that programs know.
    var controller: SystemDevice?
    var keyboard: SystemDevice?
    var mouse: SystemDevice?
    /// The mouse as firmware describes it, which the keyboard's driver has too.
    var describedMouse: SystemDevice?
  }

  /// Of the one controller that a machine has. Only its driver's thread changes it.
  private let shown = SpinLock(Shown())

  // What cannot be shown is left out, and works all the same.
  override func add(
    _ identity: KeyboardIdentity, of device: DeviceNode
  ) -> (keyboard: InputParent?, mouse: InputParent?) {
    guard let system = SystemDeviceObserver.shownSystem else { return (nil, nil) }
    var new = Shown()
    do throws(Errno) {
      try Self.show(identity, of: device, in: system, &new)
    } catch {
      KernelLog.add(.warning, .drivers, "the keyboard controller is not in /sys: error \(error.rawValue)")
    }
    shown.withLock { $0 = new }
    return (new.keyboard.map { InputParentDirectory($0) }, new.mouse.map { InputParentDirectory($0) })
  }

  private static func show(
    _ identity: KeyboardIdentity, of device: DeviceNode, in system: SystemFileSystem, _ new: inout Shown
  ) throws(Errno) {
    var place = SystemDeviceObserver.shownDevice(of: device)
    if device.bus != .platform || place == nil {
      new.controller = try system.addKeyboardController()
      place = new.controller
    }
    guard let place else { return }
    new.keyboard = try system.addPort(
      SerioPort(identity.isTranslated ? .translatedKeyboard : .keyboard, identifiers: identifiers(of: device)),
      below: place)
    guard identity.hasMouse else { return }
    let mouse = mouseDevice()
    new.mouse = try system.addPort(SerioPort(.mouse, identifiers: mouse.flatMap { identifiers(of: $0) }), below: place)
    new.describedMouse = mouse.flatMap { SystemDeviceObserver.shownDevice(of: $0) }
    // Without memory for the link nothing else is missing.
    try? new.describedMouse?.setDriver(PlatformDriver.mouse.linuxName)
  }

  override func announce(_ device: DeviceNode) {
    let (keyboard, mouse) = shown.withLock { ($0.keyboard, $0.mouse) }
    keyboard?.announce(.bind)
    mouse?.announce(.bind)
  }

  override func remove(_ device: DeviceNode) {
    var old = Shown()
    shown.withLock { swap(&$0, &old) }
    try? old.describedMouse?.setDriver(nil)
    old.mouse?.remove()
    old.keyboard?.remove()
    old.controller?.remove()
  }

  /// The mouse as firmware describes it.
  private static func mouseDevice() -> DeviceNode? {
    var found: DeviceNode?
    DeviceTree.forEach { device in
      if found == nil, device.bus == .pnp, device.platformDriver == .mouse { found = device }
    }
    return found
  }

  /// What plug and play calls a device, with spaces between.
  private static func identifiers(of device: DeviceNode) -> Message? {
    guard device.bus == .pnp, let firmware = device.firmware else { return nil }
    var text = Message()
    PlatformTexts.writeIdentifiers(of: firmware, separatedBy: 0x20, to: &text)
    return text
  }
}
