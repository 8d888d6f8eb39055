public import Foundations

/// Who made a device, and what it is: `struct input_id`. Source: Linux include/uapi/linux/input.h.
public struct InputIdentity: Equatable, Sendable {
  /// A number of `InputBus`.
  public var bus: UInt16
  /// Who made it, as the bus numbers that.
  public var vendor: UInt16
  /// What it is, as its maker numbers that.
  public var product: UInt16
  /// Which version of it.
  public var version: UInt16

  /// Describes a device.
  public init(bus: UInt16, vendor: UInt16 = 0, product: UInt16 = 0, version: UInt16 = 0) {
    (self.bus, self.vendor, self.product, self.version) = (bus, vendor, product, version)
  }
}

/// What a driver says about a device when it makes it.
public struct InputDescription: Sendable {
  /// What people call it.
  public var name: Message
  /// Where it is connected: "isa0060/serio0/input0"; nil when that is not known.
  public var physicalPath: Message?
  /// What no other of its kind has, such as a serial number; nil for none.
  public var uniqueName: Message?
  /// Who made it.
  public var identity: InputIdentity
  /// What it can send and take.
  public var capabilities = InputCapabilities()
  /// How long a key is down before it repeats, in milliseconds.
  public var repeatDelay: Int32 = 250
  /// From each repetition to the next, in milliseconds.
  public var repeatPeriod: Int32 = 33
  /// Who repeats keys, if EV_REP is among the capabilities.
  public var repeater = Repeater.kernel

  /// Who repeats keys that are held.
  public enum Repeater: Sendable {
    /// The device: what it repeats its driver reports with the value 2.
    case device
    /// `InputDevice`, by a timer.
    case kernel
  }

  /// A device without capabilities.
  public init(name: Message, physicalPath: Message? = nil, identity: InputIdentity) {
    (self.name, self.physicalPath, self.identity) = (name, physicalPath, identity)
  }
}

/// What an input device is a part of: for who shows programs where devices are. The frameworks of drivers derive from it.
open class InputParent {
  /// Creates one that says nothing.
  public init() {}
}
