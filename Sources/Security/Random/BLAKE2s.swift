/// The hash BLAKE2s of 32 bytes, without a key. Source: RFC 7693, 3.
struct BLAKE2s {
  private static let blockByteCount = 64
  /// RFC 7693, 2.6: those of SHA-256.
  private static var initial: InlineArray<8, UInt32> {
    [
      0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]
  }

  private var state = Self.initial
  private var block = InlineArray<64, UInt8>(repeating: 0)
  private var filled = 0
  /// How many bytes have gone through `compress`, those of the block that is next included.
  private var count: UInt64 = 0

  /// Nothing yet.
  init() { state[0] ^= 0x0101_0020 }

  /// Adds bytes.
  mutating func update(_ bytes: Span<UInt8>) {
    for index in bytes.indices { update(bytes[index]) }
  }

  /// Adds the bytes of a word, the lowest first.
  mutating func update(_ word: UInt64) {
    for shift in stride(from: 0, to: 64, by: 8) { update(UInt8(truncatingIfNeeded: word >> UInt64(shift))) }
  }

  /// Adds the bytes of words, the lowest first.
  mutating func update(_ words: InlineArray<8, UInt32>) {
    for index in words.indices {
      for shift in stride(from: 0, to: 32, by: 8) { update(UInt8(truncatingIfNeeded: words[index] >> UInt32(shift))) }
    }
  }

  private mutating func update(_ byte: UInt8) {
    // The last block is treated otherwise, so a full one waits until it is known not to be the last.
    if filled == Self.blockByteCount {
      count &+= UInt64(filled)
      compress(isLast: false)
      filled = 0
    }
    block[filled] = byte
    filled += 1
  }

  /// The hash of all that was added, as little-endian words.
  consuming func finish() -> InlineArray<8, UInt32> {
    count &+= UInt64(filled)
    for index in filled..<Self.blockByteCount { block[index] = 0 }
    compress(isLast: true)
    return state
  }

  private mutating func compress(isLast: Bool) {
    var message = InlineArray<16, UInt32>(repeating: 0)
    for index in 0..<64 { message[index >> 2] |= UInt32(block[index]) << (UInt32(index & 3) * 8) }
    let initial = Self.initial
    var work = InlineArray<16, UInt32>(repeating: 0)
    for index in 0..<8 { (work[index], work[index + 8]) = (state[index], initial[index]) }
    work[12] ^= UInt32(truncatingIfNeeded: count)
    work[13] ^= UInt32(truncatingIfNeeded: count >> 32)
    if isLast { work[14] = ~work[14] }
    for round in 0..<10 {
      let order = Self.order(round)
      func word(_ index: Int) -> UInt32 { message[Int(order >> UInt64(60 - index * 4) & 15)] }
      Self.mix(&work, 0, 4, 8, 12, word(0), word(1))
      Self.mix(&work, 1, 5, 9, 13, word(2), word(3))
      Self.mix(&work, 2, 6, 10, 14, word(4), word(5))
      Self.mix(&work, 3, 7, 11, 15, word(6), word(7))
      Self.mix(&work, 0, 5, 10, 15, word(8), word(9))
      Self.mix(&work, 1, 6, 11, 12, word(10), word(11))
      Self.mix(&work, 2, 7, 8, 13, word(12), word(13))
      Self.mix(&work, 3, 4, 9, 14, word(14), word(15))
    }
    for index in 0..<8 { state[index] ^= work[index] ^ work[index + 8] }
  }

  /// The order of a round's message words, a hexadecimal digit each. RFC 7693, 2.7.
  private static func order(_ round: Int) -> UInt64 {
    switch round {
    case 0: 0x0123_4567_89ab_cdef
    case 1: 0xea48_9fd6_1c02_b753
    case 2: 0xb8c0_52fd_ae36_7194
    case 3: 0x7931_dcbe_265a_40f8
    case 4: 0x9057_24af_e1bc_683d
    case 5: 0x2c6a_0b83_4d75_fe19
    case 6: 0xc51f_ed4a_0763_928b
    case 7: 0xdb7e_c139_50f4_862a
    case 8: 0x6fe9_b308_c2d7_14a5
    default: 0xa284_7615_fb9e_3cd0
    }
  }

  @inline(__always)
  private static func mix(
    _ work: inout InlineArray<16, UInt32>, _ a: Int, _ b: Int, _ c: Int, _ d: Int, _ x: UInt32, _ y: UInt32
  ) {
    work[a] = work[a] &+ work[b] &+ x
    work[d] = rotated(work[d] ^ work[a], by: 16)
    work[c] = work[c] &+ work[d]
    work[b] = rotated(work[b] ^ work[c], by: 12)
    work[a] = work[a] &+ work[b] &+ y
    work[d] = rotated(work[d] ^ work[a], by: 8)
    work[c] = work[c] &+ work[d]
    work[b] = rotated(work[b] ^ work[c], by: 7)
  }

  @inline(__always)
  private static func rotated(_ word: UInt32, by count: UInt32) -> UInt32 { word &>> count | word &<< (32 &- count) }
}
