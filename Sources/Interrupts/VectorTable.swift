/// Which vectors of which CPUs are taken: a bit for each.
///
/// A vector belongs to one CPU, so each CPU has its own set of vectors for devices.
struct VectorTable: Sendable {
  private static let wordsPerProcessor = 4
  private var taken = InlineArray<256, UInt64>(repeating: 0)
  /// How many vectors each CPU has given out.
  private var counts = InlineArray<64, Int>(repeating: 0)

  /// Vectors that are given out: those of the spec's range for messages.
  let range: ClosedRange<UInt8>

  /// A table in which no vector is taken.
  init(_ range: ClosedRange<UInt8>) { self.range = range }

  /// How many vectors of `processor` are taken.
  func count(on processor: Int) -> Int { counts[processor & 63] }

  /// Takes a vector of the CPU of `processors`, one bit each, that has given out the fewest; of equals the lowest.
  ///
  /// - Returns: nil when no such CPU has one left.
  mutating func take(on processors: UInt64) -> (vector: UInt8, processor: Int)? {
    var best: Int?
    var rest = processors
    while rest != 0 {
      let processor = rest.trailingZeroBitCount
      rest &= rest &- 1
      guard counts[processor] < range.count else { continue }
      if let found = best, counts[found] <= counts[processor] { continue }
      best = processor
    }
    guard let processor = best else { return nil }
    for vector in range where !isTaken(vector, on: processor) {
      taken[processor * Self.wordsPerProcessor + Int(vector >> 6)] |= 1 << UInt64(vector & 63)
      counts[processor] += 1
      return (vector, processor)
    }
    return nil
  }

  /// Gives `vector` of `processor` back. Does nothing when it is not taken.
  mutating func release(_ vector: UInt8, on processor: Int) {
    guard isTaken(vector, on: processor) else { return }
    taken[processor * Self.wordsPerProcessor + Int(vector >> 6)] &= ~(1 << UInt64(vector & 63))
    counts[processor] -= 1
  }

  /// Whether `vector` of `processor` is taken.
  ///
  /// Changes nothing, but the compiler copies a whole table that is only read to the stack: 2 KiB.
  mutating func isTaken(_ vector: UInt8, on processor: Int) -> Bool {
    guard processor >= 0, processor < 64 else { return false }
    return taken[processor * Self.wordsPerProcessor + Int(vector >> 6)] & 1 << UInt64(vector & 63) != 0
  }
}
