public import Foundations
import Machine
public import PCI
import Synchronization
import Waiting

/// What devices hang on, and how they are told apart there.
public enum DeviceBus: UInt8, CaseIterable, Equatable, Sendable {
  /// What the platform has by convention.
  case platform
  /// What the firmware's namespace describes.
  case acpi
  /// What has resources of ISA, as plug and play knows it.
  case pnp
  /// PCI and PCI Express.
  case pci
  /// What virtio transports lead to.
  case virtio
  /// No bus: what others hang on, such as `pnp0`.
  case root

  /// The bus's name for programs; nil for none.
  public var name: StaticString? {
    switch self {
    case .platform: "platform"
    case .acpi: "acpi"
    case .pnp: "pnp"
    case .root: nil
    case .pci: "pci"
    case .virtio: "virtio"
    }
  }

  /// The bus of that name; nil when there is none.
  public init?(name: Span<UInt8>) {
    for bus in Self.allCases {
      guard let own = bus.name, name.isEqual(to: own.description) else { continue }
      self = bus
      return
    }
    return nil
  }
}

/// What a device is, as its bus knows it.
public enum DeviceIdentity {
  /// A PCI function.
  case pci(PCIFunction)
  /// A virtio device: its type and its vendor's number.
  case virtio(type: UInt32, vendor: UInt32)
  /// A device of the platform, by the name that drivers look for.
  case platform(StaticString)
  /// A device of the platform, as firmware describes it.
  case firmware(FirmwareDevice)
}

/// What the driver of a device gives the driver of a device below it, such as the transport of a virtio device.
///
/// A subclass belongs to the kernel, not to a driver: it holds nothing that a driver made.
open class DeviceAttachment {
  /// Creates an attachment.
  public init() {}

  /// The device of the attachment does nothing any more after this: no interrupts, no access to memory.
  ///
  /// - Context: the device's thread, after its driver has ended, however it did.
  open func quiesce(isGone: Bool) {}
}

/// A device of the machine: where it hangs, what it is, and who drives it.
public final class DeviceNode {
  /// What it is doing.
  public enum State: UInt8, Sendable {
    /// There is no driver.
    case unbound
    /// Its driver is being started.
    case starting
    /// It works.
    case running
    /// It rests.
    case suspended
    /// Its driver has failed, and is being replaced.
    case recovering
    /// It was given up.
    case failed
    /// It is not there any more.
    case gone

    /// The state's name.
    public var name: StaticString {
      switch self {
      case .unbound: "unbound"
      case .starting: "starting"
      case .running: "running"
      case .suspended: "suspended"
      case .recovering: "recovering"
      case .failed: "failed"
      case .gone: "gone"
      }
    }
  }

  struct Contents {
    var state = State.unbound
    var host: DriverHost?
    var restarts: UInt64 = 0
    var health = DriverHealth.good
    /// Why its driver did not start the last time that one was tried.
    var failure: Errno?
    /// Why a driver of its was ended last.
    var lastFailure: DriverFailure?
    /// It is being removed, and gets no driver any more.
    var isLeaving = false
    var interrupts: DeviceInterrupts?
  }

  /// Its name on its bus.
  public let name: Message
  /// What it hangs on.
  public let bus: DeviceBus
  /// What it is.
  public let identity: DeviceIdentity
  /// The device that leads to it.
  public let parent: DeviceNode?
  /// What the driver of `parent` gives its driver.
  public let attachment: DeviceAttachment?
  let contents = SpinLock(Contents())
  /// How many of its accesses its IOMMU has refused.
  let accessFaults = Atomic<UInt64>(0)
  /// Woken when `state` changes.
  let changes = WaitQueue()
  private let wakeBits = Atomic<UInt8>(0)

  /// Describes a device that is in no tree yet.
  public init(
    _ name: Message, _ bus: DeviceBus, _ identity: DeviceIdentity, below parent: DeviceNode? = nil,
    attachment: DeviceAttachment? = nil
  ) {
    (self.name, self.bus, self.identity, self.parent, self.attachment) = (name, bus, identity, parent, attachment)
  }

  /// What it is doing.
  public var state: State { contents.withLock { $0.state } }
  /// How it is, as far as is known.
  public var health: DriverHealth { contents.withLock { $0.health } }
  /// How many times its driver was replaced because it had failed.
  public var restartCount: UInt64 { contents.withLock { $0.restarts } }
  /// Why no driver works, when the last one that was tried did not start.
  public var failure: Errno? { contents.withLock { $0.failure } }
  /// Why its driver was last replaced; nil when it never was.
  public var lastFailure: DriverFailure? { contents.withLock { $0.lastFailure } }
  /// The interrupts that its driver has connected; nil for none.
  public var interrupts: DeviceInterrupts? { contents.withLock { $0.interrupts } }
  /// How many accesses to memory that it may not reach its IOMMU has refused, since it came.
  public var accessFaultCount: UInt64 { accessFaults.load(ordering: .relaxed) }
  /// The type of its driver; nil without one.
  public var driver: DriverType? { contents.withLock { $0.host }?.type }

  /// The PCI function that it is.
  public var function: PCIFunction? {
    if case .pci(let function) = identity { return function }
    return nil
  }

  /// What firmware says of it; nil for what is none of firmware's.
  public var firmware: FirmwareDevice? {
    if case .firmware(let device) = identity { return device }
    return nil
  }

  /// The PCI function that it is, or that leads to it.
  public var carrier: PCIFunction? { function ?? parent?.carrier }

  /// Whether it can wake the machine, as its driver says, and may, as programs do: `power/wakeup` in /sys.
  public var canWake: Bool { wakeBits.load(ordering: .relaxed) & 1 != 0 }
  /// Whether it may, if it can.
  public var mayWake: Bool {
    get { wakeBits.load(ordering: .relaxed) & 2 != 0 }
    set {
      if newValue {
        wakeBits.bitwiseOr(2, ordering: .relaxed)
      } else {
        wakeBits.bitwiseAnd(~2, ordering: .relaxed)
      }
    }
  }
  /// Whether it wakes the machine by its interrupts when it is suspended.
  public var wakes: Bool { wakeBits.load(ordering: .relaxed) & 3 == 3 }

  /// Notes that it can wake the machine; it may, until somebody says otherwise.
  func noteWakes() { if !canWake { wakeBits.bitwiseOr(3, ordering: .relaxed) } }

  /// Gives its driver something to do.
  ///
  /// - Throws: `ENODEV` when nobody drives it, `ENOMEM`, `EBUSY` when too much waits.
  public func submit(_ request: DriverRequest) throws(Errno) {
    guard let host = contents.withLock({ $0.host }) else { throw .ENODEV }
    try host.submit(request)
  }

  /// Notes what it is doing now. One that has gone stays what it is, whatever a driver that was too late to let go of it still does.
  func setState(_ state: State) {
    contents.withLock { contents in
      if contents.state != .gone { contents.state = state }
    }
    changes.wakeAll()
  }
}
