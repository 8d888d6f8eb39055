import Foundations

/// Copies between the kernel and the program that runs on this CPU.
///
/// Any address may be given. A byte that the program could not access itself is not accessed: copying ends exactly there, with
/// `EFAULT` or, in the functions that say how far they came, with the number of bytes before it. Page faults on the way are
/// resolved as they would be for the program. What was copied in may be changed by the program's other threads at any moment, so
/// look at a byte once.
///
/// - Context: a fault may have to wait, so no spin lock is held; `withoutFaults` is for those who hold one.
public enum UserMemory {
  // SAFETY (section): the address was checked to be the program's, and the span's buffer is valid during the copy.

  /// Fills `bytes` from `address` on.
  ///
  /// - Throws: `EFAULT`; part of `bytes` may have been filled.
  @inline(__always)
  public static func copyIn(from address: UInt64, into bytes: inout MutableSpan<UInt8>) throws(Errno) {
    guard copyInPartially(from: address, into: &bytes) == bytes.count else { throw .EFAULT }
  }

  /// Copies `bytes` to `address`.
  ///
  /// - Throws: `EFAULT`; part of them may have been copied.
  @inline(__always)
  public static func copyOut(_ bytes: Span<UInt8>, to address: UInt64) throws(Errno) {
    guard copyOutPartially(bytes, to: address) == bytes.count else { throw .EFAULT }
  }

  /// Fills `bytes` from `address` on, as far as the program could read.
  ///
  /// - Returns: how many bytes were filled; none when not all of them can be the program's.
  @inline(__always)
  public static func copyInPartially(from address: UInt64, into bytes: inout MutableSpan<UInt8>) -> Int {
    copyInPartially(from: address, into: &bytes, count: bytes.count)
  }

  /// Fills the first `count` of `bytes`.
  @inline(__always)
  static func copyInPartially(from address: UInt64, into bytes: inout MutableSpan<UInt8>, count: Int) -> Int {
    precondition(count >= 0 && count <= bytes.count, "outside the bytes")
    guard UserSpace.contains(address, byteCount: UInt64(count)) else { return 0 }
    return unsafe bytes.withUnsafeMutableBytes { buffer in
      guard let target = buffer.baseAddress else { return 0 }
      return unsafe count - UserAccess.copyIn(target, from: address, count: count)
    }
  }

  /// Copies `bytes` to `address`, as far as the program could write.
  ///
  /// - Returns: how many bytes were copied; none when not all of the memory can be the program's.
  @inline(__always)
  public static func copyOutPartially(_ bytes: Span<UInt8>, to address: UInt64) -> Int {
    guard UserSpace.contains(address, byteCount: UInt64(bytes.count)) else { return 0 }
    return unsafe bytes.withUnsafeBytes { buffer in
      guard let source = buffer.baseAddress else { return 0 }
      return unsafe buffer.count - UserAccess.copyOut(source, to: address, count: buffer.count)
    }
  }

  /// Fills `count` bytes from `address` on with zeros.
  ///
  /// - Throws: `EFAULT`; part of them may have been filled.
  public static func clear(_ address: UInt64, count: UInt64) throws(Errno) {
    guard clearPartially(address, count: count) == count else { throw .EFAULT }
  }

  /// Fills `count` bytes from `address` on with zeros, as far as the program could write.
  ///
  /// - Returns: how many bytes were filled; none when not all of them can be the program's.
  public static func clearPartially(_ address: UInt64, count: UInt64) -> UInt64 {
    guard UserSpace.contains(address, byteCount: count) else { return 0 }
    return count - UInt64(UserAccess.clear(address, count: Int(count)))
  }

  /// Copies the string at `address` up to the zero byte that ends it.
  ///
  /// - Parameter bytes: as long as a string may be with its zero byte, such as PATH_MAX; behind the string it may be changed.
  /// - Returns: the string's length, without the zero byte.
  /// - Throws: `ENAMETOOLONG` when no zero byte is among the first `bytes.count`, `EFAULT` when the program could not read so far.
  public static func copyString(from address: UInt64, into bytes: inout MutableSpan<UInt8>) throws(Errno) -> Int {
    guard UserSpace.contains(address) else { throw .EFAULT }
    let end = address < UserSpace.kernelWindow.lowerBound ? UserSpace.kernelWindow.lowerBound : UserSpace.end
    let limit = Int(min(UInt64(bytes.count), end - address))
    let length = unsafe bytes.withUnsafeMutableBytes { buffer in
      guard let target = buffer.baseAddress else { return 0 as Int? }
      return unsafe UserAccess.string(target, from: address, limit: limit)
    }
    guard let length else { throw .EFAULT }
    guard length < limit else { throw limit < bytes.count ? .EFAULT : .ENAMETOOLONG }
    return length
  }

  // MARK: Words

  /// Fills `words` from `address` on, which need not be aligned.
  ///
  /// - Throws: `EFAULT`; part of `words` may have been filled.
  @inline(__always)
  public static func copyIn(from address: UInt64, into words: inout MutableSpan<UInt64>) throws(Errno) {
    let byteCount = words.count * 8
    guard UserSpace.contains(address, byteCount: UInt64(byteCount)) else { throw .EFAULT }
    let left = unsafe words.withUnsafeMutableBufferPointer { buffer in
      guard let target = buffer.baseAddress else { return 0 }
      return unsafe UserAccess.copyIn(target, from: address, count: byteCount)
    }
    guard left == 0 else { throw .EFAULT }
  }

  /// Copies `words` to `address`, which need not be aligned.
  ///
  /// - Throws: `EFAULT`; part of them may have been copied.
  @inline(__always)
  public static func copyOut(_ words: Span<UInt64>, to address: UInt64) throws(Errno) {
    let byteCount = words.count * 8
    guard UserSpace.contains(address, byteCount: UInt64(byteCount)) else { throw .EFAULT }
    let left = unsafe words.withUnsafeBufferPointer { buffer in
      guard let source = buffer.baseAddress else { return 0 }
      return unsafe UserAccess.copyOut(source, to: address, count: byteCount)
    }
    guard left == 0 else { throw .EFAULT }
  }

  // MARK: Futex words

  /// Loads the word at `address`, a multiple of four, in one access.
  ///
  /// - Throws: `EINVAL` for an address that is no multiple of four, `EFAULT`.
  public static func load32(_ address: UInt64) throws(Errno) -> UInt32 {
    try checkWord(address)
    guard let value = UserAccess.load32(address) else { throw .EFAULT }
    return value
  }

  /// Stores `desired` in the word at `address` if it is `expected`, in one locked access.
  ///
  /// - Returns: what the word was.
  /// - Throws: as `load32` does; also `EFAULT` when the program could not write, whatever the word is.
  public static func compareExchange32(
    _ address: UInt64, expected: UInt32, desired: UInt32
  ) throws(Errno) -> UInt32 {
    try checkWord(address)
    guard let found = UserAccess.compareExchange32(address, expected: expected, desired: desired) else {
      throw .EFAULT
    }
    return found
  }

  private static func checkWord(_ address: UInt64) throws(Errno) {
    guard address & 3 == 0 else { throw .EINVAL }
    guard UserSpace.contains(address, byteCount: 4) else { throw .EFAULT }
  }

  // MARK: Under locks

  /// Runs `body`, in which no page fault is resolved: a page that is not there at once is `EFAULT`.
  ///
  /// For code that must not wait. Who gets `EFAULT` lets go of its locks, touches the page with faults, and tries again.
  ///
  /// - Context: `body` stays on its CPU: it holds a spin lock, or has interrupts off.
  @inline(__always)
  public static func withoutFaults<Result: ~Copyable, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    #if os(none)
      return try withBan(body)
    #else
      return try SimulatedProcessor.alone { () throws(Failure) in try withBan(body) }
    #endif
  }

  @inline(__always)
  private static func withBan<Result: ~Copyable, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    ProcessorArea.withCurrent { $0.translation.resolutionBans &+= 1 }
    defer { ProcessorArea.withCurrent { $0.translation.resolutionBans &-= 1 } }
    return try body()
  }
}
