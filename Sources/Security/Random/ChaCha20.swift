/// The ChaCha20 block function: 64 bytes that look random to whoever does not know the key. Source: RFC 8439, 2.1 to 2.3.
struct ChaCha20 {
  /// How many bytes a block has.
  static let blockByteCount = 64

  /// Constants, key, counter, nonce.
  private var input: InlineArray<16, UInt32>

  /// The blocks of `key` and `nonce` from number `counter` on.
  init(key: InlineArray<8, UInt32>, counter: UInt32 = 0, nonce: InlineArray<3, UInt32> = [0, 0, 0]) {
    // "expand 32-byte k"
    input = [
      0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574,
      key[0], key[1], key[2], key[3], key[4], key[5], key[6], key[7],
      counter, nonce[0], nonce[1], nonce[2],
    ]
  }

  /// The next block, as little-endian words.
  ///
  /// - Precondition: fewer than 2^32 blocks have been taken.
  mutating func next() -> InlineArray<16, UInt32> {
    var words = input
    for _ in 0..<10 {
      Self.quarterRound(&words, 0, 4, 8, 12)
      Self.quarterRound(&words, 1, 5, 9, 13)
      Self.quarterRound(&words, 2, 6, 10, 14)
      Self.quarterRound(&words, 3, 7, 11, 15)
      Self.quarterRound(&words, 0, 5, 10, 15)
      Self.quarterRound(&words, 1, 6, 11, 12)
      Self.quarterRound(&words, 2, 7, 8, 13)
      Self.quarterRound(&words, 3, 4, 9, 14)
    }
    for index in words.indices { words[index] &+= input[index] }
    input[12] &+= 1
    return words
  }

  @inline(__always)
  static func quarterRound(_ words: inout InlineArray<16, UInt32>, _ a: Int, _ b: Int, _ c: Int, _ d: Int) {
    words[a] &+= words[b]
    words[d] = rotated(words[d] ^ words[a], by: 16)
    words[c] &+= words[d]
    words[b] = rotated(words[b] ^ words[c], by: 12)
    words[a] &+= words[b]
    words[d] = rotated(words[d] ^ words[a], by: 8)
    words[c] &+= words[d]
    words[b] = rotated(words[b] ^ words[c], by: 7)
  }

  @inline(__always)
  private static func rotated(_ word: UInt32, by count: UInt32) -> UInt32 { word &<< count | word &>> (32 &- count) }
}
