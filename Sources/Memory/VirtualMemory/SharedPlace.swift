public import Foundations
import Machine

/// Where memory is that several programs share, whatever address each of them has it at.
public struct SharedPlace: Equatable, Sendable {
  /// What holds the memory. The same for all who map it, and never the number of anything else.
  public let object: UInt64
  /// Bytes from its beginning.
  public let offset: UInt64
}

extension AddressSpace {
  /// Where the shared memory at `address` is; nil where memory is private to the program.
  ///
  /// - Throws: `EFAULT` where nothing is mapped.
  public func sharedPlace(of address: UInt64) throws(Errno) -> SharedPlace? {
    try state.withLock { state throws(Errno) in
      guard let area = state.areas.area(at: address) else { throw .EFAULT }
      guard area.isShared, let object = state.object(of: area) else { return nil }
      return SharedPlace(object: object.identity, offset: area.page(at: address) << 12 | address & 4095)
    }
  }
}
