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
    try readEntries { name, inode, kind, next throws(Errno) in
      let record = DirectoryRecord(name, inode: inode, kind, next: next, form)
      guard record.count <= buffer.remaining else {
        if count == 0 { throw .EINVAL }
        return false
      }
      var moved = 0
      do throws(Errno) { moved = try buffer.write(record.bytes.span.extracting(0..<record.count)) } catch { moved = 0 }
      guard moved == record.count else {
        if count == 0 { throw .EFAULT }
        return false
      }
      count += moved
      return true
    }
    return count
  }
}

/// An entry as programs get it. Source: getdents(2); Linux linux/dirent.h.
private struct DirectoryRecord {
  var bytes = InlineArray<280, UInt8>(repeating: 0)
  let count: Int

  init(_ name: Span<UInt8>, inode: UInt64, _ kind: FileKind, next: Int64, _ form: OpenFile.EntryForm) {
    let length = min(name.count, FileName.limit)
    let nameStart = form == .wide ? 19 : 18
    // The zero behind the name, and with the old form the kind behind all.
    count = (nameStart + length + (form == .wide ? 1 : 2) + 7) & ~7
    var span = bytes.mutableSpan
    StructureWriter.put(inode, 8, at: 0, &span)
    StructureWriter.put(UInt64(bitPattern: next), 8, at: 8, &span)
    StructureWriter.put(UInt64(count), 2, at: 16, &span)
    if form == .wide { span[18] = kind.rawValue } else { span[count - 1] = kind.rawValue }
    for index in 0..<length { span[nameStart + index] = name[index] }
  }
}
