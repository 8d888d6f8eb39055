/// Numbers at fixed places of a structure, in the order of bytes of x86: least significant first. One check and one access
/// each, which byte by byte would not become.
extension MutableSpan<UInt8> {
  /// Writes `value` at `offset`.
  ///
  /// - Precondition: all of it lies in the span.
  @inline(__always)
  public mutating func store<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value, at offset: Int) {
    precondition(offset >= 0 && offset <= count - MemoryLayout<Value>.size, "outside the structure")
    // SAFETY: the place was checked; it need not be aligned.
    unsafe withUnsafeMutableBytes { unsafe $0.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Value.self) }
  }
}

extension Span<UInt8> {
  /// The number at `offset`.
  ///
  /// - Precondition: all of it lies in the span.
  @inline(__always)
  public func load<Value: FixedWidthInteger & BitwiseCopyable>(_ type: Value.Type, at offset: Int) -> Value {
    precondition(offset >= 0 && offset <= count - MemoryLayout<Value>.size, "outside the structure")
    // SAFETY: the place was checked; it need not be aligned, and every pattern is a number.
    return unsafe Value(littleEndian: withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: offset, as: type) })
  }
}
