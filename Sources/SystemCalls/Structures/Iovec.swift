import Foundations
public import Machine

/// `struct iovec`. Source: readv(2).
public struct Iovec: UserValue, Sendable {
  /// Where the piece is.
  public var address: UInt64
  /// How many bytes it has.
  public var count: UInt64

  /// 16.
  public static var userByteCount: Int { 16 }

  /// Takes the members from their places.
  public init(userBytes: Span<UInt8>) {
    address = StructureBytes.get(userBytes, at: 0)
    count = StructureBytes.get(userBytes, at: 8)
  }

  /// Writes the members to their places.
  public func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    StructureBytes.put(address, at: 0, &bytes)
    StructureBytes.put(count, at: 8, &bytes)
  }

  /// The pieces of an array as one buffer, cut to what one call moves.
  ///
  /// - Throws: `EINVAL` for more than 1,024 pieces and for negative lengths, `EFAULT`, `ENOMEM`.
  static func buffer(_ vectors: UserPointer<Iovec>, count: UInt64) throws(Errno) -> IOBuffer {
    guard count <= UInt64(IOBuffer.segmentLimit) else { throw .EINVAL }
    var buffer = IOBuffer()
    var room = UserBuffer.transferLimit
    for index in 0..<Int(count) {
      let vector = try vectors.load(at: index)
      guard vector.count <= UInt64(Int64.max) else { throw .EINVAL }
      let bytes = try UserBytes(address: vector.address, count: vector.count)
      let part = min(vector.count, room)
      room -= part
      try buffer.append(bytes.extracting(0..<Int(part)))
    }
    return buffer
  }
}
