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
    guard try listDots(from: position, emit) else { return }
    try inode.list(from: max(position, 2), emit)
    noteListed()
  }

  /// - Returns: whether `emit` took what there was.
  private final func listDots(
    from position: Int64, _ emit: (_ name: Span<UInt8>, UInt64, FileKind, _ next: Int64) throws(Errno) -> Bool
  ) throws(Errno) -> Bool {
    guard position <= 1 else { return true }
    let dots: InlineArray<2, UInt8> = [0x2e, 0x2e]
    if position <= 0 {
      guard try emit(dots.span.extracting(0..<1), inode.number, .directory, 1) else { return false }
    }
    // At a root it is the directory itself: what is above is another file system's.
    let parent = path.dentry.parent?.inode?.number ?? inode.number
    return try emit(dots.span, parent, .directory, 2)
  }

  open override func listEntries(from position: Int64, into records: inout DirectoryRecords) throws(Errno) {
    inode.lock.lock()
    defer { inode.lock.unlock() }
    guard inode.linkCount > 0 else { throw .ENOENT }
    let isAfterDots = try listDots(from: position) { name, number, kind, next throws(Errno) in
      records.append(name, number, kind, next: next)
    }
    if isAfterDots { try inode.list(from: max(position, 2), into: &records) }
  }

  open override func noteListed() { AccessTimes.note(path, flags) }
}

/// A file that is only named: O_PATH.
final class PathFile: OpenFile {}
