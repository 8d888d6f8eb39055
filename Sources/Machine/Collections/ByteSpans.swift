/// Moving and loading bytes several at a time, checked once for all of them.
extension Span<UInt8> {
  /// The eight bytes from `index` on, the first the lowest.
  @inline(__always)
  public func littleEndianWord(at index: Int) -> UInt64 {
    precondition(index >= 0 && index <= count &- 8, "index out of range")
    // SAFETY: all eight bytes lie in the span; any bytes are a UInt64.
    let word = unsafe withUnsafeBytes { bytes in
      unsafe bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
    }
    return UInt64(littleEndian: word)
  }
}

extension MutableSpan<UInt8> {
  /// Puts `value` at `index` and behind, in as many bytes as it has, the lowest first.
  @inline(__always)
  public mutating func storeLittleEndian<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value, at index: Int) {
    precondition(index >= 0 && index <= count &- MemoryLayout<Value>.size, "index out of range")
    // SAFETY: all bytes of the value lie in the span, as just checked.
    unsafe withUnsafeMutableBytes { bytes in
      unsafe bytes.storeBytes(of: value.littleEndian, toByteOffset: index, as: Value.self)
    }
  }

  /// Puts three words at `index` and behind, each with its lowest byte first.
  @inline(__always)
  public mutating func storeLittleEndian(_ first: UInt64, _ second: UInt64, _ third: UInt64, at index: Int) {
    precondition(index >= 0 && index <= count &- 24, "index out of range")
    // SAFETY: all bytes of the words lie in the span, as just checked.
    unsafe withUnsafeMutableBytes { bytes in
      unsafe bytes.storeBytes(of: first.littleEndian, toByteOffset: index, as: UInt64.self)
      unsafe bytes.storeBytes(of: second.littleEndian, toByteOffset: index &+ 8, as: UInt64.self)
      unsafe bytes.storeBytes(of: third.littleEndian, toByteOffset: index &+ 16, as: UInt64.self)
    }
  }

  /// Puts `bytes` at `index` and behind.
  @inline(__always)
  public mutating func copy(_ bytes: Span<UInt8>, at index: Int) {
    precondition(index >= 0 && index <= count && bytes.count <= count - index, "index out of range")
    // SAFETY: both sides are that long, and what is mutated here nobody else has.
    unsafe withUnsafeMutableBytes { target in
      unsafe bytes.withUnsafeBytes { source in
        guard let start = target.baseAddress, let from = source.baseAddress else { return }
        unsafe (start + index).copyMemory(from: from, byteCount: source.count)
      }
    }
  }

  /// Copies `length` bytes from `distance` before `index` to `index`, the first byte first: where the two overlap, what was
  /// copied is copied again, so that a short distance repeats a pattern.
  @inline(__always)
  public mutating func repeatBytes(at index: Int, distance: Int, length: Int) {
    precondition(distance > 0 && distance <= index && length >= 0 && length <= count &- index, "index out of range")
    // SAFETY: from `index - distance` up to `index + length` all lies in the span.
    unsafe withUnsafeMutableBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      var target = unsafe start + index
      var source = unsafe target - distance
      var left = length
      if distance >= 8 {
        while left >= 8 {
          unsafe target.storeBytes(of: source.loadUnaligned(as: UInt64.self), as: UInt64.self)
          unsafe target += 8
          unsafe source += 8
          left &-= 8
        }
      }
      while left > 0 {
        unsafe target.storeBytes(of: source.load(as: UInt8.self), as: UInt8.self)
        unsafe target += 1
        unsafe source += 1
        left &-= 1
      }
    }
  }

  /// Moves `length` bytes from `index` on to the beginning.
  public mutating func moveToFront(from index: Int, length: Int) {
    precondition(index >= 0 && length >= 0 && index <= count && length <= count - index, "index out of range")
    // SAFETY: all of them lie in the span; the two places may overlap.
    unsafe withUnsafeMutableBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      unsafe start.copyMemory(from: start + index, byteCount: length)
    }
  }
}
