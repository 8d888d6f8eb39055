public import DriverKit
import Foundations
public import Input
import Machine

/// The device that an input device is a part of, whose directory in /sys that of the input device is in.
public final class DeviceInputParent: InputParent {
  /// The device.
  public let device: DeviceNode

  /// Says that an input device is a part of `device`.
  public init(_ device: DeviceNode) {
    self.device = device
    super.init()
  }
}

/// An input device of a driver's, which is there for programs until the driver goes.
///
/// A driver that replaces one that failed goes on with that one's: programs see nothing come or go.
public final class InputPublication: Publication {
  /// The input device.
  public let device: InputDevice
  private let owner: DeviceNode
  private var isRegistered = false

  private init(_ device: InputDevice, of owner: DeviceNode) {
    (self.device, self.owner) = (device, owner)
    super.init()
  }

  /// Registers `device` as a part of the driver's, and puts it on record, unless one like it is there from a driver before.
  ///
  /// - Parameter make: makes the input device, as the kernel: it must not hold what the driver has made.
  /// - Returns: the input device to report to.
  /// - Throws: `ENOMEM`, and what `make` throws; then there is none.
  /// - Context: the device's thread.
  public static func publish(
    through context: DriverContext, _ make: () throws(Errno) -> InputDevice
  ) throws(Errno) -> InputDevice {
    let owner = context.device
    return try context.outside { () throws(Errno) in
      let new = InputPublication(try make(), of: owner)
      let kept = try context.publish { () throws(Errno) in new }
      if kept !== new, let kept = kept as? InputPublication { return kept.device }
      // Not before: what goes on in its place is known only now.
      try InputDevices.register(new.device, below: DeviceInputParent(owner))
      new.isRegistered = true
      return new.device
    }
  }

  public override func withdraw() { InputDevices.unregister(device) }

  public override func continues(as successor: Publication) -> Bool {
    guard isRegistered, let other = successor as? InputPublication, owner === other.owner,
      device.identity == other.device.identity
    else { return false }
    let (own, new) = (device.name, other.device.name)
    return own.bytes.isEqual(to: new.bytes) && device.capabilities.types == other.device.capabilities.types
  }
}
