import Foundations
import Machine

/// Reads a member of a gzip file. Source: RFC 1952.
struct GzipReader: ~Copyable {
  /// FHCRC, FEXTRA, FNAME and FCOMMENT; the other flags but FTEXT are reserved.
  private enum Flag {
    static let headerCheck: UInt8 = 2
    static let extra: UInt8 = 4
    static let name: UInt8 = 8
    static let comment: UInt8 = 16
    static let reserved: UInt8 = 0xe0
  }

  private var inflater: Inflater
  private var check: CRC32
  private var byteCount: UInt32 = 0

  /// - Throws: `ENOMEM`.
  init() throws(Errno) {
    let inflater = try Inflater()
    let check = try CRC32()
    self.inflater = inflater
    self.check = check
  }

  /// Whether compressed data of gzip begins at `position`.
  static func recognizes(_ input: Span<UInt8>, at position: Int) -> Bool {
    input.count - position >= 2 && input[position] == 0x1f && input[position + 1] == 0x8b
  }

  /// Where the input goes on; behind the member once `next` has said that it ended.
  private(set) var position = 0

  /// What `next` decompressed.
  var output: Span<UInt8> {
    @_lifetime(borrow self) get { inflater.output }
  }

  /// Reads the header that stands at `position`.
  mutating func start(_ input: Span<UInt8>, at position: Int) throws(ArchiveError.Reason) {
    self.position = position
    guard input.count - position >= 10 else { throw .truncated }
    let flags = input[position + 3]
    guard input[position + 2] == 8, flags & Flag.reserved == 0 else { throw .malformedCompressionHeader }
    var end = position + 10
    if flags & Flag.extra != 0 {
      guard input.count - end >= 2 else { throw .truncated }
      end += 2 + Int(input[end]) + Int(input[end + 1]) << 8
    }
    if flags & Flag.name != 0 { end = try Self.textEnd(input, from: end) }
    if flags & Flag.comment != 0 { end = try Self.textEnd(input, from: end) }
    if flags & Flag.headerCheck != 0 {
      guard input.count - end >= 2 else { throw .truncated }
      check.reset()
      check.add(input.extracting(position..<end))
      guard UInt32(input[end]) | UInt32(input[end + 1]) << 8 == check.value & 0xffff else {
        throw .malformedCompressionHeader
      }
      end += 2
    }
    guard end <= input.count else { throw .truncated }
    check.reset()
    byteCount = 0
    inflater.start(at: end)
    self.position = end
  }

  private static func textEnd(_ input: Span<UInt8>, from start: Int) throws(ArchiveError.Reason) -> Int {
    var end = start
    while end < input.count {
      end += 1
      if input[end - 1] == 0 { return end }
    }
    throw .truncated
  }

  /// Decompresses the next piece.
  ///
  /// - Returns: false at the end, once the member was found to be whole.
  mutating func next(_ input: Span<UInt8>) throws(ArchiveError.Reason) -> Bool {
    defer { position = inflater.position }
    if try inflater.fill(input) {
      inflater.addOutput(to: &check)
      byteCount &+= UInt32(truncatingIfNeeded: inflater.outputCount)
      return true
    }
    let end = inflater.position
    guard input.count - end >= 8 else { throw .truncated }
    let trailer = input.littleEndianWord(at: end)
    guard UInt32(truncatingIfNeeded: trailer) == check.value, UInt32(trailer >> 32) == byteCount else {
      throw .wrongCheck
    }
    inflater.start(at: end + 8)
    return false
  }
}
