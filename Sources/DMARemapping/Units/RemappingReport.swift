public import Foundations

/// Where messages about units go: the kernel's log.
open class RemappingReport {
  /// Creates a report that drops everything.
  public init() {}

  /// A device was refused an access; `suppressed` others before were not told of.
  ///
  /// - Parameter isAttached: it has a domain, and whoever drives it was told.
  /// - Context: any, interrupts too.
  open func fault(_ fault: RemappingFault, at unit: Message, isAttached: Bool, suppressed: UInt64) {}

  /// A unit does not work as it should.
  ///
  /// - Context: any, interrupts too.
  open func problem(_ text: StaticString, at unit: Message) {}

  /// The time in nanoseconds, by which repeated messages are limited.
  ///
  /// - Context: any, interrupts too.
  open var nanoseconds: UInt64 { 0 }
}
