public import Foundations
import Machine

/// The name of a file in its directory: 1 to 255 bytes without `/` and zero.
public struct FileName: ~Copyable {
  /// More bytes than no name has (`NAME_MAX`).
  public static let limit = 255
  private static let inlineLimit = 32

  /// How many bytes it has.
  public let count: Int
  /// Tells it from other names, most of the time: `hash(of:)` its bytes.
  public let hash: UInt64
  private let short: InlineArray<32, UInt8>
  private let long: GrowableArray<UInt8>

  /// Copies `bytes`.
  ///
  /// - Throws: `ENAMETOOLONG`, `ENOMEM`.
  public init(_ bytes: Span<UInt8>) throws(Errno) {
    guard bytes.count <= Self.limit else { throw .ENAMETOOLONG }
    try self.init(wanted: bytes)
  }

  /// Copies a name that somebody asks for, which may be longer than names are: then looking it up says so.
  ///
  /// - Throws: `ENOMEM`.
  init(wanted bytes: Span<UInt8>) throws(Errno) {
    var short = InlineArray<32, UInt8>(repeating: 0)
    var long = GrowableArray<UInt8>()
    if bytes.count <= Self.inlineLimit {
      for index in bytes.indices { short[index] = bytes[index] }
    } else {
      try long.reserveCapacity(bytes.count)
      for index in bytes.indices { try long.append(bytes[index]) }
    }
    count = bytes.count
    hash = Self.hash(of: bytes)
    self.short = short
    self.long = long
  }

  /// Copies this name.
  ///
  /// - Throws: `ENOMEM`.
  public func copy() throws(Errno) -> FileName { try FileName(bytes) }

  /// Its bytes.
  public var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    get { count <= Self.inlineLimit ? short.span.extracting(0..<count) : long.span }
  }

  /// Puts its bytes at `index` of `bytes` and behind, where there is room for them; some zeros may follow.
  @inline(__always)
  func copy(into bytes: inout MutableSpan<UInt8>, at index: Int) {
    guard count <= Self.inlineLimit, index <= bytes.count &- Self.inlineLimit else {
      copySlowly(into: &bytes, at: index)
      return
    }
    let words = short.span
    bytes.storeLittleEndian(words.littleEndianWord(at: 24), at: index &+ 24)
    bytes.storeLittleEndian(
      words.littleEndianWord(at: 0), words.littleEndianWord(at: 8), words.littleEndianWord(at: 16), at: index)
  }

  @inline(never)
  private func copySlowly(into bytes: inout MutableSpan<UInt8>, at index: Int) { bytes.copy(self.bytes, at: index) }

  /// Runs `body` with its bytes: for a name that is part of an object.
  public func withBytes<Result>(_ body: (Span<UInt8>) throws(Errno) -> Result) throws(Errno) -> Result {
    try body(bytes)
  }

  /// Whether these are the bytes of the name.
  @inline(__always)
  public func isEqual(to other: Span<UInt8>) -> Bool {
    guard count == other.count else { return false }
    let own = bytes
    for index in 0..<count where own[index] != other[index] { return false }
    return true
  }

  /// A hash of a name. Source: Fowler, Noll and Vo, FNV-1a, 64 bits; mixed by who uses it.
  @inline(__always)
  public static func hash(of bytes: Span<UInt8>) -> UInt64 {
    var hash = emptyHash
    for index in bytes.indices { hash = Self.hash(hash, bytes[index]) }
    return hash
  }

  /// The hash of no bytes.
  static var emptyHash: UInt64 { 0xcbf2_9ce4_8422_2325 }

  /// The hash of what `hash` is the hash of, and `byte` behind it.
  @inline(__always)
  static func hash(_ hash: UInt64, _ byte: UInt8) -> UInt64 { (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
}
