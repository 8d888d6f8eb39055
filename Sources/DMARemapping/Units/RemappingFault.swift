public import PCI

/// An access of a device that a unit did not let through.
public struct RemappingFault: Sendable {
  /// What a device wanted to do.
  public enum Access: Sendable {
    /// To read memory.
    case read
    /// To write memory.
    case write
    /// Something else, such as an interrupt message or an atomic operation.
    case other

    /// Its name.
    public var name: StaticString {
      switch self {
      case .read: "read"
      case .write: "write"
      case .other: "other access"
      }
    }
  }

  /// Which function it was, or the bridge that stands for it.
  public let source: PCIAddress
  /// The address that it used; units that do not tell say 0.
  public let address: UInt64
  /// What it wanted to do there.
  public let access: Access
  /// Why it was refused, as the unit's manual numbers it.
  public let reason: UInt16
  /// Why it was refused, in words.
  public let explanation: StaticString

  /// Describes a fault.
  public init(
    source: PCIAddress, address: UInt64, access: Access, reason: UInt16, explanation: StaticString
  ) {
    (self.source, self.address, self.access) = (source, address, access)
    (self.reason, self.explanation) = (reason, explanation)
  }
}

/// Who is told of faults.
open class RemappingFaultSink {
  /// Creates a sink that drops them.
  public init() {}

  /// A device was refused an access.
  ///
  /// - Context: an interrupt or a thread; may take spin locks, and allocates nothing.
  open func note(_ fault: RemappingFault) {}

  /// There were more faults than the unit could keep.
  ///
  /// - Context: as `note`.
  open func noteLost() {}
}
