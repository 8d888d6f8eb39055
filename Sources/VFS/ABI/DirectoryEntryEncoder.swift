public import Foundations
public import Machine

extension OpenFile {
  /// How getdents(2) and getdents64(2) write an entry.
  public enum EntryForm: Sendable {
    /// `struct linux_dirent64`.
    case wide
    /// `struct linux_dirent`, which has the kind in its last byte.
    case old
  }

  /// Reads entries from the position on into `buffer`, as many as it has room for, and moves the position.
  /// getdents64(2).
  ///
  /// - Returns: how many bytes; 0 at the end.
  /// - Throws: `EINVAL` when there is no room for one, `EFAULT`, `ENOTDIR`, `ENOENT`, `EBADF`.
  public final func readEntries(into buffer: inout IOBuffer, _ form: EntryForm = .wide) throws(Errno) -> Int {
    var count = 0
    // One for all entries: it is larger than what changes from one to the next.
    var record = DirectoryRecord()
    try withEntryPosition { position throws(Errno) in
      try listEntries(from: position) { name, inode, kind, next throws(Errno) in
        record.set(name, inode: inode, kind, next: next, form)
        guard record.count <= buffer.remaining else {
          if count == 0 { throw .EINVAL }
          return false
        }
        var moved = 0
        do throws(Errno) { moved = try buffer.write(record.content) } catch { moved = 0 }
        guard moved == record.count else {
          if count == 0 { throw .EFAULT }
          return false
        }
        count += moved
        position = next
        return true
      }
    }
    return count
  }
}

/// An entry as programs get it. Source: getdents(2); Linux linux/dirent.h.
private struct DirectoryRecord: ~Copyable {
  private var bytes = InlineArray<280, UInt8>(repeating: 0)
  private(set) var count = 0

  init() {}

  var content: Span<UInt8> {
    @_lifetime(borrow self)
    get { bytes.span.extracting(0..<count) }
  }

  mutating func set(
    _ name: Span<UInt8>, inode: UInt64, _ kind: FileKind, next: Int64, _ form: OpenFile.EntryForm
  ) {
    let length = min(name.count, FileName.limit)
    let nameStart = form == .wide ? 19 : 18
    // The zero behind the name, and with the old form the kind behind all.
    count = (nameStart + length + (form == .wide ? 1 : 2) + 7) & ~7
    var span = bytes.mutableSpan
    // What is behind the name up to a whole word.
    span.storeLittleEndian(0 as UInt64, at: count - 8)
    span.storeLittleEndian(inode, at: 0)
    span.storeLittleEndian(next, at: 8)
    span.storeLittleEndian(UInt16(count), at: 16)
    if form == .wide { span[18] = kind.rawValue } else { span[count - 1] = kind.rawValue }
    span.copy(name.extracting(0..<length), at: nameStart)
  }
}
