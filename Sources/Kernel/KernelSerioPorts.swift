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
struct KernelSerioPorts {
  private var keyboardPort: SystemDevice?
  private var mousePort: SystemDevice?

  /// Shows the ports of the controller that `keyboard` is at. What cannot be shown is left out, and works all the same.
  ///
  /// - Context: a thread, once.
  init(_ keyboard: Keyboard<KeyboardPorts>, in system: SystemFileSystem?) {
    guard let system else { return }
    do throws(Errno) {
      let controller = try system.addKeyboardController()
      keyboardPort = try Self.add(
        keyboard.isTranslated ? .translatedKeyboard : .keyboard, .keyboard, below: controller, system)
      if keyboard.hasMouse { mousePort = try Self.add(.mouse, .mouse, below: controller, system) }
    } catch {
      KernelLog.add(.warning, .drivers, "the keyboard controller is not in /sys: error \(error.rawValue)")
    }
  }

  private static func add(
    _ kind: SerioPort.Kind, _ driver: PlatformDriver, below controller: SystemDevice, _ system: SystemFileSystem
  ) throws(Errno) -> SystemDevice {
    let described = firmwareDevice(driver)
    let port = try system.addPort(
      SerioPort(kind, identifiers: described.flatMap { identifiers(of: $0) }), below: controller)
    // The part of the driver that knows the port from firmware. Without memory for the link nothing else is missing.
    if let described { try? SystemDeviceObserver.shownDevice(of: described)?.setDriver(driver.linuxName) }
    return port
  }

  /// What plug and play knows of it.
  private static func firmwareDevice(_ driver: PlatformDriver) -> DeviceNode? {
    var found: DeviceNode?
    DeviceTree.forEach { device in
      if found == nil, device.bus == .pnp, device.platformDriver == driver { found = device }
    }
    return found
  }

  /// Its identifiers, with spaces between.
  private static func identifiers(of device: DeviceNode) -> Message? {
    guard let firmware = device.firmware else { return nil }
    var text = Message()
    PlatformTexts.writeIdentifiers(of: firmware, separatedBy: 0x20, to: &text)
    return text
  }

  /// What the keyboard is a part of.
  var keyboard: InputParent? { keyboardPort.map { InputParentDirectory($0) } }
  /// What the mouse is a part of.
  var mouse: InputParent? { mousePort.map { InputParentDirectory($0) } }

  /// Tells programs that the drivers work.
  func announce() {
    keyboardPort?.announce(.bind)
    mousePort?.announce(.bind)
  }
}
