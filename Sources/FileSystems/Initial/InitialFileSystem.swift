public import Archives
import Foundations
public import VFS

/// Fills the first root file system.
public enum InitialFileSystem {
  /// What was unpacked.
  public struct Summary: Equatable, Sendable {
    /// Files of all kinds that were made; a file counts once for each of its names.
    public internal(set) var fileCount = 0
    /// Bytes of content.
    public internal(set) var byteCount: UInt64 = 0
    /// Files that could not be made, and were passed over.
    public internal(set) var skippedCount = 0
    /// Why the first of them could not be made.
    public internal(set) var firstFailure: Errno?
  }

  /// Unpacks `archive`: cpio archives one behind the other, plain or compressed by gzip.
  ///
  /// - Parameter actor: who makes the files: the superuser, whose root they shall be in.
  /// - Throws: the error that ended it. What came before is there.
  public static func unpack(_ archive: Span<UInt8>, _ actor: FileActor) throws(ArchiveError) -> Summary {
    var unpacker = Unpacker(actor)
    do throws(ArchiveError) {
      try Archive.read(archive, into: &unpacker)
    } catch {
      unpacker.finish()
      throw error
    }
    unpacker.finish()
    return unpacker.summary
  }
}
