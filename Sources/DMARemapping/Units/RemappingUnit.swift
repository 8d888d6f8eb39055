public import Foundations
public import PCI
import Synchronization

/// An IOMMU: what stands between some of the machine's devices and memory.
///
/// A subclass knows one kind. All of its functions return after a bounded time, whatever the hardware does: one that does not answer is
/// `isLost` from then on, and is not asked again.
open class RemappingUnit {
  /// How a unit says that it serves a device.
  public enum Coverage: Int, Comparable, Sendable {
    /// It does not.
    case none
    /// It serves all those of the segment that no other unit names.
    case others
    /// It names it, or a bridge on the way to it.
    case named

    /// Whether `right` is the more certain.
    public static func < (left: Coverage, right: Coverage) -> Bool { left.rawValue < right.rawValue }
  }

  /// Its name in messages and in /sys.
  public final let name: Message
  private final let lost = Atomic<Bool>(false)

  /// Creates a unit that serves nobody.
  public init(_ name: Message) { self.name = name }

  /// Whether it has stopped answering.
  public final var isLost: Bool { lost.load(ordering: .relaxed) }

  /// Notes that it does not answer.
  ///
  /// - Context: any.
  public final func markLost() { lost.store(true, ordering: .relaxed) }

  // MARK: Whom it serves

  /// Whether it serves the function at the end of `path`.
  ///
  /// - Context: a thread.
  open func coverage(of path: DMAPath) -> Coverage { .none }

  /// The source identifier under which requests of `source` reach it, where firmware says that it is another.
  open func alias(of source: PCIAddress) -> PCIAddress { source }

  // MARK: Beginning

  /// Turns translation on: from then on devices that are attached to no domain reach nothing.
  ///
  /// - Throws: `EIO` when it does not answer, `ENODEV` when it cannot do what is needed, `ENOMEM`; it is off then.
  /// - Context: once, a thread without locks.
  open func enable() throws(Errno) { throw .ENODEV }

  /// Has faults interrupt by a message, as MSI does.
  ///
  /// - Context: a thread; after `enable`.
  open func setFaultMessage(address: UInt64, data: UInt32) {}

  /// Lets faults interrupt, or keeps them from it; they are kept in either case.
  ///
  /// - Context: any.
  open func setFaultInterrupts(_ state: FaultInterrupts) {}

  /// Whether faults interrupt.
  public enum FaultInterrupts: Sendable { case on, off }

  // MARK: Domains

  /// Makes a domain.
  ///
  /// - Throws: `ENOSPC` when there are too many, `ENOMEM`, `ENODEV`.
  /// - Context: a thread without locks.
  open func makeDomain() throws(Errno) -> RemappingDomain { throw .ENODEV }

  /// Takes a domain's number back. No device is attached to it.
  ///
  /// - Context: any without locks.
  open func release(_ identifier: UInt16) {}

  /// Gives the device that sends `source` what `domain` says; it has had nothing.
  ///
  /// - Throws: `ENOMEM`, `EIO` when the unit does not answer; the device reaches nothing then.
  /// - Context: a thread without locks; one call of this and `detach` at a time.
  open func attach(_ source: PCIAddress, to domain: RemappingDomain) throws(Errno) { throw .ENODEV }

  /// Takes everything from the device that sends `source`, and returns when it reaches nothing any more.
  ///
  /// - Returns: false when the unit does not confirm that.
  /// - Context: as `attach`.
  open func detach(_ source: PCIAddress, from domain: RemappingDomain) -> Bool { true }

  /// Does what the unit needs so that it sees pages that were mapped and that it may remember as missing.
  ///
  /// - Throws: `EIO` when the unit does not answer.
  /// - Context: any without locks.
  open func noticeMapped(_ pages: Range<UInt64>, in identifier: UInt16) throws(Errno) {}

  /// Makes the unit forget what it knows of `pages` of a domain, and `tablesToo`: of the tables that led to them. Returns when all
  /// accesses that went through before have reached memory.
  ///
  /// - Returns: false when the unit does not confirm that.
  /// - Context: any, under the domain's spin lock too.
  open func forget(_ pages: Range<UInt64>, in identifier: UInt16, tablesToo: Bool) -> Bool { true }

  // MARK: Faults

  /// Tells `sink` of the faults that were noted, each once.
  ///
  /// - Returns: how many there were, bounded by what a unit can keep.
  /// - Context: any, interrupts too.
  open func takeFaults(into sink: RemappingFaultSink) -> Int { 0 }
}
