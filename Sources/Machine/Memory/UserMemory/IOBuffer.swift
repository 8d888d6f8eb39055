import Foundations

/// Where the bytes of a reading call go, or those of a writing call come from: pieces of a program's memory, or the kernel's own.
///
/// What serves a call moves bytes at the buffer's position, which moves on. A fault in a program's memory ends the call with what
/// was moved before it, or with `EFAULT` when that is nothing, as read(2) and write(2) say.
public struct IOBuffer: ~Copyable {
  /// More pieces than readv(2) and its relatives take (`IOV_MAX`).
  public static let segmentLimit = 1_024

  /// How many bytes there are from the position on.
  public private(set) var remaining: Int
  /// How many bytes have been moved.
  public private(set) var count = 0

  // The piece that the position is in, from the position on; `address` is the kernel's own if `isKernel`.
  private var address: UInt64
  private var piece: Int
  private let isKernel: Bool
  private var later = GrowableArray<UserBytes>()
  private var nextIndex = 0

  /// Makes a buffer of one piece of a program's memory.
  @inline(__always)
  public init(_ bytes: UserBytes) {
    (address, piece, remaining, isKernel) = (bytes.address, bytes.count, bytes.count, false)
  }

  /// Makes an empty buffer, which `append` adds pieces to.
  public init() {
    (address, piece, remaining, isKernel) = (0, 0, 0, false)
  }

  private init(kernel address: UInt64, count: Int) {
    (self.address, piece, remaining, isKernel) = (address, count, count, true)
  }

  /// Adds a piece of a program's memory behind the last.
  ///
  /// - Throws: `EINVAL` when there are too many pieces or bytes, `ENOMEM`.
  public mutating func append(_ bytes: UserBytes) throws(Errno) {
    precondition(!isKernel, "a program's memory behind the kernel's")
    guard later.count < Self.segmentLimit, bytes.count <= Int(Int32.max) - remaining else { throw .EINVAL }
    try later.append(bytes)
    remaining += bytes.count
  }

  /// Runs `body` with a buffer that stands for `bytes`, to read something into them.
  public static func withBuffer<Result: ~Copyable, Failure: Error>(
    filling bytes: inout MutableSpan<UInt8>, _ body: (inout IOBuffer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let count = bytes.count
    // SAFETY: the buffer is used only inside `body`, while `bytes` is held by this call; every move is checked against `count`.
    let address = unsafe bytes.withUnsafeMutableBytes { UInt64(UInt(bitPattern: $0.baseAddress)) }
    var buffer = IOBuffer(kernel: address, count: count)
    return try body(&buffer)
  }

  /// Runs `body` with a buffer that stands for `bytes`, to write them somewhere. Nothing may be moved into it.
  public static func withBuffer<Result: ~Copyable, Failure: Error>(
    draining bytes: Span<UInt8>, _ body: (inout IOBuffer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let count = bytes.count
    // SAFETY: as above.
    let address = unsafe bytes.withUnsafeBytes { UInt64(UInt(bitPattern: $0.baseAddress)) }
    var buffer = IOBuffer(kernel: address, count: count)
    return try body(&buffer)
  }

  /// Runs `body` with a buffer that stands for `range` of a frame, to move bytes either way.
  public static func withBuffer<Result: ~Copyable, Failure: Error>(
    _ frame: borrowing UserFrame, _ range: Range<Int>, _ body: (inout IOBuffer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(range.lowerBound >= 0 && range.upperBound <= UserFrame.byteCount, "outside the frame")
    // SAFETY: the frame is borrowed, so it stays, and the range lies in it; nothing typed is in such a frame.
    let start = unsafe FrameMemory.pointer(to: frame.number) + range.lowerBound
    var buffer = IOBuffer(kernel: UInt64(UInt(bitPattern: start)), count: range.count)
    return try body(&buffer)
  }

  /// Makes the buffer end `limit` bytes behind the position, if it ends later.
  public mutating func limit(to limit: Int) { remaining = min(remaining, max(limit, 0)) }

  // MARK: Moving bytes

  /// Moves `bytes` into the buffer, as many as there is room for.
  ///
  /// - Returns: how many were moved: fewer than fit only before a fault.
  /// - Throws: `EFAULT` when the first could not be.
  public mutating func write(_ bytes: Span<UInt8>) throws(Errno) -> Int {
    // SAFETY: `move` gives offsets within the count it was asked for.
    try unsafe bytes.withUnsafeBytes { source throws(Errno) in
      try move(source.count) { address, offset, count, isKernel in
        guard let start = source.baseAddress else { return 0 }
        return unsafe Self.fill(address, from: start + offset, count, isKernel)
      }
    }
  }

  /// Moves bytes of the buffer into `bytes`, as many as it has.
  ///
  /// - Returns: how many were moved: fewer than there were only before a fault.
  /// - Throws: `EFAULT` when the first could not be.
  public mutating func read(into bytes: inout MutableSpan<UInt8>) throws(Errno) -> Int {
    // SAFETY: `move` gives offsets within the count it was asked for.
    try unsafe bytes.withUnsafeMutableBytes { target throws(Errno) in
      try move(target.count) { address, offset, count, isKernel in
        guard let start = target.baseAddress else { return 0 }
        return unsafe Self.drain(address, into: start + offset, count, isKernel)
      }
    }
  }

  /// Moves `range` of a frame into the buffer; otherwise as `write(_:)`.
  public mutating func write(_ frame: borrowing UserFrame, _ range: Range<Int>) throws(Errno) -> Int {
    precondition(range.lowerBound >= 0 && range.upperBound <= UserFrame.byteCount, "outside the frame")
    // SAFETY: the frame is borrowed, so it stays, and the range lies in it.
    let start = unsafe UnsafeRawPointer(FrameMemory.pointer(to: frame.number)) + range.lowerBound
    return try move(range.count) { address, offset, count, isKernel in
      unsafe Self.fill(address, from: start + offset, count, isKernel)
    }
  }

  /// Moves bytes of the buffer into `range` of a frame; otherwise as `read(into:)`.
  public mutating func read(into frame: borrowing UserFrame, _ range: Range<Int>) throws(Errno) -> Int {
    precondition(range.lowerBound >= 0 && range.upperBound <= UserFrame.byteCount, "outside the frame")
    // SAFETY: as above; nothing typed is in such a frame.
    let start = unsafe FrameMemory.pointer(to: frame.number) + range.lowerBound
    return try move(range.count) { address, offset, count, isKernel in
      unsafe Self.drain(address, into: start + offset, count, isKernel)
    }
  }

  /// Moves zeros into the buffer; otherwise as `write(_:)`.
  @inline(__always)
  public mutating func writeZeros(_ count: Int) throws(Errno) -> Int {
    // Nearly always it lies together in a program's memory.
    guard liesTogether(count), !isKernel, UserAccess.clear(address, count: count) == 0 else {
      return try writeZerosInPieces(count)
    }
    advance(count)
    return count
  }

  /// What faulted above does so again here.
  @inline(never)
  private mutating func writeZerosInPieces(_ count: Int) throws(Errno) -> Int {
    try move(count) { address, _, count, isKernel in
      guard isKernel else { return count - UserAccess.clear(address, count: count) }
      // SAFETY: a part of the span that `withBuffer` was given.
      let target = unsafe UnsafeMutableRawPointer(bitPattern: UInt(address))
      unsafe target?.initializeMemory(as: UInt8.self, repeating: 0, count: count)
      return count
    }
  }

  /// Moves on over up to `count` bytes without touching them, as for /dev/null.
  ///
  /// - Returns: how many.
  @inline(__always)
  public mutating func skip(_ count: Int) -> Int {
    guard liesTogether(count) else { return skipPieces(count) }
    advance(count)
    return count
  }

  @inline(never)
  private mutating func skipPieces(_ count: Int) -> Int {
    var skipped = 0
    while skipped < count, let part = nextPart(count &- skipped) {
      advance(part)
      skipped &+= part
      if skipped == count { break }
    }
    return skipped
  }

  // SAFETY (section): a program's address was checked when its `UserBytes` was made, and faults are caught; the kernel's lies in
  // the span that `withBuffer` was given. The other side is valid for `count` bytes.

  private static func fill(_ address: UInt64, from source: UnsafeRawPointer, _ count: Int, _ isKernel: Bool) -> Int {
    guard isKernel else { return unsafe count - UserAccess.copyOut(source, to: address, count: count) }
    unsafe UnsafeMutableRawPointer(bitPattern: UInt(address))?.copyMemory(from: source, byteCount: count)
    return count
  }

  private static func drain(
    _ address: UInt64, into target: UnsafeMutableRawPointer, _ count: Int, _ isKernel: Bool
  ) -> Int {
    guard isKernel else { return unsafe count - UserAccess.copyIn(target, from: address, count: count) }
    guard let source = unsafe UnsafeRawPointer(bitPattern: UInt(address)) else { return 0 }
    unsafe target.copyMemory(from: source, byteCount: count)
    return count
  }

  /// Calls `transfer` for each piece of the next `wanted` bytes, until one is not moved whole.
  @inline(__always)
  private mutating func move(
    _ wanted: Int, _ transfer: (_ address: UInt64, _ offset: Int, _ count: Int, _ isKernel: Bool) -> Int
  ) throws(Errno) -> Int {
    var moved = 0
    while moved < wanted, let part = nextPart(wanted &- moved) {
      let done = transfer(address, moved, part, isKernel)
      advance(done)
      moved &+= done
      // Nearly always it lies together.
      if moved == wanted { break }
      guard done == part else {
        guard moved > 0 else { throw .EFAULT }
        break
      }
    }
    return moved
  }

  /// Whether the next `wanted` bytes are one piece or a part of it.
  @inline(__always)
  private func liesTogether(_ wanted: Int) -> Bool { wanted > 0 && wanted <= piece && wanted <= remaining }

  /// How many of the next `wanted` bytes lie together; nil at the end. Goes on to the next piece if need be.
  private mutating func nextPart(_ wanted: Int) -> Int? {
    guard remaining > 0 else { return nil }
    while piece == 0 {
      guard nextIndex < later.count else { return nil }
      (address, piece) = (later[nextIndex].address, later[nextIndex].count)
      nextIndex &+= 1
    }
    return min(wanted, piece, remaining)
  }

  /// Moves the position on within a piece: by 0...`piece`, which is what makes that there is nothing to check.
  @inline(__always)
  private mutating func advance(_ done: Int) {
    address &+= UInt64(truncatingIfNeeded: done)
    piece &-= done
    remaining &-= done
    count &+= done
  }
}
