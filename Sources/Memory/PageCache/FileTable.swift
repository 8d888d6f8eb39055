import Foundations
import Machine

/// The files that have pages in memory, by number: what a frame's owner means.
struct FileTable: ~Copyable {
  private var files = GrowableArray<CachedFile?>()
  /// Numbers that were given back; always has room for all.
  private var free = GrowableArray<UInt32>()

  init() {}

  /// How many numbers there are, free ones included.
  var count: Int { files.count }

  /// The file with this number.
  subscript(number: UInt32) -> CachedFile? {
    number > 0 && number <= files.count ? files[Int(number) - 1] : nil
  }

  /// Reserves a number, 1 or more.
  ///
  /// - Throws: `ENOMEM`, `ENFILE`.
  mutating func takeNumber() throws(Errno) -> UInt32 {
    if let number = free.popLast() { return number }
    guard files.count < Int(UInt32.max) - 1 else { throw .ENFILE }
    if files.count == files.capacity {
      let capacity = max(16, files.capacity * 2)
      try free.reserveCapacity(capacity)
      try files.reserveCapacity(capacity)
    }
    try files.append(nil)
    return UInt32(files.count)
  }

  /// Sets the file of a number that `takeNumber` gave.
  mutating func set(_ file: CachedFile, number: UInt32) { files[Int(number) - 1] = file }

  /// Gives a number back.
  mutating func remove(number: UInt32) {
    files[Int(number) - 1] = nil
    // Has room for every number there is, so it does not fail.
    try? free.append(number)
  }
}
