public import Foundations

/// What programs may ask for of the machine's functions and their drivers, through /sys.
///
/// The kernel's composition derives from it and connects it with the drivers. What is not overridden is refused. Callers hold no
/// lock; a method may wait, and may call back to add and remove functions.
open class PCIControl {
  /// One that refuses everything.
  public init() {}

  /// Gives the function at `address` to the driver that programs know as `driver`, and waits until that works.
  ///
  /// - Throws: `ENODEV` when there is no such function or driver, or the driver does not serve it; then `EBUSY` when one has it; why the
  ///   driver does not start.
  open func bind(_ address: PCIAddress, to driver: StaticString) throws(Errno) { throw .ENODEV }

  /// Takes the function at `address` away from `driver`.
  ///
  /// - Throws: `ENODEV` when `driver` has not got it.
  open func unbind(_ address: PCIAddress, from driver: StaticString) throws(Errno) { throw .ENODEV }

  /// Looks for a driver for the function at `address`.
  ///
  /// - Throws: `ENODEV`; nothing when there is no driver.
  open func probe(_ address: PCIAddress) throws(Errno) { throw .ENODEV }

  /// Whether functions that come get drivers by themselves.
  open var bindsByItself: Bool { true }

  /// Says whether functions that come get drivers by themselves.
  ///
  /// - Throws: `EOPNOTSUPP`.
  open func setBindsByItself(_ does: Bool) throws(Errno) { throw .EOPNOTSUPP }

  /// Makes `driver` take functions as `identity` says besides those that it knows, and at once those that no driver has.
  ///
  /// - Throws: `EEXIST` when it takes them anyway and `identity` is not complete, `ENOSPC`, `ENOMEM`, `EOPNOTSUPP`.
  open func add(_ identity: PCIDynamicIdentity, to driver: StaticString) throws(Errno) { throw .EOPNOTSUPP }

  /// Undoes `add`.
  ///
  /// - Throws: `ENODEV` when it was not added.
  open func remove(_ identity: PCIDynamicIdentity, from driver: StaticString) throws(Errno) { throw .ENODEV }

  /// Unbinds and forgets the function at `address`, and all behind it.
  ///
  /// - Throws: `EOPNOTSUPP`, `ENODEV`.
  open func remove(_ address: PCIAddress) throws(Errno) { throw .EOPNOTSUPP }

  /// Looks for new functions on the bus `bus`; nil for all buses.
  ///
  /// - Throws: `EOPNOTSUPP`, `ENODEV`.
  open func rescan(bus: PCIAddress?) throws(Errno) { throw .EOPNOTSUPP }

  /// Resets the function at `address`, and lets its driver set it up again.
  ///
  /// - Throws: `EOPNOTSUPP` when it cannot be reset alone, `ENODEV`.
  open func reset(_ address: PCIAddress) throws(Errno) { throw .EOPNOTSUPP }

  /// Lets what is in the slot below the port at `port` go and takes its power, or powers what is in it and looks for drivers.
  ///
  /// - Throws: `EOPNOTSUPP` when it is not the kernel's, `ENODEV` when it is so already, or nothing is in it, `EIO` when what is in it does
  ///   not work.
  open func setSlotPower(_ port: PCIAddress, isOn: Bool) throws(Errno) { throw .EOPNOTSUPP }

  /// Lets the attention indicator of the slot below the port at `port` show something.
  ///
  /// - Throws: `EOPNOTSUPP` when it is not the kernel's, `ENODEV`.
  open func setSlotAttention(_ port: PCIAddress, _ indicator: PCIExpress.Indicator) throws(Errno) { throw .EOPNOTSUPP }

  /// Whether slots of PCI Express ports are the kernel's, and not firmware's.
  open var ownsPortSlots: Bool { true }

  /// How many bits the addresses have that the function's driver lets it reach: 32 before a driver says more.
  open func addressBits(of address: PCIAddress) -> Int { 32 }
}

/// Functions that a driver is told at run time to take: numbers of the function and its board, where nil is any.
public struct PCIDynamicIdentity: Equatable, Sendable {
  /// The manufacturer.
  public var vendor: UInt16?
  /// The device.
  public var device: UInt16?
  /// The manufacturer of the board.
  public var subsystemVendor: UInt16?
  /// The board.
  public var subsystemDevice: UInt16?
  /// What of the class code counts.
  public var classMask: UInt32 = 0
  /// What that must be.
  public var classCode: UInt32 = 0
  /// Whether all of it was said, down to what the driver is to make of it: then it counts although the driver takes such functions anyway.
  public var isComplete = false

  /// All functions with these numbers.
  public init(vendor: UInt16?, device: UInt16?) { (self.vendor, self.device) = (vendor, device) }

  /// Whether `function` is one of them.
  public func matches(_ function: PCIFunction) -> Bool {
    matches(
      vendor: function.vendor, device: function.device, subsystemVendor: function.subsystemVendor,
      subsystemDevice: function.subsystemDevice, classCode: function.classCode)
  }

  /// Whether a function with these numbers is one of them.
  func matches(
    vendor: UInt16, device: UInt16, subsystemVendor: UInt16, subsystemDevice: UInt16, classCode: UInt32
  ) -> Bool {
    (self.vendor ?? vendor) == vendor && (self.device ?? device) == device
      && (self.subsystemVendor ?? subsystemVendor) == subsystemVendor
      && (self.subsystemDevice ?? subsystemDevice) == subsystemDevice
      && (self.classCode ^ classCode) & classMask == 0
  }

  /// Whether `other` is what a program means that wants it removed by this.
  func describes(_ other: PCIDynamicIdentity) -> Bool {
    vendor == other.vendor && device == other.device
      && (subsystemVendor == nil || subsystemVendor == other.subsystemVendor)
      && (subsystemDevice == nil || subsystemDevice == other.subsystemDevice)
      && (classCode ^ other.classCode) & classMask == 0
  }

  /// The driver that takes functions with these numbers by its specification; nil when there is none.
  public var specifiedDriver: PCIDriver? {
    PCIDriver.matching(
      vendor: vendor ?? .max, device: device ?? .max, subsystemVendor: subsystemVendor ?? .max,
      subsystemDevice: subsystemDevice ?? .max, classCode: classCode)
  }
}
