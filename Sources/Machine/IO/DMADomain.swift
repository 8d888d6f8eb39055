public import Foundations
public import PageFrames

/// What a device may reach of memory, where an IOMMU stands between the two.
///
/// Addresses stay as they are: a device finds a mapped frame at its physical address, and nothing else anywhere. A subclass belongs
/// to the kernel and knows the unit that enforces it.
open class DMADomain {
  /// Creates a domain in which nothing is enforced.
  public init() {}

  /// Lets the domain's devices read and write `count` frames from `first` on. It counts how often each frame is mapped.
  ///
  /// - Throws: `ENOMEM`, `EINVAL` for frames that the unit cannot address: nothing is mapped then. `EIO` when it does not answer: such
  ///   frames must not be used again by anybody.
  /// - Context: any without locks.
  open func map(first: FrameNumber, count: Int) throws(Errno) {}

  /// Takes one mapping of each back. Returns when no device reaches those any more of which it was the last.
  ///
  /// - Returns: false when the unit does not confirm that. Such frames must not be used again by anybody.
  /// - Context: any without locks.
  open func unmap(first: FrameNumber, count: Int) -> Bool { true }
}
