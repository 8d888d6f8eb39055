import Foundations
import Machine

/// The check value of gzip. Source: RFC 1952, section 8; eight bytes at a time by eight tables.
struct CRC32: ~Copyable {
  /// The generator polynomial, its lowest power in the highest bit.
  private static let polynomial: UInt32 = 0xedb8_8320

  /// Table `n`, 256 entries from `n * 256` on: what a byte does to the value with `n` bytes behind it.
  private var tables = GrowableArray<UInt32>()
  private var state = UInt32.max

  /// - Throws: `ENOMEM`.
  init() throws(Errno) {
    try tables.reserveCapacity(2048)
    for byte in 0..<UInt32(256) {
      var value = byte
      for _ in 0..<8 { value = value & 1 == 0 ? value >> 1 : value >> 1 ^ Self.polynomial }
      try tables.append(value)
    }
    for index in 0..<1792 {
      let value = tables[index]
      try tables.append(value >> 8 ^ tables[Int(value & 0xff)])
    }
  }

  /// The check value of the bytes so far.
  var value: UInt32 { ~state }

  /// Begins anew.
  mutating func reset() { state = .max }

  mutating func add(_ bytes: Span<UInt8>) { state = state(after: bytes) }

  private func state(after bytes: Span<UInt8>) -> UInt32 {
    let tables = tables.span
    var state = state
    var index = 0
    while index &+ 8 <= bytes.count {
      let word = bytes.littleEndianWord(at: index) ^ UInt64(state)
      state = tables[1792 &+ Int(word & 0xff)] ^ tables[1536 &+ Int(word >> 8 & 0xff)]
      state ^= tables[1280 &+ Int(word >> 16 & 0xff)] ^ tables[1024 &+ Int(word >> 24 & 0xff)]
      state ^= tables[768 &+ Int(word >> 32 & 0xff)] ^ tables[512 &+ Int(word >> 40 & 0xff)]
      state ^= tables[256 &+ Int(word >> 48 & 0xff)] ^ tables[Int(word >> 56)]
      index &+= 8
    }
    while index < bytes.count {
      state = state >> 8 ^ tables[Int((state ^ UInt32(bytes[index])) & 0xff)]
      index &+= 1
    }
    return state
  }
}
