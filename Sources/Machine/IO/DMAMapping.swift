public import Foundations
import PageFrames

/// A frame of programs' or files' memory that a device may reach: what a request tells a device of.
///
/// Dropping the value takes the frame from the device, and then gives the reference back. The same frame may be mapped for several
/// requests at a time; a domain counts that. Whoever drops it knows that the device is done with it.
public struct DMAMapping: ~Copyable {
  private let number: FrameNumber
  private let domain: DMADomain?

  /// Lets the devices of `domain` reach `frame`; without a domain they do anyway.
  ///
  /// - Throws: as `DMADomain.map`; the reference is given back then, if the frame may be used again.
  /// - Context: any without locks.
  public init(_ frame: consuming UserFrame, in domain: DMADomain?) throws(Errno) {
    let first = frame.number
    do throws(Errno) {
      try Containment.outside { () throws(Errno) in try domain?.map(first: first, count: 1) }
    } catch {
      // A unit that does not answer may let devices reach it: the reference is kept for ever.
      if error == .EIO { _ = frame.relinquish() }
      throw error
    }
    number = frame.relinquish()
    self.domain = domain
  }

  deinit {
    let (number, domain) = (number, domain)
    Containment.outside {
      // A frame that a device may still reach is never used again.
      if domain?.unmap(first: number, count: 1) ?? true { UserFrame.dropReference(to: number) }
    }
  }

  /// The `count` bytes from `offset` on, to tell the device of; nil when they are not all inside.
  public borrowing func segment(at offset: Int = 0, count: Int = UserFrame.byteCount) -> DMASegment? {
    guard offset >= 0, count > 0, count <= UserFrame.byteCount, offset <= UserFrame.byteCount - count else {
      return nil
    }
    return DMASegment(
      deviceAddress: DMABuffer.deviceAddress(ofPhysical: number.address) &+ UInt64(offset), byteCount: count)
  }
}
