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
    let room = buffer.remaining
    var count = 0
    var records = DirectoryRecords(form)
    try withEntryPosition { position throws(Errno) in
      var failure: Errno?
      do throws(Errno) {
        try listEntries(from: position) { name, inode, kind, next throws(Errno) in
          let length = min(name.count, FileName.limit)
          let byteCount = records.byteCount(nameLength: length)
          guard byteCount <= room &- count &- records.count else {
            if count == 0, records.isEmpty { throw .EINVAL }
            return false
          }
          if !records.hasRoom(for: byteCount) { try records.move(into: &buffer, &count, &position) }
          records.append(name.extracting(0..<length), byteCount, inode: inode, kind, next: next)
          return true
        }
      } catch { failure = error }
      do throws(Errno) { try records.move(into: &buffer, &count, &position) } catch { failure = error }
      // As Linux, what was read before counts.
      if let failure, count == 0 { throw failure }
    }
    return count
  }
}

/// Entries as programs get them, gathered so that a program's memory is not touched for each.
///
/// Source: getdents(2); Linux linux/dirent.h.
private struct DirectoryRecords: ~Copyable {
  /// Room for several of the usual length, and for one of the longest name.
  private static let capacity = 1_024

  private var bytes = InlineArray<1_024, UInt8>(repeating: 0)
  private(set) var count = 0
  private let nameStart: Int
  private let isWide: Bool

  init(_ form: OpenFile.EntryForm) {
    isWide = form == .wide
    nameStart = isWide ? 19 : 18
  }

  var isEmpty: Bool { count == 0 }

  /// How long the record of an entry is whose name has `length` bytes.
  @inline(__always)
  func byteCount(nameLength length: Int) -> Int {
    // The zero behind the name, and with the old form the kind behind all: as many bytes more as it has less before the name.
    (length &+ 27) & ~7
  }

  @inline(__always)
  func hasRoom(for byteCount: Int) -> Bool { byteCount <= Self.capacity &- count }

  /// Adds an entry. There is room.
  @inline(__always)
  mutating func append(_ name: Span<UInt8>, _ byteCount: Int, inode: UInt64, _ kind: FileKind, next: Int64) {
    let start = count
    let end = start &+ byteCount
    var span = bytes.mutableSpan
    // What is behind the name up to a whole word.
    span.storeLittleEndian(0 as UInt64, at: end &- 8)
    span.storeLittleEndian(inode, at: start)
    span.storeLittleEndian(next, at: start &+ 8)
    span.storeLittleEndian(UInt16(truncatingIfNeeded: byteCount), at: start &+ 16)
    span[isWide ? start &+ 18 : end &- 1] = kind.rawValue
    span.copy(name, at: start &+ nameStart)
    // With the old form that can be before that word.
    span[start &+ nameStart &+ name.count] = 0
    count = end
  }

  /// Moves what was gathered into `buffer`, adds to `total` how many bytes it was, and sets `position` to what is behind it.
  ///
  /// - Throws: `EFAULT` when that was not all: whole records before the fault count.
  mutating func move(into buffer: inout IOBuffer, _ total: inout Int, _ position: inout Int64) throws(Errno) {
    guard count > 0 else { return }
    let wanted = count
    count = 0
    var moved = 0
    do throws(Errno) { moved = try buffer.write(bytes.span.extracting(0..<wanted)) } catch { moved = 0 }
    var start = 0
    while start < wanted {
      let record = Self.record(bytes.span, at: start)
      guard start + record.byteCount <= moved else { throw .EFAULT }
      start += record.byteCount
      total += record.byteCount
      position = record.next
    }
  }

  @inline(__always)
  private static func record(_ bytes: Span<UInt8>, at start: Int) -> (byteCount: Int, next: Int64) {
    (
      Int(truncatingIfNeeded: bytes.littleEndianWord(at: start + 16) & 0xffff),
      Int64(bitPattern: bytes.littleEndianWord(at: start + 8))
    )
  }
}
