public import PCI
import Synchronization

/// A function behind a unit, with what it may reach.
///
/// Whoever has got it from `RemappingUnits.attach` gives it back by `RemappingUnits.detach`.
public final class RemappedDevice {
  /// What it may reach. Functions that the unit cannot tell apart share one.
  public let domain: RemappingDomain
  /// The function.
  public let function: PCIAddress
  let listener: RemappingFaultSink?
  private let faults = Atomic<UInt64>(0)

  init(_ function: PCIAddress, _ domain: RemappingDomain, _ listener: RemappingFaultSink?) {
    (self.function, self.domain, self.listener) = (function, domain, listener)
  }

  /// How many of its accesses were refused, as far as the unit could tell.
  public var faultCount: UInt64 { faults.load(ordering: .relaxed) }

  func note(_ fault: RemappingFault) {
    faults.wrappingAdd(1, ordering: .relaxed)
    listener?.note(fault)
  }
}
