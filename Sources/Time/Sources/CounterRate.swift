/// How fast a counter counts, in thousandths of a hertz, so that no rate of a PC's counters is rounded by more than 1 ppb.
public struct CounterRate: Equatable, Sendable {
  /// Ticks in 1,000 seconds.
  public let millihertz: UInt64

  /// The slowest and the fastest counter that is believed: 100 kHz and 100 GHz.
  public static let believable: ClosedRange<UInt64> = 100_000_000...100_000_000_000_000

  /// A rate; nil outside `believable`.
  public init?(millihertz: UInt64) {
    guard Self.believable.contains(millihertz) else { return nil }
    self.millihertz = millihertz
  }

  /// A rate in hertz; nil outside `believable`.
  public init?(hertz: UInt64) {
    let (millihertz, overflowed) = hertz.multipliedReportingOverflow(by: 1_000)
    guard !overflowed else { return nil }
    self.init(millihertz: millihertz)
  }

  /// A rate that is known when the kernel is built.
  init(known hertz: UInt64) { millihertz = hertz * 1_000 }

  /// The rate of a counter whose tick takes `femtoseconds`; nil outside `believable`.
  public init?(periodFemtoseconds femtoseconds: UInt64) {
    guard femtoseconds > 0 else { return nil }
    self.init(millihertz: (1_000_000_000_000_000_000 + femtoseconds / 2) / femtoseconds)
  }

  /// In hertz, rounded.
  public var hertz: UInt64 { (millihertz + 500) / 1_000 }

  /// Whether two rates are no further apart than so many parts per billion.
  public func agrees(with other: CounterRate, partsPerBillion: UInt64) -> Bool {
    let difference = millihertz > other.millihertz ? millihertz - other.millihertz : other.millihertz - millihertz
    return RateMeasurement.parts(difference, of: millihertz) <= partsPerBillion
  }

  /// The ticks of `nanoseconds`, rounded down; `UInt64.max` when there are more.
  public func ticks(nanoseconds: UInt64) -> UInt64 {
    let (high, low) = nanoseconds.multipliedFullWidth(by: millihertz)
    return WideInteger.divide(high: high, low: low, by: 1_000_000_000_000) ?? .max
  }
}

/// Division of 128-bit numbers, which the image has no library routine for. Not for hot paths.
enum WideInteger {
  /// `high:low` / `divisor`, or nil when the quotient has more than 64 bits.
  static func divide(high: UInt64, low: UInt64, by divisor: UInt64) -> UInt64? {
    guard divisor > high else { return nil }
    var remainder = high
    var quotient: UInt64 = 0
    for position in (0..<64).reversed() {
      let carry = remainder >> 63
      remainder = remainder << 1 | low >> UInt64(position) & 1
      quotient <<= 1
      guard carry == 1 || remainder >= divisor else { continue }
      remainder = remainder &- divisor
      quotient |= 1
    }
    return quotient
  }
}

/// What turns ticks into nanoseconds: one multiplication and one shift, exact to 1 ns in days.
public struct CounterScale: Equatable, Sendable {
  /// Nanoseconds a tick, times 2⁴⁸; below 2⁶².
  public var multiplier: UInt64

  /// The bits of the multiplier behind the point. With 48, a 64-bit number of nanoseconds (584 years) never overflows.
  public static let fractionBits: UInt64 = 48
  static let fractionMask: UInt64 = 1 << fractionBits - 1

  /// A scale that makes every time 0.
  public init() { multiplier = 0 }

  /// A scale by its multiplier.
  @inline(__always)
  init(multiplier: UInt64) { self.multiplier = multiplier }

  /// The scale of a counter with this rate.
  public init(_ rate: CounterRate) {
    // 10¹² × 2⁴⁸ / millihertz; the product has 88 bits.
    let (high, low) = UInt64(1_000_000_000_000).multipliedFullWidth(by: 1 << Self.fractionBits)
    multiplier = WideInteger.divide(high: high, low: low, by: rate.millihertz) ?? 0
  }

  /// The nanoseconds of `ticks`, with `fraction` (in 2⁻⁴⁸ ns) added before the result is rounded down.
  @inline(__always)
  public func nanoseconds(_ ticks: UInt64, fraction: UInt64 = 0) -> UInt64 {
    let product = ticks.multipliedFullWidth(by: multiplier)
    let (low, carries) = product.low.addingReportingOverflow(fraction)
    let high = product.high &+ (carries ? 1 : 0)
    return high << (64 - Self.fractionBits) | low >> Self.fractionBits
  }

  /// What `nanoseconds` leaves behind the point.
  func remainder(_ ticks: UInt64, fraction: UInt64) -> UInt64 {
    (ticks &* multiplier &+ fraction) & Self.fractionMask
  }

  /// The scale with its nanoseconds made longer by `adjustment`, in 2⁻³⁵ of themselves; at most a half.
  func adjusted(by adjustment: Int64) -> CounterScale {
    let size = min(adjustment.magnitude, 1 << 34)
    let (high, low) = multiplier.multipliedFullWidth(by: size)
    let change = high << 29 | low >> 35
    var scale = self
    scale.multiplier = adjustment < 0 ? multiplier &- change : multiplier &+ change
    return scale
  }
}
