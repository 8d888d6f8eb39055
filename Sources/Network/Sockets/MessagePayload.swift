import Foundations
import Machine
import PageFrames

/// The bytes of a message. Many are in frames, so that none needs more than a page in one piece.
struct MessagePayload: ~Copyable {
  /// Up to so many bytes are kept in one piece.
  private static let smallLimit = 2_048

  private var small = GrowableArray<UInt8>()
  private var frames = GrowableArray<UserFrame>()
  /// How many there are.
  private(set) var count = 0

  /// No bytes.
  init() {}

  /// Takes `count` bytes out of `buffer`; there are none yet.
  ///
  /// - Throws: `ENOMEM`, `EFAULT`.
  mutating func fill(_ count: Int, from buffer: inout IOBuffer) throws(Errno) {
    if count <= Self.smallLimit {
      try small.resize(to: count, filledWith: 0)
      var span = small.mutableSpan
      let moved = try buffer.read(into: &span)
      guard moved == count else { throw .EFAULT }
    } else {
      try frames.reserveCapacity((count + UserFrame.byteCount - 1) / UserFrame.byteCount)
      var left = count
      while left > 0 {
        let part = min(left, UserFrame.byteCount)
        try frames.append(Self.frame(part, from: &buffer))
        left -= part
      }
    }
    self.count = count
  }

  private static func frame(_ count: Int, from buffer: inout IOBuffer) throws(Errno) -> UserFrame {
    let frame = try UserFrame.allocate(isZeroed: false)
    let moved = try buffer.read(into: frame, 0..<count)
    guard moved == count else { throw .EFAULT }
    return frame
  }

  /// Byte number `index`, 0..<count.
  borrowing func byte(at index: Int) -> UInt8 {
    if frames.isEmpty { return small[index] }
    var bytes = InlineArray<1, UInt8>(repeating: 0)
    var span = bytes.mutableSpan
    frames[index / UserFrame.byteCount].read(at: index % UserFrame.byteCount, into: &span)
    return bytes[0]
  }

  /// Copies bytes from `start` on to `buffer`, as many as both have, and no more than `limit`.
  ///
  /// - Returns: how many.
  /// - Throws: `EFAULT` when the first could not be.
  borrowing func copy(to buffer: inout IOBuffer, from start: Int, limit: Int = .max) throws(Errno) -> Int {
    let wanted = min(count - start, buffer.remaining, limit)
    guard wanted > 0 else { return 0 }
    if frames.isEmpty { return try buffer.write(small.span.extracting(start..<start + wanted)) }
    var copied = 0
    while copied < wanted {
      let (index, offset) = ((start + copied) / UserFrame.byteCount, (start + copied) % UserFrame.byteCount)
      let part = min(wanted - copied, UserFrame.byteCount - offset)
      do throws(Errno) {
        let moved = try buffer.write(frames[index], offset..<offset + part)
        copied += moved
        if moved < part { break }
      } catch {
        if copied == 0 { throw error }
        break
      }
    }
    return copied
  }
}
