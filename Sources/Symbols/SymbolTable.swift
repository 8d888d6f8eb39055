import Foundations

/// Names and source lines of the kernel's code: what a backtrace shows.
///
/// The table lies behind the image, put there by ImageTool. It is read where it is, without allocating, and every read is
/// bounds-checked: whatever the bytes are, looking up an address ends and never traps.
///
/// Layout, all numbers little-endian:
///
///     header      magic "APUSSYM1", u64 byte count of the table, u64 address of the first byte of code, u64 0
///     counts      u32 functions, u32 restart points, u32 bytes of rows, u32 bytes of nodes, u32 bytes of text, u32 0
///     functions   for each, by address: u32 offset, u32 size, u32 name
///     restarts    for each: u32 offset of the first row from here, u32 place of that row in the rows
///     rows        for each: varint distance from the row before, varint place of its node plus one, or 0 for none
///     nodes       for each: varint distance back to the node of the caller it is inlined into, or 0;
///                 varint function name, varint file name, varint line
///     text        zero-terminated UTF-8
///
/// Offsets count from the first byte of code; names are places in the text. A row holds up to the next one. The first row
/// behind a restart point counts its distance from 0.
public struct SymbolTable: ~Escapable {
  /// "APUSSYM1" read as a little-endian word.
  public static var magic: UInt64 { 0x314d_5953_5355_5041 }
  static var headerByteCount: Int { 32 }
  static var fixedByteCount: Int { 56 }
  static var functionByteCount: Int { 12 }
  static var restartByteCount: Int { 8 }

  let bytes: Span<UInt8>
  let base: UInt64
  let functionCount: Int
  let restartCount: Int
  let restartStart: Int
  let rows: Range<Int>
  let nodes: Range<Int>
  let text: Range<Int>

  /// Reads the table in `bytes`.
  ///
  /// - Returns: nil when the bytes are no table, or one whose parts do not fit into it.
  @_lifetime(copy bytes)
  public init?(_ bytes: Span<UInt8>) {
    guard bytes.count >= Self.fixedByteCount, Self.word64(bytes, 0) == Self.magic,
      Self.word64(bytes, 8) == UInt64(bytes.count)
    else { return nil }
    let functionCount = Int(Self.word32(bytes, 32))
    let restartCount = Int(Self.word32(bytes, 36))
    let restartStart = Self.fixedByteCount + functionCount * Self.functionByteCount
    let rowStart = restartStart + restartCount * Self.restartByteCount
    let nodeStart = rowStart + Int(Self.word32(bytes, 40))
    let textStart = nodeStart + Int(Self.word32(bytes, 44))
    let end = textStart + Int(Self.word32(bytes, 48))
    guard end <= bytes.count else { return nil }
    self.bytes = bytes
    base = Self.word64(bytes, 16)
    self.functionCount = functionCount
    self.restartCount = restartCount
    self.restartStart = restartStart
    rows = rowStart..<nodeStart
    nodes = nodeStart..<textStart
    text = textStart..<end
  }

  /// One call of the chain that leads to an address.
  public struct Frame: ~Escapable {
    /// The function's name, demangled, UTF-8.
    public let function: Span<UInt8>
    /// The source file, from the root of the project; empty when unknown.
    public let file: Span<UInt8>
    /// The line, 1 and up; 0 when unknown.
    public let line: Int

    @_lifetime(copy function, copy file)
    init(function: Span<UInt8>, file: Span<UInt8>, line: Int) {
      self.function = function
      self.file = file
      self.line = line
    }
  }

  /// The function in whose code `address` lies: its name and the distance from its first byte.
  ///
  /// Takes a number of steps logarithmic in the number of functions.
  public func function(at address: UInt64, _ body: (_ name: Span<UInt8>, _ offset: UInt64) -> Void) -> Bool {
    guard let wanted = offset(of: address) else { return false }
    let index = lastIndex(in: functionCount, before: wanted) { Self.fixedByteCount + $0 * Self.functionByteCount }
    guard let index else { return false }
    let place = Self.fixedByteCount + index * Self.functionByteCount
    let start = Self.word32(bytes, place)
    guard wanted - start < Self.word32(bytes, place + 4) else { return false }
    body(name(UInt64(Self.word32(bytes, place + 8))), UInt64(wanted - start))
    return true
  }

  /// Visits the calls that lead to `address`, innermost first: all but the last were inlined.
  ///
  /// Takes a number of steps logarithmic in the number of restart points, plus one for each row between two of them.
  ///
  /// - Returns: whether anything is known about the address.
  public func frames(at address: UInt64, _ visit: (borrowing Frame) -> Void) -> Bool {
    guard let wanted = offset(of: address), let node = node(at: wanted) else { return false }
    var place = node
    // An inlined chain is a few dozen deep at most; a longer one is a damaged table.
    for _ in 0..<256 {
      guard place < nodes.count, var reader = reader(nodes, at: place), let back = reader.next(),
        let function = reader.next(), let file = reader.next(), let line = reader.next()
      else { return true }
      visit(Frame(function: name(function), file: name(file), line: Int(truncatingIfNeeded: line)))
      guard back > 0, back <= UInt64(place) else { return true }
      place -= Int(back)
    }
    return true
  }

  // MARK: Searching

  private func offset(of address: UInt64) -> UInt32? {
    address >= base ? UInt32(exactly: address - base) : nil
  }

  /// The last of `count` sorted records that begin with an offset at most `wanted`.
  private func lastIndex(in count: Int, before wanted: UInt32, place: (Int) -> Int) -> Int? {
    var low = 0
    var high = count
    while low < high {
      let middle = low + (high - low) / 2
      if Self.word32(bytes, place(middle)) <= wanted { low = middle + 1 } else { high = middle }
    }
    return low > 0 ? low - 1 : nil
  }

  /// The place of the node that holds at offset `wanted`.
  private func node(at wanted: UInt32) -> Int? {
    let index = lastIndex(in: restartCount, before: wanted) { restartStart + $0 * Self.restartByteCount }
    guard let index else { return nil }
    let restart = restartStart + index * Self.restartByteCount
    let start = Int(Self.word32(bytes, restart + 4))
    let end = index + 1 < restartCount ? Int(Self.word32(bytes, restart + Self.restartByteCount + 4)) : rows.count
    guard start <= end, end <= rows.count, var reader = reader(rows.lowerBound + start..<rows.lowerBound + end, at: 0)
    else {
      return nil
    }
    var offset: UInt64 = 0
    var found: UInt64 = 0
    while let distance = reader.next(), let node = reader.next() {
      offset &+= distance
      if offset > UInt64(wanted) { break }
      found = node
    }
    return found > 0 && found <= UInt64(nodes.count) ? Int(found - 1) : nil
  }

  // MARK: Reading

  @_lifetime(copy self)
  private func reader(_ range: Range<Int>, at place: Int) -> VarintReader? {
    guard range.upperBound <= bytes.count, place >= 0, place <= range.count else { return nil }
    return VarintReader(bytes.extracting(range.lowerBound + place..<range.upperBound))
  }

  /// The zero-terminated text at `place`; empty for a place outside.
  @_lifetime(copy self)
  private func name(_ place: UInt64) -> Span<UInt8> {
    guard place < UInt64(text.count) else { return bytes.extracting(0..<0) }
    let start = text.lowerBound + Int(place)
    var end = start
    while end < text.upperBound && bytes[end] != 0 { end += 1 }
    return bytes.extracting(start..<end)
  }

  static func word32(_ bytes: Span<UInt8>, _ place: Int) -> UInt32 {
    var value: UInt32 = 0
    for index in 0..<4 { value |= UInt32(bytes[place + index]) << UInt32(index * 8) }
    return value
  }

  static func word64(_ bytes: Span<UInt8>, _ place: Int) -> UInt64 {
    UInt64(word32(bytes, place)) | UInt64(word32(bytes, place + 4)) << 32
  }
}

/// Reads numbers of variable length: seven bits a byte, lowest first, the top bit set on all but the last.
struct VarintReader: ~Escapable {
  private let bytes: Span<UInt8>
  private var place = 0

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>) {
    self.bytes = bytes
  }

  /// The next number, or nil at the end or for one of more than 64 bits.
  @_lifetime(self: copy self)
  mutating func next() -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while place < bytes.count, shift < 64 {
      let byte = bytes[place]
      place += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    return nil
  }
}
