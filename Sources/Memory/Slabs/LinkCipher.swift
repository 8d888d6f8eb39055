/// How links between free objects, and a debugging cache's notes, are kept from being mistaken for anything else.
///
/// A small number is multiplied by an odd constant and mixed with a secret and the address it is stored at. Any change of
/// one byte turns it into a number far too large, and so does, but once in 2^48 times, anything else that is written there.
struct LinkCipher: Sendable {
  /// The odd number nearest to 2^64 divided by the golden ratio: its bits have no pattern.
  private static let multiplier: UInt64 = 0x9e37_79b9_7f4a_7c15
  /// What undoes a multiplication by it, modulo 2^64.
  private static let inverse: UInt64 = 0xf1de_83e1_9937_733d

  private let secret: UInt64

  /// - Parameter secret: a random number.
  init(secret: UInt64) { self.secret = secret }

  /// What to store at `address` for `value`.
  @inline(__always)
  func encode(_ value: UInt64, at address: UInt) -> UInt64 { (value &* Self.multiplier) ^ secret ^ UInt64(address) }

  /// The value that `word`, found at `address`, stands for.
  @inline(__always)
  func decode(_ word: UInt64, at address: UInt) -> UInt64 { (word ^ secret ^ UInt64(address)) &* Self.inverse }
}
