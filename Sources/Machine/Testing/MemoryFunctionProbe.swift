import Boot

/// The four memory functions that the compiler and the runtime call by name, for the tests of them: each call below is one
/// call of the function, which ordinary Swift would inline or leave out.
@safe
public enum MemoryFunctionProbe {
  // SAFETY (section): every range is checked to lie in the bytes that it is about.

  /// `memmove` inside `bytes`.
  @inline(never)
  public static func move(in bytes: inout MutableSpan<UInt8>, from source: Int, to target: Int, count: Int) {
    check(source, count, in: bytes.count)
    check(target, count, in: bytes.count)
    unsafe bytes.withUnsafeMutableBytes { buffer in
      guard let start = buffer.baseAddress else { return }
      unsafe memmove(start.advanced(by: target), start.advanced(by: source), count)
    }
  }

  /// `memcpy` of `source` into `bytes` at `offset`.
  @inline(never)
  public static func copy(_ source: Span<UInt8>, into bytes: inout MutableSpan<UInt8>, at offset: Int) {
    let count = source.count
    check(offset, count, in: bytes.count)
    unsafe bytes.withUnsafeMutableBytes { buffer in
      unsafe source.withUnsafeBytes { source in
        guard let from = source.baseAddress, let start = buffer.baseAddress else { return }
        unsafe memcpy(start.advanced(by: offset), from, count)
      }
    }
  }

  /// `memset` of `count` bytes from `offset` on.
  @inline(never)
  public static func fill(_ bytes: inout MutableSpan<UInt8>, at offset: Int, count: Int, with value: UInt8) {
    check(offset, count, in: bytes.count)
    unsafe bytes.withUnsafeMutableBytes { buffer in
      guard let start = buffer.baseAddress else { return }
      unsafe memset(start.advanced(by: offset), Int32(value), count)
    }
  }

  /// `memcmp` of the first `count` bytes of both: negative, 0 or positive.
  @inline(never)
  public static func compare(_ left: Span<UInt8>, _ right: Span<UInt8>, count: Int) -> Int {
    check(0, count, in: left.count)
    check(0, count, in: right.count)
    return unsafe left.withUnsafeBytes { left in
      unsafe right.withUnsafeBytes { right in
        guard let first = left.baseAddress, let second = right.baseAddress else { return 0 }
        return unsafe Int(memcmp(first, second, count))
      }
    }
  }

  private static func check(_ offset: Int, _ count: Int, in total: Int) {
    precondition(offset >= 0 && count >= 0 && count <= total && offset <= total - count, "outside the bytes")
  }
}
