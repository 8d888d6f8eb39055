public import Foundations
public import PCI

/// What a driver does for its device: the operations that the framework calls.
///
/// All calls come from the device's own thread, one at a time, so a driver needs no locks. Whatever a call does, raise an
/// exception, never return or throw, ends this driver only: the device is reset and a new driver is started for it.
open class Driver {
  /// Creates a driver that does nothing. What it needs it takes in `start`.
  public init() {}

  /// Takes the device over: registers, memory, interrupts, from `context`; afterwards the device works.
  ///
  /// - Throws: `ENODEV` when it is not such a device after all; anything else for a device that cannot be used.
  open func start(_ context: DriverContext) throws(Errno) {}

  /// Serves what the device interrupted for.
  ///
  /// A driver that finds nothing to serve says so by `DriverContext.noteIdleInterrupt`, if the device would have shown it.
  ///
  /// - Parameter number: which of its interrupts, from 0.
  /// - Throws: what is wrong with the device; it is reset and started again.
  open func interrupt(_ number: Int, _ context: DriverContext) throws(Errno) {}

  /// Does what `DriverContext.arm` was called for.
  ///
  /// - Throws: as `interrupt`.
  open func timer(_ context: DriverContext) throws(Errno) {}

  /// Begins what somebody wants of the device; ends, now or later, with `request.complete`.
  ///
  /// - Throws: as `interrupt`. The request is then repeated with a new driver, or fails.
  open func serve(_ request: DriverRequest, _ context: DriverContext) throws(Errno) {
    request.complete(.failure(.ENOSYS))
  }

  /// Lets the device rest, its state kept by the driver.
  ///
  /// - Throws: what keeps it from resting; it goes on.
  open func suspend(_ context: DriverContext) throws(Errno) {}

  /// Lets the device go on after `suspend`.
  ///
  /// - Throws: as `interrupt`.
  open func resume(_ context: DriverContext) throws(Errno) {}

  /// Brings the device to where it does nothing, because the machine is about to be turned off or restarted: no file of it is
  /// withdrawn, and nobody wants anything of it any more. By default as `reset`.
  open func shutDown(_ context: DriverContext) { reset(context) }

  /// Brings the device to where it does nothing, by its own means, beyond what its bus can do.
  open func reset(_ context: DriverContext) {}

  /// Lets go of the device.
  ///
  /// - Parameter isGone: the device is not there any more; registers read all ones.
  open func remove(isGone: Bool, _ context: DriverContext) {}

  /// How the device is, looked at every few seconds.
  open func health(_ context: DriverContext) -> DriverHealth { .good }

  /// Does what a broken driver or device would do, for tests of its containment.
  ///
  /// - Returns: false for a fault that this driver does not know how to have.
  open func inject(_ fault: DriverFault, _ context: DriverContext) -> Bool { false }
}

/// How a device is.
public enum DriverHealth: Equatable, Sendable {
  /// It works.
  case good
  /// It works, but something is not as it should be.
  case degraded
  /// It does not work.
  case failed

  /// This, or `other` if that is worse.
  func orWorse(_ other: DriverHealth) -> DriverHealth {
    switch self {
    case .good: other
    case .degraded: other == .failed ? .failed : .degraded
    case .failed: .failed
    }
  }
}

/// Faults that tests let drivers have.
public enum DriverFault: Equatable, Sendable {
  /// One of Swift's checks fails.
  case trap
  /// An address is used that there is not.
  case wildPointer
  /// A call does not return.
  case hang
  /// Memory is allocated and forgotten.
  case leak
  /// What the driver shares with the device is overwritten.
  case corruption
  /// What hangs on the driver's device is pulled out, with nobody asked.
  case removal
  /// The device interrupts without end.
  case storm
  /// Functions call each other for ever.
  case recursion
  /// The device is told to reach memory that its driver does not share with it.
  case strayAccess

  /// The fault's name, as it is written into `fault` in /sys.
  public var name: StaticString {
    switch self {
    case .trap: "trap"
    case .wildPointer: "pointer"
    case .hang: "hang"
    case .leak: "leak"
    case .corruption: "corrupt"
    case .removal: "remove"
    case .storm: "storm"
    case .recursion: "recursion"
    case .strayAccess: "dma"
    }
  }

  /// All of them.
  static var all: [9 of DriverFault] {
    [.trap, .wildPointer, .hang, .leak, .corruption, .removal, .recursion, .strayAccess, .storm]
  }

  /// Whether only a driver itself can have it, by what it does to its device, and the driver goes on.
  var isOfDevice: Bool { self == .corruption || self == .removal || self == .strayAccess || self == .storm }

  /// The fault of that name.
  public init?(name: Span<UInt8>) {
    let all = Self.all
    for index in all.indices where name.isEqual(to: all[index].name.description) {
      self = all[index]
      return
    }
    return nil
  }
}

/// A kind of driver: what it is called, which devices it serves, and how one is made.
open class DriverType {
  /// The name that programs know it by.
  public final let name: StaticString
  /// The bus whose devices it serves.
  public final let bus: DeviceBus
  /// What programs have added to the PCI functions that it serves.
  public final let identities = PCIDynamicIdentities()

  /// Creates a type.
  public init(_ name: StaticString, _ bus: DeviceBus) { (self.name, self.bus) = (name, bus) }

  /// Whether it serves `device`, which is on its bus, by what it knows itself.
  ///
  /// - Context: a thread without locks; must be short.
  open func matches(_ device: DeviceNode) -> Bool { false }

  /// Makes a driver for `device`.
  ///
  /// - Throws: `ENOMEM`, `ENODEV`.
  /// - Context: the device's thread.
  open func makeDriver(for device: DeviceNode) throws(Errno) -> Driver { throw .ENODEV }
}
