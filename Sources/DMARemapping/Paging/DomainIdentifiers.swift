public import Foundations
import Machine

/// The numbers by which a unit tells domains apart, given out and taken back.
///
/// Whoever owns it puts a lock around it.
public struct DomainIdentifiers: ~Copyable {
  private var taken = GrowableArray<UInt64>()
  private let limit: Int

  /// Numbers from 1 on below `limit`, 2...65536; 0 means no domain, or what the unit keeps for itself.
  ///
  /// - Throws: `ENOMEM`.
  public init(limit: Int) throws(Errno) {
    let limit = min(max(limit, 2), 65_536)
    var bits = GrowableArray<UInt64>()
    try bits.resize(to: (limit + 63) / 64, filledWith: 0)
    bits[0] = 1
    taken = bits
    self.limit = limit
  }

  /// Takes the lowest number that is free; nil when none is.
  public mutating func take() -> UInt16? {
    for word in 0..<taken.count where taken[word] != .max {
      let bit = (~taken[word]).trailingZeroBitCount
      let number = word * 64 + bit
      guard number < limit else { return nil }
      taken[word] |= 1 << UInt64(bit)
      return UInt16(truncatingIfNeeded: number)
    }
    return nil
  }

  /// Takes a number back.
  public mutating func give(_ number: UInt16) {
    let word = Int(number) / 64
    guard number > 0, word < taken.count else { return }
    taken[word] &= ~(1 << UInt64(number % 64))
  }
}
