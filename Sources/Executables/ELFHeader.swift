import Foundations

/// The header of an ELF file for x86-64 that can be executed.
///
/// Source: System V ABI, chapter 4; System V ABI, AMD64 supplement, 4.1.
struct ELFHeader: Equatable {
  /// How many bytes it has in the file.
  static let byteCount = 64

  /// Whether it is to be at the addresses that it says, or anywhere.
  enum Kind: UInt16 {
    /// `ET_EXEC`.
    case fixed = 2
    /// `ET_DYN`.
    case movable = 3
  }

  let kind: Kind
  /// Where it begins to run.
  let entry: UInt64
  /// Where the program headers are in the file.
  let programHeaderOffset: UInt64
  let programHeaderCount: Int

  /// - Throws: `ENOEXEC` for anything that Linux does not execute.
  init(_ bytes: Span<UInt8>) throws(Errno) {
    guard bytes.count >= Self.byteCount else { throw .ENOEXEC }
    let little = LittleEndian(bytes)
    guard little.word(0) == 0x464c_457f else { throw .ENOEXEC }
    // 64 bits, little endian, version 1.
    guard bytes[4] == 2, bytes[5] == 1, bytes[6] == 1, little.word(20) == 1 else { throw .ENOEXEC }
    guard let kind = Kind(rawValue: little.half(16)), little.half(18) == 62 else { throw .ENOEXEC }
    self.kind = kind
    entry = little.long(24)
    programHeaderOffset = little.long(32)
    programHeaderCount = Int(little.half(56))
    // As Linux: one page of program headers at most would be enough, 64 KiB are taken.
    guard little.half(54) == ProgramHeader.byteCount, programHeaderCount > 0,
      programHeaderCount * ProgramHeader.byteCount <= 65_536
    else { throw .ENOEXEC }
  }
}

/// One entry of the table that says how a file becomes a program. Source: System V ABI, chapter 5.
struct ProgramHeader: Equatable {
  /// How many bytes it has in the file.
  static let byteCount = 56

  /// The kinds that count.
  enum Kind: UInt32 {
    /// `PT_LOAD`.
    case load = 1
    /// `PT_INTERP`.
    case interpreter = 3
    /// `PT_PHDR`.
    case table = 6
    /// `PT_GNU_STACK`.
    case stack = 0x6474_e551
  }

  let kind: Kind?
  let flags: UInt32
  let offset: UInt64
  let address: UInt64
  let fileByteCount: UInt64
  let memoryByteCount: UInt64
  let alignment: UInt64

  init(_ bytes: Span<UInt8>, at start: Int) {
    let little = LittleEndian(bytes.extracting(start..<start + Self.byteCount))
    kind = Kind(rawValue: little.word(0))
    flags = little.word(4)
    offset = little.long(8)
    address = little.long(16)
    fileByteCount = little.long(32)
    memoryByteCount = little.long(40)
    alignment = little.long(48)
  }

  var isExecutable: Bool { flags & 1 != 0 }
  var isWritable: Bool { flags & 2 != 0 }
  var isReadable: Bool { flags & 4 != 0 }
}

/// Numbers in a file, lowest byte first.
struct LittleEndian: ~Escapable {
  private let bytes: Span<UInt8>

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>) { self.bytes = bytes }

  func half(_ offset: Int) -> UInt16 { UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8 }
  func word(_ offset: Int) -> UInt32 { UInt32(half(offset)) | UInt32(half(offset + 2)) << 16 }
  func long(_ offset: Int) -> UInt64 { UInt64(word(offset)) | UInt64(word(offset + 4)) << 32 }
}
