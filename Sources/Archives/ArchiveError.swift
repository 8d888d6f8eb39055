/// Why an archive cannot be read further.
public struct ArchiveError: Error, Equatable, Sendable {
  /// What is wrong.
  public enum Reason: Error, Equatable, Sendable {
    /// It begins neither as an archive nor as compressed data.
    case notAnArchive
    /// A cpio archive of another kind than newc.
    case unsupportedArchive
    /// Compressed by something else than gzip.
    case unsupportedCompression
    /// A header has something else than hexadecimal digits where numbers belong.
    case malformedHeader
    /// A name does not end with a zero.
    case malformedName
    /// What follows an entry begins at no multiple of four bytes.
    case brokenPadding
    /// The sum of a file's bytes is not what its header says.
    case wrongFileSum
    /// The archive ends within an entry, or the compressed data before its end.
    case truncated
    /// A header of gzip that states what RFC 1952 does not know.
    case malformedCompressionHeader
    /// A block of a type that RFC 1951 does not have, or one whose length and its complement disagree.
    case malformedBlock
    /// Lengths of codes that no set of codes can have.
    case malformedCodes
    /// Bits that are no code.
    case unknownCode
    /// A distance to before the beginning.
    case distanceTooFar
    /// What was decompressed is not what was compressed: the check value or the length differs.
    case wrongCheck
    /// There is no memory for the buffers or for what is unpacked.
    case noMemory
    /// The file system that is unpacked into is full.
    case noSpace
    /// The file system that is unpacked into does not take what is written.
    case writeFailed
  }

  /// What is wrong.
  public var reason: Reason
  /// How many bytes of the archive had been looked at by then.
  public var offset: Int

  /// The reason in words.
  public var text: StaticString {
    switch reason {
    case .notAnArchive: "it is no archive"
    case .unsupportedArchive: "it is a cpio archive, but not of the kind newc"
    case .unsupportedCompression: "it is compressed by something else than gzip"
    case .malformedHeader: "a header is malformed"
    case .malformedName: "a name does not end"
    case .brokenPadding: "an entry begins at no multiple of four bytes"
    case .wrongFileSum: "the sum of a file's bytes is wrong"
    case .truncated: "it ends too early"
    case .malformedCompressionHeader: "the header of gzip is malformed"
    case .malformedBlock: "a compressed block is malformed"
    case .malformedCodes: "the codes of a compressed block are impossible"
    case .unknownCode: "a compressed block has an unknown code"
    case .distanceTooFar: "a compressed block refers to before its beginning"
    case .wrongCheck: "the check value of what was decompressed is wrong"
    case .noMemory: "there is not enough memory for what it holds"
    case .noSpace: "the file system is full"
    case .writeFailed: "the file system refuses what is written"
    }
  }
}
