/// Bit fields of register values. Ranges come from the specs, where they are checked to fit.
extension FixedWidthInteger where Self: UnsignedInteger {
  /// Bit number `bit`, 0 being the least significant. A bit outside the width reads as false and cannot be set.
  @inlinable @inline(__always)
  public subscript(bit bit: Int) -> Bool {
    get { self &>> Self(truncatingIfNeeded: bit) & 1 != 0 && bit < Self.bitWidth }
    set {
      guard bit < Self.bitWidth else { return }
      let mask: Self = 1 &<< Self(truncatingIfNeeded: bit)
      self = newValue ? self | mask : self & ~mask
    }
  }

  /// The bits `bits`, shifted down to bit 0. A value that is too wide is cut off when set.
  @inlinable @inline(__always)
  public subscript(bits bits: ClosedRange<Int>) -> Self {
    get {
      self &>> Self(truncatingIfNeeded: bits.lowerBound) & Self.mask(width: bits.upperBound &- bits.lowerBound &+ 1)
    }
    set {
      let shift = Self(truncatingIfNeeded: bits.lowerBound)
      let mask = Self.mask(width: bits.upperBound &- bits.lowerBound &+ 1)
      self = self & ~(mask &<< shift) | (newValue & mask) &<< shift
    }
  }

  /// A value whose low `width` bits are set.
  @inlinable @inline(__always)
  public static func mask(width: Int) -> Self {
    width >= Self.bitWidth ? Self.max : (1 &<< Self(truncatingIfNeeded: width)) &- 1
  }
}
