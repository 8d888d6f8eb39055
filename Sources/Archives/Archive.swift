import Foundations
import Machine

/// An initial file system as loaders bring it: cpio archives one behind the other, each plain or compressed by gzip, with
/// zeros between them.
///
/// Source: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.
public enum Archive {
  /// Gives `receiver` all that is in `bytes`, from the first file to the last.
  ///
  /// The memory that this takes does not depend on the archive. What stands before an error was received.
  /// - Throws: the first error, and what `receiver` throws.
  public static func read<Receiver: ArchiveReceiver & ~Copyable>(
    _ bytes: Span<UInt8>, into receiver: inout Receiver
  ) throws(ArchiveError) {
    var position = 0
    do throws(ArchiveError.Reason) {
      try read(bytes, from: &position, into: &receiver)
    } catch {
      throw ArchiveError(reason: error, offset: position)
    }
  }

  private static func read<Receiver: ArchiveReceiver & ~Copyable>(
    _ bytes: Span<UInt8>, from position: inout Int, into receiver: inout Receiver
  ) throws(ArchiveError.Reason) {
    var reader = try makeReader()
    // Made with the first use: most archives are one member.
    var gzip: GzipReader?
    while position < bytes.count {
      if bytes[position] == 0 {
        position += 1
      } else if CpioReader.recognizes(bytes[position]) && position & 3 == 0 {
        reader.start()
        try readPlain(bytes, from: &position, by: &reader, into: &receiver)
      } else if GzipReader.recognizes(bytes, at: position) {
        var member = try makeReader(instead: gzip.take())
        reader.start()
        try readCompressed(bytes, from: &position, by: &reader, &member, into: &receiver)
        gzip = consume member
      } else {
        throw isCompressed(bytes, at: position) ? .unsupportedCompression : .notAnArchive
      }
    }
  }

  private static func readPlain<Receiver: ArchiveReceiver & ~Copyable>(
    _ bytes: Span<UInt8>, from position: inout Int, by reader: inout CpioReader, into receiver: inout Receiver
  ) throws(ArchiveError.Reason) {
    // In pieces, so that an error's place is known.
    while position < bytes.count {
      let piece = bytes.extracting(position..<min(bytes.count, position + 65_536))
      let taken = try reader.take(piece, stopsAtOthers: true, into: &receiver)
      position += taken
      if taken < piece.count { return }
    }
    guard reader.isBetweenEntries else { throw .truncated }
  }

  private static func readCompressed<Receiver: ArchiveReceiver & ~Copyable>(
    _ bytes: Span<UInt8>, from position: inout Int, by reader: inout CpioReader, _ member: inout GzipReader,
    into receiver: inout Receiver
  ) throws(ArchiveError.Reason) {
    defer { position = max(position, member.position) }
    try member.start(bytes, at: position)
    while try member.next(bytes) {
      _ = try reader.take(member.output, stopsAtOthers: false, into: &receiver)
    }
    guard reader.isBetweenEntries else { throw .truncated }
  }

  private static func makeReader() throws(ArchiveError.Reason) -> CpioReader {
    do throws(Errno) { return try CpioReader() } catch { throw .noMemory }
  }

  private static func makeReader(instead old: consuming GzipReader?) throws(ArchiveError.Reason) -> GzipReader {
    if let old { return old }
    do throws(Errno) { return try GzipReader() } catch { throw .noMemory }
  }

  /// Whether compressed data of another kind begins at `position`: bzip2, xz, LZMA, LZO, LZ4 (legacy) or Zstandard.
  private static func isCompressed(_ bytes: Span<UInt8>, at position: Int) -> Bool {
    guard bytes.count - position >= 4 else { return false }
    switch (bytes[position], bytes[position + 1], bytes[position + 2], bytes[position + 3]) {
    case (0x42, 0x5a, 0x68, _), (0xfd, 0x37, 0x7a, 0x58), (0x5d, 0, 0, _), (0x89, 0x4c, 0x5a, 0x4f),
      (0x02, 0x21, 0x4c, 0x18), (0x28, 0xb5, 0x2f, 0xfd):
      return true
    default: return false
    }
  }
}
