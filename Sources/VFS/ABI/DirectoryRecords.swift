import Foundations
import Machine

/// Entries of a directory as programs get them, gathered so that a program's memory is not touched for each.
///
/// Source: getdents(2); Linux linux/dirent.h.
public struct DirectoryRecords: ~Copyable {
  /// Room for several of the usual length, and for one of the longest name.
  private static let capacity = 1_024

  private var bytes = InlineArray<1_024, UInt8>(repeating: 0)
  private var count = 0
  private var limit = 0
  /// The position behind the last entry.
  private var lastNext: Int64 = 0
  /// Whether there was an entry more than fits.
  private(set) var isFull = false
  private let isWide: Bool

  init(_ form: OpenFile.EntryForm) { isWide = form == .wide }

  var isEmpty: Bool { count == 0 }

  /// Begins anew, for at most `room` bytes.
  mutating func begin(room: Int) {
    (count, isFull) = (0, false)
    limit = min(room, Self.capacity)
  }

  /// Adds an entry, if there is room for it.
  ///
  /// - Parameter next: the position behind the entry.
  /// - Returns: whether there was.
  @inline(__always)
  public mutating func append(_ name: borrowing FileName, _ inode: UInt64, _ kind: FileKind, next: Int64) -> Bool {
    guard let start = begin(nameLength: name.count, inode, kind, next) else { return false }
    var span = bytes.mutableSpan
    name.copy(into: &span, at: start &+ (isWide ? 19 : 18))
    end(start, nameLength: name.count, kind)
    return true
  }

  /// Adds an entry whose name is in no object; of one that is too long the beginning.
  @inline(never)
  public mutating func append(_ name: Span<UInt8>, _ inode: UInt64, _ kind: FileKind, next: Int64) -> Bool {
    let length = min(name.count, FileName.limit)
    guard let start = begin(nameLength: length, inode, kind, next) else { return false }
    var span = bytes.mutableSpan
    span.copy(name.extracting(0..<length), at: start &+ (isWide ? 19 : 18))
    end(start, nameLength: length, kind)
    return true
  }

  /// Writes what is before a name, and zeros into the word that its end is in.
  ///
  /// - Returns: where the record starts; nil when there is no room for it.
  @inline(__always)
  private mutating func begin(nameLength: Int, _ inode: UInt64, _ kind: FileKind, _ next: Int64) -> Int? {
    // The zero behind the name, and with the old form the kind behind all: as many bytes more as it has less before the name.
    let byteCount = (nameLength &+ 27) & ~7
    let start = count
    guard byteCount <= limit &- start else {
      isFull = true
      return nil
    }
    let end = start &+ byteCount
    var span = bytes.mutableSpan
    span.storeLittleEndian(0 as UInt64, at: end &- 8)
    let head = UInt64(truncatingIfNeeded: byteCount) | UInt64(kind.rawValue) << 16
    span.storeLittleEndian(inode, UInt64(bitPattern: next), head, at: start)
    (count, lastNext) = (end, next)
    return start
  }

  /// Ends a record whose name has been put: with the old form its kind is its last byte, and the zero behind the name can be before
  /// the last word. Without a branch, behind which the entry that the name is of would be counted.
  @inline(__always)
  private mutating func end(_ start: Int, nameLength: Int, _ kind: FileKind) {
    var span = bytes.mutableSpan
    span[start &+ (isWide ? 19 : 18) &+ nameLength] = 0
    span[isWide ? start &+ 18 : count &- 1] = kind.rawValue
  }

  /// Whether there are more, for which there may be room.
  var goesOn: Bool { isFull && !isEmpty }

  /// Moves what was gathered into `buffer`, adds to `total` how many bytes it was, and sets `position` to what is behind it.
  ///
  /// - Throws: `EFAULT` when that was not all: whole records before the fault count.
  mutating func move(into buffer: inout IOBuffer, _ total: inout Int, _ position: inout Int64) throws(Errno) {
    guard count > 0 else { return }
    var moved = 0
    do throws(Errno) { moved = try buffer.write(bytes.span.extracting(0..<count)) } catch { moved = 0 }
    guard moved < count else {
      position = lastNext
      total += count
      return
    }
    var start = 0
    while true {
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
