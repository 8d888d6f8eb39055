/// Where the parts of a queue lie in its memory, in bytes. Source: VIRTIO 1.2, sections 2.7.2 and 2.8.10.
///
/// Parts that different sides write lie in cache lines of their own.
struct VirtioQueueLayout {
  /// Bytes of a descriptor, in either form.
  static var descriptorByteCount: Int { 16 }
  private static var lineByteCount: Int { 64 }

  /// The descriptors.
  var descriptors: Int { 0 }
  /// What the driver writes.
  let driver: Int
  /// What the device writes.
  let device: Int
  /// The tables of descriptors, one for each slot.
  let tables: Int
  /// All.
  let byteCount: Int

  /// A queue of `size` descriptors with tables of `tableLength` each.
  init(size: Int, tableLength: Int, isPacked: Bool) {
    func aligned(_ offset: Int) -> Int { (offset + Self.lineByteCount - 1) & ~(Self.lineByteCount - 1) }
    driver = aligned(size * Self.descriptorByteCount)
    // Split: flags, index, entries of 2 bytes, event; and flags, index, entries of 8 bytes, event.
    device = aligned(driver + (isPacked ? 4 : 6 + 2 * size))
    tables = aligned(device + (isPacked ? 4 : 6 + 8 * size))
    byteCount = tables + size * tableLength * Self.descriptorByteCount
  }
}

/// Flags of descriptors. Source: VIRTIO 1.2, sections 2.7.5 and 2.8.1.
enum VirtioDescriptorFlags {
  /// It goes on in the next one.
  static var next: UInt16 { 1 << 0 }
  /// The device writes to the buffer.
  static var write: UInt16 { 1 << 1 }
  /// The buffer is a table of descriptors.
  static var indirect: UInt16 { 1 << 2 }
  /// Packed: made available, when the driver's wrap counter is one.
  static var available: UInt16 { 1 << 7 }
  /// Packed: used, when the device's wrap counter is one.
  static var used: UInt16 { 1 << 15 }
}

/// Who reads and writes a segment.
public enum VirtioDirection: Sendable {
  /// The device reads it.
  case toDevice
  /// The device writes it.
  case fromDevice
}

/// A request that the device is done with.
public struct VirtioCompletion: Equatable, Sendable {
  /// What the driver knows it by.
  public let token: UInt64
  /// How many bytes the device wrote, from the first segment for it on; never more than the request has.
  public let byteCount: Int
}

/// What is known of a request by the number that the device gives back.
struct VirtioSlot {
  /// What the driver knows it by.
  var token: UInt64 = 0
  /// How many bytes the device may write.
  var writableByteCount: UInt64 = 0
  /// How many descriptors of the ring it takes; 0 while it is not with the device.
  var descriptorCount: UInt16 = 0
  /// The next free slot; in a split queue also the next descriptor of a chain.
  var next: UInt16 = 0
}

/// A segment of the request that is being made.
struct VirtioPendingSegment {
  var address: UInt64
  var byteCount: UInt32
  var direction: VirtioDirection
}
