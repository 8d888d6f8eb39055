import Boot
public import Foundations
import PageFrames
import Synchronization

/// How far the addresses of a device reach.
public enum DMAReach: Sendable {
  /// 16 MiB.
  case bits24
  /// 4 GiB.
  case bits32
  /// Everything.
  case all

  var zone: ZoneKind {
    switch self {
    case .bits24: .dma
    // The zone ends far below 4 GiB; the one above it does not.
    case .bits32: .normal
    case .all: .high
    }
  }
}

/// A piece of memory as a device is told of it. Only the owner of the memory can make one.
public struct DMASegment: Equatable, Sendable {
  /// Where the device finds it.
  public let deviceAddress: UInt64
  /// Its size in bytes; at least 1.
  public let byteCount: Int
}

/// Memory in one piece that a driver shares with its device, zeros at first.
///
/// It never holds a Swift object, so whatever the device writes cannot hurt the kernel; what is read is to be checked
/// by whoever reads it. An access outside is lost: a read gives ones. Dropping the value frees the memory, so a driver
/// drops it after its device is reset or gone.
///
/// What contained work makes is mapped in the work's `DMADomain`, if it has one, from before anybody knows the memory until
/// after the last device has lost it.
public struct DMABuffer: CheckedWindow, ~Copyable {
  private let first: FrameNumber
  private let frameCount: Int
  /// On record with the contained work that has it, in whose heap the record lies: so a buffer that has got out is found by whoever
  /// looks for references into that heap.
  private let record: DMARecord?
  /// The size in bytes.
  public let byteCount: Int
  /// The most bytes of one buffer: 64 MiB.
  public static let largestByteCount = 64 << 20

  /// Takes `byteCount` bytes, 1...`largestByteCount`.
  ///
  /// - Throws: `EINVAL` for another size or one that the work's domain cannot address, `ENOMEM` when there is no such piece, `EIO` when
  ///   the IOMMU does not answer.
  /// - Context: any without locks.
  public init(byteCount: Int, reach: DMAReach = .all) throws(Errno) {
    guard byteCount > 0, byteCount <= Self.largestByteCount else { throw .EINVAL }
    let pageSize = Int(FrameNumber.byteCount)
    let count = (byteCount + pageSize - 1) / pageSize
    let heap = CompartmentHeap.current
    let noted = heap.map { DMARecord($0) }
    // Work that is ended in between would leave frames that nobody knows of.
    let taken = try Containment.outside { () throws(Errno) in try Self.take(count, reach.zone, heap) }
    first = taken
    frameCount = count
    record = noted
    self.byteCount = byteCount
  }

  deinit {
    let (first, count, heap) = (first, frameCount, record?.heap)
    Containment.outside { Self.giveBack(first, count, heap) }
  }

  private static func take(_ count: Int, _ limit: ZoneKind, _ heap: Int?) throws(Errno) -> FrameNumber {
    let first = try FrameRun.take(count: count, limit: limit)
    for index in 0..<count { FrameMemory.clear(first + index) }
    guard let heap else { return first }
    do throws(Errno) { try CompartmentHeap.share(.init(first: first, count: count), number: heap) } catch {
      // Those that a unit does not answer for may still be reached by devices: they are nobody's from now on.
      if error != .EIO { FrameAllocator.releaseRun(first, count: count) }
      throw error
    }
    return first
  }

  private static func giveBack(_ first: FrameNumber, _ count: Int, _ heap: Int?) {
    if let heap, !CompartmentHeap.unshare(.init(first: first, count: count), number: heap) { return }
    FrameAllocator.releaseRun(first, count: count)
  }

  /// Where the device finds the first byte.
  public var deviceAddress: UInt64 { Self.deviceAddress(ofPhysical: first.address) }

  /// The `count` bytes from `offset` on, to tell the device of; nil when they are not all inside.
  @inline(__always)
  public func segment(at offset: Int, count: Int) -> DMASegment? {
    guard count > 0, contains(offset, count) else { return nil }
    return DMASegment(deviceAddress: deviceAddress &+ UInt64(offset), byteCount: count)
  }

  /// The address at which devices find the physical address `address`: the same, also behind an IOMMU.
  static func deviceAddress(ofPhysical address: UInt64) -> UInt64 { address }

  @inline(__always)
  private func contains(_ offset: Int, _ count: Int) -> Bool {
    offset >= 0 && count >= 0 && count <= byteCount && offset <= byteCount &- count
  }

  @inline(__always)
  private func address(_ offset: Int, _ width: Int) -> UInt64? {
    guard contains(offset, width) else { return nil }
    return PhysicalMap.address(of: first.address) &+ UInt64(truncatingIfNeeded: offset)
  }

  /// Where the `width` bytes at `offset` are; nil when they are not all inside.
  @inline(__always)
  public func place(_ offset: Int, _ width: Int) -> CheckedPlace? { address(offset, width).map { CheckedPlace($0) } }

  // SAFETY (section): `address` has checked that the bytes are inside of frames that this value owns, which are in the
  // physical map for ever and hold no Swift object. A device may write at any moment: each access is one access of its
  // width, and copies take what they find.

  /// Reads 16 bits, before all that is read afterwards: an index that says what else is valid.
  @inline(__always)
  public func readAcquiring16(at offset: Int) -> UInt16 {
    let value = read16(at: offset)
    atomicMemoryFence(ordering: .acquiring)
    return value
  }

  /// Reads 32 bits, before all that is read afterwards.
  @inline(__always)
  public func readAcquiring32(at offset: Int) -> UInt32 {
    let value = read32(at: offset)
    atomicMemoryFence(ordering: .acquiring)
    return value
  }

  /// Writes 16 bits, after all that was written before: an index that says what else is valid.
  @inline(__always)
  public func writeReleasing16(_ value: UInt16, at offset: Int) {
    atomicMemoryFence(ordering: .releasing)
    write16(value, at: offset)
  }

  /// Writes 32 bits, after all that was written before.
  @inline(__always)
  public func writeReleasing32(_ value: UInt32, at offset: Int) {
    atomicMemoryFence(ordering: .releasing)
    write32(value, at: offset)
  }

  /// Copies from `offset` on into `bytes`, as far as both go.
  ///
  /// - Returns: how many bytes were copied.
  @discardableResult
  public func copyOut(at offset: Int, into bytes: inout MutableSpan<UInt8>) -> Int {
    guard contains(offset, 0) else { return 0 }
    let count = min(bytes.count, byteCount - offset)
    guard count > 0, let place = address(offset, count),
      let source = unsafe UnsafeRawPointer(bitPattern: UInt(place))
    else { return 0 }
    atomicMemoryFence(ordering: .acquiring)
    unsafe bytes.withUnsafeMutableBytes { buffer in
      guard let start = buffer.baseAddress else { return }
      unsafe start.copyMemory(from: source, byteCount: count)
    }
    return count
  }

  /// Copies `bytes` to `offset` and behind, as far as they fit.
  ///
  /// - Returns: how many bytes were copied.
  @discardableResult
  public func copyIn(_ bytes: Span<UInt8>, at offset: Int) -> Int {
    guard contains(offset, 0) else { return 0 }
    let count = min(bytes.count, byteCount - offset)
    guard count > 0, let place = address(offset, count),
      let target = unsafe UnsafeMutableRawPointer(bitPattern: UInt(place))
    else { return 0 }
    unsafe bytes.withUnsafeBytes { buffer in
      guard let start = buffer.baseAddress else { return }
      unsafe target.copyMemory(from: start, byteCount: count)
    }
    atomicMemoryFence(ordering: .releasing)
    return count
  }

  /// Fills the `count` bytes from `offset` on with zeros, as far as they are inside.
  public func zeroFill(at offset: Int, count: Int) {
    guard contains(offset, 0), count > 0 else { return }
    let count = min(count, byteCount - offset)
    guard let place = address(offset, count), let target = unsafe UnsafeMutableRawPointer(bitPattern: UInt(place))
    else {
      return
    }
    unsafe target.initializeMemory(as: UInt8.self, repeating: 0, count: count)
    atomicMemoryFence(ordering: .releasing)
  }

  /// Writes the `count` bytes from `offset` on out of the CPU's caches, for a device that does not look into those.
  public func writeBack(at offset: Int, count: Int) {
    guard count > 0, let start = address(offset, count) else { return }
    // SAFETY: `address` has checked that all of the lines lie in frames that this value owns; writing one back changes nothing.
    var line = start & ~63
    while line < start + UInt64(count) {
      apus_write_back_line(line)
      line += 64
    }
    apus_memory_fence()
  }
}

extension UserFrame {
  /// The `count` bytes from `offset` on, to tell a device of; nil when they are not all inside.
  ///
  /// Whoever tells keeps a reference to the frame until the device is done with it. The frame is in no `DMADomain`: behind an IOMMU
  /// whoever tells has a `DMAMapping` of it.
  public borrowing func segment(at offset: Int = 0, count: Int = UserFrame.byteCount) -> DMASegment? {
    guard offset >= 0, count > 0, count <= Self.byteCount, offset <= Self.byteCount - count else { return nil }
    return DMASegment(
      deviceAddress: DMABuffer.deviceAddress(ofPhysical: number.address) &+ UInt64(offset), byteCount: count)
  }
}

/// That frames are shared with a device by contained work.
private final class DMARecord {
  /// The heap of the work.
  let heap: Int

  init(_ heap: Int) { self.heap = heap }
}
