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
      do throws(Errno) {
        repeat {
          records.begin(room: room &- count)
          do throws(Errno) { try listEntries(from: position, into: &records) } catch {
            // What was gathered before it failed counts.
            if records.isEmpty { throw error }
          }
          if records.isEmpty && records.isFull && count == 0 { throw .EINVAL }
          try records.move(into: &buffer, &count, &position)
        } while records.goesOn
        noteListed()
      } catch {
        // As Linux, what was read before counts.
        if count == 0 { throw error }
      }
    }
    return count
  }
}
