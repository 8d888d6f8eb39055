public import Foundations
public import Machine
import VirtualMemory

/// An ELF file whose headers have been read and found good.
public struct ELFFile: ~Copyable {
  /// The file.
  public let file: ExecutableFile
  let header: ELFHeader
  let segments: GrowableArray<ProgramHeader>
  /// Whether its stack may hold code.
  let wantsExecutableStack: Bool
  /// The path of the program that links it, without the zero behind it; empty if it needs none.
  public let interpreterPath: GrowableArray<UInt8>

  /// Longer paths are no paths (`PATH_MAX`).
  private static let pathLimit: UInt64 = 4_096

  /// Reads the headers of `file`.
  ///
  /// - Throws: `ENOEXEC` for what is no program, `EIO`, `ENOMEM`.
  public init(_ file: ExecutableFile) throws(Errno) {
    var headerBytes = InlineArray<64, UInt8>(repeating: 0)
    var headerSpan = headerBytes.mutableSpan
    try file.readAll(at: 0, into: &headerSpan)
    let header = try ELFHeader(headerBytes.span)
    var table = GrowableArray<UInt8>()
    try Self.read(
      file, at: header.programHeaderOffset, header.programHeaderCount * ProgramHeader.byteCount, into: &table)
    var segments = GrowableArray<ProgramHeader>()
    var path = GrowableArray<UInt8>()
    // Without the header Linux's default counts, which is to allow it.
    var stackFlags: UInt32?
    for index in 0..<header.programHeaderCount {
      let entry = ProgramHeader(table.span, at: index * ProgramHeader.byteCount)
      switch entry.kind {
      case .load: try segments.append(entry)
      case .stack: stackFlags = entry.flags
      case .interpreter:
        guard path.isEmpty else { break }
        path = try Self.path(in: file, entry)
      case .table, nil: break
      }
    }
    guard !segments.isEmpty else { throw .ENOEXEC }
    try Self.check(segments)
    self.file = file
    self.header = header
    wantsExecutableStack = stackFlags.map { $0 & 1 != 0 } ?? false
    self.segments = segments
    interpreterPath = path
  }

  private static func path(in file: ExecutableFile, _ entry: ProgramHeader) throws(Errno) -> GrowableArray<UInt8> {
    guard entry.fileByteCount >= 2, entry.fileByteCount <= pathLimit else { throw .ENOEXEC }
    var bytes = GrowableArray<UInt8>()
    try read(file, at: entry.offset, Int(entry.fileByteCount), into: &bytes)
    guard bytes[bytes.count - 1] == 0 else { throw .ENOEXEC }
    var path = GrowableArray<UInt8>()
    for index in 0..<bytes.count {
      if bytes[index] == 0 { break }
      try path.append(bytes[index])
    }
    guard !path.isEmpty else { throw .ENOEXEC }
    return path
  }

  private static func read(
    _ file: ExecutableFile, at offset: UInt64, _ count: Int, into bytes: inout GrowableArray<UInt8>
  ) throws(Errno) {
    guard offset <= file.byteCount, UInt64(count) <= file.byteCount - offset else { throw .ENOEXEC }
    try bytes.reserveCapacity(count)
    for _ in 0..<count { try bytes.append(0) }
    var span = bytes.mutableSpan
    try file.readAll(at: offset, into: &span)
  }

  /// Segments must lie in a program's addresses, fit their pages, and be in order, as the ABI says.
  ///
  /// - Throws: `EINVAL` and `ENOEXEC` as Linux does.
  private static func check(_ segments: borrowing GrowableArray<ProgramHeader>) throws(Errno) {
    var end: UInt64 = 0
    for index in 0..<segments.count {
      let segment = segments[index]
      let (segmentEnd, wraps) = segment.address.addingReportingOverflow(segment.memoryByteCount)
      let (_, fileWraps) = segment.offset.addingReportingOverflow(segment.fileByteCount)
      guard segment.fileByteCount <= segment.memoryByteCount, !wraps, !fileWraps, segmentEnd <= UserSpace.defaultEnd
      else { throw .EINVAL }
      // A page has one place in the file, whatever part of it a segment begins with.
      guard segment.address & 4_095 == segment.offset & 4_095 || segment.fileByteCount == 0 else { throw .EINVAL }
      guard index == 0 || segment.address >= end else { throw .ENOEXEC }
      end = segmentEnd
    }
    guard end > 0 else { throw .ENOEXEC }
  }

  // MARK: Shape

  /// The addresses that it takes, before it is moved, in whole pages.
  var extent: Range<UInt64> {
    let last = segments[segments.count - 1]
    let start = segments[0].address & ~4_095
    return start..<max(start, (last.address + last.memoryByteCount + 4_095) & ~4_095)
  }

  /// What its address must be a multiple of: the largest power of two that a segment asks for.
  var alignment: UInt64 {
    var alignment: UInt64 = 4_096
    for index in 0..<segments.count {
      let wanted = segments[index].alignment
      if wanted.nonzeroBitCount == 1, wanted <= 1 << 30 { alignment = max(alignment, wanted) }
    }
    return alignment
  }

  /// Where the program headers are in memory, before it is moved; 0 when no segment has them.
  var programHeaderAddress: UInt64 {
    for index in 0..<segments.count {
      let segment = segments[index]
      if segment.offset <= header.programHeaderOffset,
        header.programHeaderOffset - segment.offset < segment.fileByteCount
      {
        return segment.address &+ (header.programHeaderOffset - segment.offset)
      }
    }
    return 0
  }
}
