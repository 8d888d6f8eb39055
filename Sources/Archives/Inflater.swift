import Foundations
import Machine

/// Decompresses DEFLATE data piece by piece. Source: RFC 1951.
///
/// It takes 128 KiB and some tables, whatever the data: what was decompressed is given out when the buffer is full, and only the
/// 32 KiB that distances may refer to stay.
struct Inflater: ~Copyable {
  /// The longest distance.
  private static let windowSize = 32_768
  private static let bufferSize = 131_072
  /// What one symbol may add, and two literals before it.
  private static let longestStep = 260

  private enum Phase {
    case blockHeader
    case storedBytes(Int)
    case codes
    case done
  }

  private var phase = Phase.blockHeader
  private var isLastBlock = false
  private var bits: UInt64 = 0
  private var bitCount = 0
  private var loaded = 0

  private var buffer: GrowableArray<UInt8>
  private var outputStart = 0
  private var outputEnd = 0

  private var literals: HuffmanTable
  private var distances: HuffmanTable
  private var codeLengths: HuffmanTable
  private var lengths: GrowableArray<UInt8>

  /// - Throws: `ENOMEM`.
  init() throws(Errno) {
    // Capacities: what no 286 codes with 11 bits, 30 with 8 bits and 19 of at most 7 bits exceed.
    let literals = try HuffmanTable(rootBits: 11, capacity: 2342)
    let distances = try HuffmanTable(rootBits: 8, capacity: 402)
    let codeLengths = try HuffmanTable(rootBits: 7, capacity: 128)
    var buffer = GrowableArray<UInt8>()
    var lengths = GrowableArray<UInt8>()
    try buffer.resize(to: Self.bufferSize, filledWith: 0)
    try lengths.resize(to: 320, filledWith: 0)
    self.literals = literals
    self.distances = distances
    self.codeLengths = codeLengths
    self.buffer = buffer
    self.lengths = lengths
  }

  /// Begins with data that starts at `position` of the input.
  mutating func start(at position: Int) {
    (phase, isLastBlock) = (.blockHeader, false)
    (bits, bitCount, loaded) = (0, 0, position)
    (outputStart, outputEnd) = (0, 0)
  }

  /// Where the input goes on behind what was decompressed.
  var position: Int { loaded - bitCount >> 3 }

  /// What the last `fill` decompressed.
  var output: Span<UInt8> {
    @_lifetime(borrow self) get { buffer.span.extracting(outputStart..<outputEnd) }
  }

  /// How many bytes that were.
  var outputCount: Int { outputEnd - outputStart }

  /// Adds them to a check value.
  func addOutput(to check: inout CRC32) { check.add(output) }

  /// Decompresses until the buffer is full or the data ends.
  ///
  /// - Returns: whether there is any output.
  mutating func fill(_ input: Span<UInt8>) throws(ArchiveError.Reason) -> Bool {
    if outputEnd > Self.bufferSize - Self.longestStep { slideWindow() }
    outputStart = outputEnd
    while outputEnd <= Self.bufferSize - Self.longestStep {
      switch phase {
      case .blockHeader: try readBlockHeader(input)
      case .storedBytes(let count): try copyStored(count, input)
      case .codes: try decode(input)
      case .done: return outputEnd > outputStart
      }
    }
    return true
  }

  private mutating func slideWindow() {
    let first = outputEnd - Self.windowSize
    var bytes = buffer.mutableSpan
    bytes.moveToFront(from: first, length: Self.windowSize)
    outputEnd = Self.windowSize
  }

  // MARK: Bits

  /// Loads bits until there are at least 56, or the input ends.
  @inline(__always)
  private mutating func refill(_ input: Span<UInt8>) {
    if loaded &+ 8 <= input.count {
      // The bits above `bitCount` are those that follow in the input, so loading them once more changes nothing.
      bits |= input.littleEndianWord(at: loaded) &<< UInt64(truncatingIfNeeded: bitCount)
      loaded &+= (63 &- bitCount) >> 3
      bitCount |= 56
    } else {
      while bitCount <= 56 && loaded < input.count {
        bits |= UInt64(input[loaded]) &<< UInt64(truncatingIfNeeded: bitCount)
        loaded &+= 1
        bitCount &+= 8
      }
    }
  }

  /// Takes `count` bits, at most 16; those behind the end are zeros, which whoever takes them must refuse.
  @inline(__always)
  private mutating func take(_ count: Int) -> Int {
    let value = Int(bits & ((1 &<< UInt64(truncatingIfNeeded: count)) &- 1))
    drop(count)
    return value
  }

  @inline(__always)
  private mutating func drop(_ count: Int) {
    bits &>>= UInt64(truncatingIfNeeded: count)
    bitCount &-= count
  }

  private func checkEnd() throws(ArchiveError.Reason) {
    if bitCount < 0 { throw .truncated }
  }

  // MARK: Blocks

  private mutating func readBlockHeader(_ input: Span<UInt8>) throws(ArchiveError.Reason) {
    if isLastBlock {
      phase = .done
      return
    }
    refill(input)
    isLastBlock = take(1) == 1
    let type = take(2)
    try checkEnd()
    switch type {
    case 0:
      drop(bitCount & 7)
      refill(input)
      let (count, complement) = (take(16), take(16))
      try checkEnd()
      guard count ^ complement == 0xffff else { throw .malformedBlock }
      // Stored bytes are copied from the input itself.
      loaded = position
      (bits, bitCount) = (0, 0)
      phase = .storedBytes(count)
    case 1:
      try makeFixedTables()
      phase = .codes
    case 2:
      try readTables(input)
      phase = .codes
    default: throw .malformedBlock
    }
  }

  private mutating func copyStored(_ count: Int, _ input: Span<UInt8>) throws(ArchiveError.Reason) {
    guard count > 0 else {
      phase = .blockHeader
      return
    }
    let moved = min(count, input.count - loaded, Self.bufferSize - outputEnd)
    guard moved > 0 else { throw .truncated }
    let (source, end) = (loaded..<loaded + moved, outputEnd)
    var target = buffer.mutableSpan
    target.copy(input.extracting(source), at: end)
    loaded += moved
    outputEnd += moved
    phase = .storedBytes(count - moved)
  }

  // MARK: Tables

  /// Lengths of the codes that stand in no block. RFC 1951, 3.2.6.
  private mutating func makeFixedTables() throws(ArchiveError.Reason) {
    for symbol in 0..<288 { lengths[symbol] = symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8 }
    for symbol in 288..<320 { lengths[symbol] = 5 }
    try makeTables(literalCount: 288, distanceCount: 32)
  }

  private mutating func makeTables(literalCount: Int, distanceCount: Int) throws(ArchiveError.Reason) {
    try literals.make(lengths, 0..<literalCount, LengthCodes.literalEntry)
    try distances.make(lengths, literalCount..<literalCount + distanceCount, LengthCodes.distanceEntry)
  }

  /// Reads the codes of a block. RFC 1951, 3.2.7.
  private mutating func readTables(_ input: Span<UInt8>) throws(ArchiveError.Reason) {
    let literalCount = take(5) + 257
    let distanceCount = take(5) + 1
    let count = take(4) + 4
    guard literalCount <= 286, distanceCount <= 30 else { throw .malformedCodes }
    for index in 0..<19 { lengths[index] = 0 }
    for index in 0..<count {
      refill(input)
      lengths[LengthCodes.codeLengthPlace(index)] = UInt8(take(3))
    }
    try checkEnd()
    try codeLengths.make(lengths, 0..<19) { symbol in UInt32(symbol) << 16 }

    var index = 0
    while index < literalCount + distanceCount {
      refill(input)
      let entry = codeLengths.find(bits)
      guard entry.isPlain else { throw .unknownCode }
      drop(entry.codeLength)
      var (value, times) = (UInt8(entry.value), 1)
      switch entry.value {
      case 16:
        guard index > 0 else { throw .malformedCodes }
        (value, times) = (lengths[index - 1], take(2) + 3)
      case 17: (value, times) = (0, take(3) + 3)
      case 18: (value, times) = (0, take(7) + 11)
      default: break
      }
      try checkEnd()
      guard times <= literalCount + distanceCount - index else { throw .malformedCodes }
      for _ in 0..<times {
        lengths[index] = value
        index += 1
      }
    }
    // Without a code for its end a block would have none.
    guard lengths[256] != 0 else { throw .malformedCodes }
    try makeTables(literalCount: literalCount, distanceCount: distanceCount)
  }

  // MARK: Symbols

  /// Decodes symbols until the block or the room in the buffer ends.
  private mutating func decode(_ input: Span<UInt8>) throws(ArchiveError.Reason) {
    while outputEnd <= Self.bufferSize &- Self.longestStep {
      refill(input)
      var entry = literals.find(bits)
      if entry.is(HuffmanTable.Entry.literal) {
        try put(entry)
        entry = literals.find(bits)
        if entry.is(HuffmanTable.Entry.literal) {
          try put(entry)
          continue
        }
        refill(input)
      }
      guard entry.isPlain else {
        guard entry.is(HuffmanTable.Entry.endOfBlock) else { throw bitCount < 15 ? .truncated : .unknownCode }
        drop(entry.codeLength)
        try checkEnd()
        phase = .blockHeader
        return
      }
      drop(entry.codeLength)
      let length = entry.value &+ take(entry.extraBits)
      let far = distances.find(bits)
      guard far.isPlain else { throw bitCount < 15 ? .truncated : .unknownCode }
      drop(far.codeLength)
      let distance = far.value &+ take(far.extraBits)
      try checkEnd()
      let end = outputEnd
      guard distance <= end else { throw .distanceTooFar }
      var target = buffer.mutableSpan
      target.repeatBytes(at: end, distance: distance, length: length)
      outputEnd = end &+ length
    }
  }

  @inline(__always)
  private mutating func put(_ entry: HuffmanTable.Entry) throws(ArchiveError.Reason) {
    drop(entry.codeLength)
    try checkEnd()
    buffer[outputEnd] = UInt8(truncatingIfNeeded: entry.value)
    outputEnd &+= 1
  }
}

/// What the codes of DEFLATE mean. Source: RFC 1951, 3.2.5 and 3.2.7.
enum LengthCodes {
  /// The meaning of a code for literals and lengths. 286 and 287 have codes in fixed tables and mean nothing.
  static func literalEntry(_ symbol: Int) -> UInt32 {
    switch symbol {
    case 0..<256: return HuffmanTable.Entry.literal | UInt32(symbol) << 16
    case 256: return HuffmanTable.Entry.endOfBlock
    case 257..<265: return UInt32(symbol - 254) << 16
    case 265..<285:
      // Four codes for each number of further bits.
      let (group, place) = ((symbol - 261) / 4, (symbol - 261) % 4)
      return UInt32(3 + (4 + place) << group) << 16 | UInt32(group) << 8
    case 285: return 258 << 16
    default: return HuffmanTable.Entry.unknown.bits
    }
  }

  /// The meaning of a code for distances. 30 and 31 have codes in fixed tables and mean nothing.
  static func distanceEntry(_ symbol: Int) -> UInt32 {
    switch symbol {
    case 0..<4: return UInt32(symbol + 1) << 16
    case 4..<30:
      // Two codes for each number of further bits.
      let (group, place) = ((symbol - 2) / 2, (symbol - 2) % 2)
      return UInt32(1 + (2 + place) << group) << 16 | UInt32(group) << 8
    default: return HuffmanTable.Entry.unknown.bits
    }
  }

  /// Which code's length stands at `index` of a block's header.
  static func codeLengthPlace(_ index: Int) -> Int {
    let order: InlineArray<19, UInt8> = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
    return Int(order[index])
  }
}
