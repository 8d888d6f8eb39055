import Foundations

/// A range of a program's memory, as a system call was given it: checked to be the program's, but not to be mapped.
public struct UserBytes: Sendable {
  /// Where it begins.
  public let address: UInt64
  /// How many bytes it has.
  public let count: Int

  /// Checks a range that a program named.
  ///
  /// - Throws: `EFAULT` when part of it is not a program's memory, on whatever side, or it wraps round.
  @inline(__always)
  public init(address: UInt64, count: UInt64) throws(Errno) {
    guard UserSpace.contains(address, byteCount: count) else { throw .EFAULT }
    self.address = address
    self.count = Int(count)
  }

  private init(checkedAddress address: UInt64, count: Int) {
    self.address = address
    self.count = count
  }

  /// Part of the range.
  ///
  /// - Precondition: `range` lies in `0..<count`.
  public func extracting(_ range: Range<Int>) -> UserBytes {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "outside the program's buffer")
    return UserBytes(checkedAddress: address + UInt64(range.lowerBound), count: range.count)
  }

  /// Copies from offset `offset` of the range into `bytes`, as much as both have.
  ///
  /// - Returns: how many bytes were copied before the end or the first that the program cannot read.
  public func read(at offset: Int = 0, into bytes: inout MutableSpan<UInt8>) -> Int {
    let part = extracting(offset..<count)
    return UserMemory.copyInPartially(from: part.address, into: &bytes, count: min(bytes.count, part.count))
  }

  /// Copies `bytes` to offset `offset` of the range, as much as both have.
  ///
  /// - Returns: how many bytes were copied before the end or the first that the program cannot write.
  public func write(at offset: Int = 0, from bytes: Span<UInt8>) -> Int {
    let part = extracting(offset..<count)
    return UserMemory.copyOutPartially(bytes.extracting(0..<min(bytes.count, part.count)), to: part.address)
  }

  /// Stores two words, or what `byteCount` of 8...16 bytes leaves of the second, at offset `offset` of the range, which need not be
  /// aligned.
  ///
  /// - Throws: `EFAULT`, also outside the range; the first bytes may have been stored.
  @inline(__always)
  public func store(_ first: UInt64, _ second: UInt64, byteCount: Int = 16, at offset: Int) throws(Errno) {
    guard offset >= 0, offset <= count &- byteCount else { throw .EFAULT }
    try UserWords.storeInside(first, second, byteCount: byteCount, to: address &+ UInt64(offset))
  }

  /// Fills the range with zeros.
  ///
  /// - Returns: how many bytes were filled before the first that the program cannot write.
  public func clear() -> Int {
    Int(UserMemory.clearPartially(address, count: UInt64(count)))
  }
}
