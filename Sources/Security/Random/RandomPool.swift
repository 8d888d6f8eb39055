/// What random bytes are made of: a key, which is replaced whenever it is used, and what was gathered for the next.
///
/// A key is used for one ChaCha20 block only: half of it becomes the next key, so that what was given out before cannot be found
/// from what is in memory now (fast key erasure). What is gathered is hashed, so nothing that anybody adds can make it worse.
/// Source: D. J. Bernstein, "Fast-key-erasure random-number generators", 2017; Linux drivers/char/random.c.
struct RandomPool: ~Copyable {
  private var key = InlineArray<8, UInt32>(repeating: 0)
  private var gathered = InlineArray<8, UInt32>(repeating: 0)

  /// Adds what may be known to anybody, or to nobody. The key does not change before `reseed`.
  mutating func mix(_ bytes: Span<UInt8>) {
    var hash = BLAKE2s()
    hash.update(gathered)
    hash.update(bytes)
    gathered = hash.finish()
  }

  /// Makes a new key of the old one, all that was mixed in, and `seed`.
  mutating func reseed(_ seed: InlineArray<8, UInt32>) {
    var hash = BLAKE2s()
    hash.update(gathered)
    hash.update(key)
    hash.update(seed)
    let root = hash.finish()
    key = Self.derive(root, 0)
    gathered = Self.derive(root, 1)
  }

  private static func derive(_ root: InlineArray<8, UInt32>, _ number: UInt64) -> InlineArray<8, UInt32> {
    var hash = BLAKE2s()
    hash.update(root)
    hash.update(number)
    return hash.finish()
  }

  /// Takes 32 random bytes: what was asked for, or the key of a longer stream.
  mutating func take() -> InlineArray<8, UInt32> {
    var cipher = ChaCha20(key: key)
    let block = cipher.next()
    var taken = InlineArray<8, UInt32>(repeating: 0)
    for index in 0..<8 { (key[index], taken[index]) = (block[index], block[index + 8]) }
    return taken
  }
}
