import Foundations
import Machine

/// Finds a symbol by the next bits of compressed data: one look for short codes, a second for long ones.
///
/// Codes of up to `rootBits` bits stand in the first 2^`rootBits` entries, each as often as there are bits that may follow it.
/// Longer ones stand in tables of their own behind, which entries of the first lead to.
struct HuffmanTable: ~Copyable {
  /// What the next bits mean.
  ///
  /// Bits 0...3: how many bits the code takes. 4...7: what it is. 8...11: how many bits follow that add to the value, or select
  /// from a further table. 16...31: the value, or where that table begins.
  struct Entry {
    let bits: UInt32

    static let literal: UInt32 = 1 << 4
    static let furtherTable: UInt32 = 1 << 5
    static let endOfBlock: UInt32 = 1 << 6
    static let unknown = Entry(bits: 1 << 7)

    @inline(__always) var codeLength: Int { Int(bits & 15) }
    @inline(__always) var extraBits: Int { Int(bits >> 8 & 15) }
    @inline(__always) var value: Int { Int(bits >> 16) }
    @inline(__always) func `is`(_ kind: UInt32) -> Bool { bits & kind != 0 }
    /// A length or a distance: nothing but a value.
    @inline(__always) var isPlain: Bool { bits & 0xf0 == 0 }
  }

  /// The longest code. RFC 1951, 3.2.7.
  static let codeLimit = 15

  let rootBits: Int
  private let capacity: Int
  private var entries = GrowableArray<UInt32>()

  /// - Parameter capacity: entries that no valid set of codes exceeds.
  /// - Throws: `ENOMEM`.
  init(rootBits: Int, capacity: Int) throws(Errno) {
    self.rootBits = rootBits
    self.capacity = capacity
    try entries.resize(to: capacity, filledWith: Entry.unknown.bits)
  }

  /// The entry for the code that `bits` begin with.
  @inline(__always)
  func find(_ bits: UInt64) -> Entry {
    let entry = Entry(bits: entries[Self.lowest(rootBits, of: bits)])
    guard entry.is(Entry.furtherTable) else { return entry }
    let rest = bits &>> UInt64(truncatingIfNeeded: rootBits)
    return Entry(bits: entries[entry.value &+ Self.lowest(entry.extraBits, of: rest)])
  }

  @inline(__always)
  private static func lowest(_ count: Int, of bits: UInt64) -> Int {
    Int(truncatingIfNeeded: bits & ((1 &<< UInt64(truncatingIfNeeded: count)) &- 1))
  }

  /// Makes the table of the canonical codes whose lengths stand in `range` of `all`; 0 is no code. RFC 1951, 3.2.2.
  ///
  /// - Parameter entry: what the code of a symbol means; its length is added.
  /// - Throws: `.malformedCodes` when there are more codes than fit, or fewer than fill all bits; a single code of one bit, or
  ///   none at all, is fine.
  mutating func make(
    _ all: borrowing GrowableArray<UInt8>, _ range: Range<Int>, _ entry: (_ symbol: Int) -> UInt32
  ) throws(ArchiveError.Reason) {
    let lengths = all.span.extracting(range)
    var counts = InlineArray<16, Int>(repeating: 0)
    for index in lengths.indices { counts[Int(lengths[index] & 15)] += 1 }
    let codeCount = lengths.count - counts[0]
    counts[0] = 0
    try Self.check(counts, codeCount)
    for index in 0..<1 << rootBits { entries[index] = Entry.unknown.bits }

    // Symbols in the order of their codes.
    var firsts = InlineArray<16, Int>(repeating: 0)
    for length in 1..<16 { firsts[length] = firsts[length - 1] + counts[length - 1] }
    var sorted = InlineArray<288, UInt16>(repeating: 0)
    for symbol in lengths.indices where lengths[symbol] != 0 {
      let length = Int(lengths[symbol] & 15)
      sorted[firsts[length]] = UInt16(symbol)
      firsts[length] += 1
    }

    var code = 0
    var next = 1 << rootBits
    var place = 0
    var further = (prefix: -1, start: 0, bits: 0)
    for length in 1..<16 {
      code <<= 1
      for _ in 0..<counts[length] {
        let meaning = entry(Int(sorted[place])) | UInt32(length)
        let reversed = Self.reverse(code, length)
        if length <= rootBits {
          fill(0, reversed, step: length, bits: rootBits, meaning)
        } else {
          let prefix = reversed & ((1 << rootBits) - 1)
          if prefix != further.prefix {
            further = (prefix, next, furtherBits(counts, length))
            next += 1 << further.bits
            guard next <= capacity else { throw .malformedCodes }
            for index in further.start..<next { entries[index] = Entry.unknown.bits }
            entries[prefix] = Entry.furtherTable | UInt32(further.bits) << 8 | UInt32(further.start) << 16
          }
          fill(further.start, reversed >> rootBits, step: length - rootBits, bits: further.bits, meaning)
        }
        code += 1
        counts[length] -= 1
        place += 1
      }
    }
  }

  private static func check(_ counts: InlineArray<16, Int>, _ codeCount: Int) throws(ArchiveError.Reason) {
    var left = 1
    for length in 1..<16 {
      left = left * 2 - counts[length]
      guard left >= 0 else { throw .malformedCodes }
    }
    guard left == 0 || codeCount == 0 || (codeCount == 1 && counts[1] == 1) else { throw .malformedCodes }
  }

  /// How many bits select in a further table whose first code is that long, given the codes that are still to come.
  private func furtherBits(_ counts: InlineArray<16, Int>, _ length: Int) -> Int {
    var bits = length - rootBits
    var left = 1 << bits
    while bits + rootBits < Self.codeLimit {
      left -= counts[bits + rootBits]
      if left <= 0 { break }
      bits += 1
      left <<= 1
    }
    return bits
  }

  private mutating func fill(_ start: Int, _ first: Int, step: Int, bits: Int, _ meaning: UInt32) {
    var index = first
    while index < 1 << bits {
      entries[start + index] = meaning
      index += 1 << step
    }
  }

  /// Codes are packed from their highest bit on, everything else from its lowest. RFC 1951, 3.1.1.
  private static func reverse(_ code: Int, _ length: Int) -> Int {
    var (rest, result) = (code, 0)
    for _ in 0..<length {
      result = result << 1 | rest & 1
      rest >>= 1
    }
    return result
  }
}
