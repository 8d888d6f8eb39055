/// Which virtual run times are not beyond the average of a queue: who has them is owed time, or is even.
///
/// The average is `zero + sum / load`; comparing products instead of dividing is exact. Source: Stoica, Abdel-Wahab, "Earliest
/// Eligible Virtual Deadline First", Old Dominion University, TR-95-22, 1995, definition 1.
struct Eligibility {
  private let zero: UInt64
  private let sum: Int64
  private let load: Int64

  @inline(__always)
  init(zero: UInt64, sum: Int64, load: Int64) {
    self.zero = zero
    self.sum = sum
    self.load = load
  }

  /// Those that are not beyond `runtime`.
  init(only runtime: UInt64) { self.init(zero: runtime, sum: 0, load: 1) }

  @inline(__always)
  func contains(_ runtime: UInt64) -> Bool {
    let product = Int64(bitPattern: runtime &- zero).multipliedFullWidth(by: load)
    let high = sum >> 63
    return product.high < high || product.high == high && product.low <= UInt64(bitPattern: sum)
  }
}
