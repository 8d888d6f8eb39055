public import Foundations
public import Machine
import Waiting

/// An open directory, of whatever file system.
///
/// Position 0 is before `.`, 1 before `..`, and 2 before the first entry of the directory's own.
open class DirectoryFile: OpenFile {
  open override var isSeekable: Bool { true }

  open override func readContent(_ buffer: inout IOBuffer, at offset: Int64) throws(Errno) -> Int { throw .EISDIR }

  open override func writeContent(
    _ buffer: inout IOBuffer, at offset: inout Int64, sizeLimit: UInt64
  ) throws(Errno) -> Int { throw .EISDIR }

  open override func synchronize(dataOnly: Bool) throws(Errno) {}

  open override func listEntries(
    from position: Int64, _ emit: (_ name: Span<UInt8>, UInt64, FileKind, _ next: Int64) throws(Errno) -> Bool
  ) throws(Errno) {
    inode.lock.lock()
    defer { inode.lock.unlock() }
    guard inode.linkCount > 0 else { throw .ENOENT }
    let dots: InlineArray<2, UInt8> = [0x2e, 0x2e]
    if position <= 0 {
      guard try emit(dots.span.extracting(0..<1), inode.number, .directory, 1) else { return }
    }
    if position <= 1 {
      // At a root it is the directory itself: what is above is another file system's.
      let parent = path.dentry.parent?.inode?.number ?? inode.number
      guard try emit(dots.span, parent, .directory, 2) else { return }
    }
    try inode.list(from: max(position, 2), emit)
    noteAccessed()
  }

  private final func noteAccessed() { AccessTimes.note(path, flags) }
}

/// A file that is only named: O_PATH.
final class PathFile: OpenFile {}
