public import DriverKit
public import Input
public import KeyboardDriver

/// Where the ports of a keyboard's controller are shown: the kernel's directories in /sys.
open class KeyboardPlaces {
  /// Creates one that nobody sees.
  public init() {}

  /// Shows the ports of `device`, at which is what `identity` says.
  ///
  /// - Returns: what the keyboard is a part of, and what the mouse is; nil for nothing that programs know.
  /// - Context: the device's thread, as the kernel.
  open func add(_ identity: KeyboardIdentity, of device: DeviceNode) -> (keyboard: InputParent?, mouse: InputParent?) {
    (nil, nil)
  }

  /// The input devices that are parts of them are there.
  ///
  /// - Context: as of `add`, after it.
  open func announce(_ device: DeviceNode) {}

  /// Shows the ports of `device` no longer, if they are.
  ///
  /// - Context: as of `add`, when there are no input devices.
  open func remove(_ device: DeviceNode) {}
}
