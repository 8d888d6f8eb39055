import Foundations

/// Arrays of 64-bit words that calls read from programs, work on, and write back, such as those of poll(2) and select(2).
public enum UserWords {
  /// How many words are kept on the stack before memory is taken for them.
  private static let stackCount = 128

  /// Runs `body` with `count` words, all zeros: on the stack if they are few.
  ///
  /// - Throws: `ENOMEM`, and what `body` throws.
  @inline(__always)
  public static func withWords<Value>(
    _ count: Int, _ body: (inout MutableSpan<UInt64>) throws(Errno) -> Value
  ) throws(Errno) -> Value {
    guard count <= stackCount else { return try withMemory(count, body) }
    // SAFETY: the buffer has room for `count` words, all of which are set before `body` sees them, and lives as long as the call.
    let result: Result<Value, Errno> = unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: count) {
      buffer in
      unsafe buffer.initialize(repeating: 0)
      var words = unsafe buffer.mutableSpan
      do throws(Errno) { return .success(try body(&words)) } catch { return .failure(error) }
    }
    return try result.get()
  }

  @inline(never)
  private static func withMemory<Value>(
    _ count: Int, _ body: (inout MutableSpan<UInt64>) throws(Errno) -> Value
  ) throws(Errno) -> Value {
    var memory = GrowableArray<UInt64>()
    try memory.resize(to: count, filledWith: 0)
    var words = memory.mutableSpan
    return try body(&words)
  }

  /// Fills `words` from `address` on.
  ///
  /// - Throws: `EFAULT`.
  @inline(__always)
  public static func copyIn(from address: UInt64, into words: inout MutableSpan<UInt64>) throws(Errno) {
    let count = words.count * 8
    guard UserSpace.contains(address, byteCount: UInt64(count)) else { throw .EFAULT }
    // SAFETY: the span's memory is valid during the copy, and any bits are a word.
    let left = unsafe words.withUnsafeMutableBytes { buffer in
      guard let target = buffer.baseAddress else { return 0 }
      return unsafe UserAccess.copyIn(target, from: address, count: count)
    }
    guard left == 0 else { throw .EFAULT }
  }

  /// Stores the highest 16 bits of each of `words` at its place in the array at `address`, and leaves the rest of it alone.
  ///
  /// - Throws: `EFAULT`; some may have been stored.
  @inline(__always)
  public static func storeHighest16(of words: Span<UInt64>, to address: UInt64) throws(Errno) {
    guard UserSpace.contains(address, byteCount: UInt64(words.count * 8)) else { throw .EFAULT }
    // SAFETY: as above.
    let left = unsafe words.withUnsafeBufferPointer { buffer in
      guard let source = buffer.baseAddress else { return 0 }
      return unsafe UserAccess.storeHighest16(source, to: address, count: buffer.count)
    }
    guard left == 0 else { throw .EFAULT }
  }

  /// Runs `body` with a copy of the `count` words, 1...128, from `address` on.
  ///
  /// - Throws: `EFAULT`, and what `body` throws.
  @inline(__always)
  public static func withCopy<Value>(
    _ count: Int, from address: UInt64, _ body: (Span<UInt64>) throws(Errno) -> Value
  ) throws(Errno) -> Value {
    precondition(count > 0 && count <= stackCount, "more than fits on the stack")
    guard UserSpace.contains(address, byteCount: UInt64(count * 8)) else { throw .EFAULT }
    // SAFETY: the buffer has room for the words, which are looked at when all of them have been filled, and lives as long as the call.
    // Just as many words are copied, so there is nothing for a guard behind them to find.
    let result: Result<Value, Errno> = unsafe _withUnprotectedUnsafeTemporaryAllocation(
      of: UInt64.self, capacity: count
    ) { buffer in
      guard let target = buffer.baseAddress, unsafe UserAccess.copyIn(target, from: address, count: count * 8) == 0
      else { return .failure(.EFAULT) }
      do throws(Errno) { return .success(try unsafe body(buffer.span)) } catch { return .failure(error) }
    }
    return try result.get()
  }

  /// Stores two words, or what `byteCount` of 8...16 bytes leaves of the second, at `address`, which need not be aligned.
  ///
  /// - Throws: `EFAULT`; the first bytes may have been stored.
  @inline(__always)
  public static func store(_ first: UInt64, _ second: UInt64, byteCount: Int = 16, to address: UInt64) throws(Errno) {
    guard UserSpace.contains(address, byteCount: UInt64(byteCount)) else { throw .EFAULT }
    try storeInside(first, second, byteCount: byteCount, to: address)
  }

  /// The same at an address that is known to be a program's.
  @inline(__always)
  static func storeInside(_ first: UInt64, _ second: UInt64, byteCount: Int, to address: UInt64) throws(Errno) {
    precondition(byteCount >= 8 && byteCount <= 16, "more or less than two words")
    var words = (first.littleEndian, second.littleEndian)
    // SAFETY: the bytes are a local variable's.
    let left = unsafe _withUnprotectedUnsafeMutableBytes(of: &words) { buffer in
      guard let source = UnsafeRawPointer(buffer.baseAddress) else { return 0 }
      return unsafe UserAccess.copyOut(source, to: address, count: byteCount)
    }
    guard left == 0 else { throw .EFAULT }
  }
}
