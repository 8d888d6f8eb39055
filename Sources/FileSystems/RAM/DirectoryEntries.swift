import Foundations
import Machine
import VFS

/// A name in a directory.
final class DirectoryEntry {
  let name: FileName
  /// What it stands for; nil only while the file system goes.
  var inode: RAMInode? {
    didSet { if let inode { (inodeNumber, kind) = (inode.number, inode.kind) } }
  }
  /// What listings say of it, so that they need not look at the inode.
  private(set) var inodeNumber: UInt64
  private(set) var kind: FileKind
  /// Where it is in the order of the directory. Never used again in the same directory.
  let position: Int64
  /// Where it is in the list of its directory now.
  fileprivate var place: Int
  var nextInBucket: DirectoryEntry?

  /// Adds it to what a listing says, if there is room.
  @inline(__always)
  func append(to records: inout DirectoryRecords) -> Bool {
    records.append(name, inodeNumber, kind, next: position + 1)
  }

  fileprivate init(_ name: consuming FileName, _ inode: RAMInode, position: Int64, place: Int) {
    self.name = name
    (self.inode, self.position, self.place) = (inode, position, place)
    (inodeNumber, kind) = (inode.number, inode.kind)
  }
}

/// The names of a directory: found by name in constant time, listed in the order in which they were made.
///
/// Positions only grow, so whoever lists while names come and go sees each name that stays exactly once.
struct DirectoryEntries: ~Copyable {
  /// Sorted by position, with nothing where names were removed.
  private var order = GrowableArray<DirectoryEntry?>()
  private var buckets = GrowableArray<DirectoryEntry?>()
  private var nextPosition: Int64 = 3
  /// The place of the entry that was listed last.
  private var lastListed = 0
  /// How many names there are.
  private(set) var count = 0

  init() {}

  /// The entry of `name`.
  func find(_ name: Span<UInt8>) -> DirectoryEntry? {
    guard count > 0 else { return nil }
    let hash = FileName.hash(of: name)
    var next = buckets[bucket(hash)]
    while let entry = next {
      if entry.name.hash == hash, entry.name.isEqual(to: name) { return entry }
      next = entry.nextInBucket
    }
    return nil
  }

  private func bucket(_ hash: UInt64) -> Int {
    Int(truncatingIfNeeded: (hash ^ hash >> 32) & UInt64(buckets.count - 1))
  }

  /// Makes room for one more name, so that the next `add` does not fail for want of it.
  ///
  /// - Throws: `ENOMEM`.
  mutating func prepareToAdd() throws(Errno) {
    if order.count == order.capacity {
      compact()
      if order.count == order.capacity { try order.reserveCapacity(max(8, order.capacity * 2)) }
    }
    guard count >= buckets.count else { return }
    var larger = GrowableArray<DirectoryEntry?>()
    try larger.resize(to: max(8, buckets.count * 2), filledWith: nil)
    buckets = larger
    for index in 0..<order.count {
      guard let entry = order[index] else { continue }
      link(entry)
    }
  }

  private mutating func link(_ entry: DirectoryEntry) {
    let bucket = bucket(entry.name.hash)
    entry.nextInBucket = buckets[bucket]
    buckets[bucket] = entry
  }

  /// Adds a name that is not there.
  ///
  /// - Throws: `ENOMEM`, `ENAMETOOLONG`; the directory is as before.
  mutating func add(_ name: Span<UInt8>, _ inode: RAMInode) throws(Errno) {
    try prepareToAdd()
    let entry = DirectoryEntry(try FileName(name), inode, position: nextPosition, place: order.count)
    try order.append(entry)
    nextPosition += 1
    count += 1
    link(entry)
  }

  /// Removes a name.
  ///
  /// - Returns: the entry, to be dropped without a lock.
  mutating func remove(_ name: Span<UInt8>) -> DirectoryEntry? {
    guard let entry = find(name) else { return nil }
    let bucket = bucket(entry.name.hash)
    if buckets[bucket] === entry {
      buckets[bucket] = entry.nextInBucket
    } else {
      var before = buckets[bucket]
      while let current = before, current.nextInBucket !== entry { before = current.nextInBucket }
      before?.nextInBucket = entry.nextInBucket
    }
    entry.nextInBucket = nil
    order[entry.place] = nil
    count -= 1
    // Half of it gone: worth closing the gaps.
    if order.count > 16 && count < order.count / 2 { compact() }
    return entry
  }

  /// The place in the order of the first entry at `position` or behind.
  private func index(from position: Int64) -> Int {
    // With gaps the position of a place is not known, so search by the nearest entry before it.
    var (low, high) = (0, order.count)
    while low < high {
      let middle = (low + high) / 2
      var probe = middle
      while probe >= low, order[probe] == nil { probe -= 1 }
      if probe < low || (order[probe]?.position ?? 0) < position {
        low = middle + 1
      } else {
        high = probe
      }
    }
    return low
  }

  private mutating func compact() {
    var kept = 0
    for index in 0..<order.count {
      guard let entry = order[index].take() else { continue }
      entry.place = kept
      order[kept] = entry
      kept += 1
    }
    while order.count > kept { _ = order.popLast() }
  }

  /// How many entries `entries` gives at once.
  static var batchCount: Int { 16 }

  /// Gives the first entries at `position` or behind.
  ///
  /// - Parameter batch: gets them, from its beginning on.
  /// - Returns: how many, at most `batchCount`; 0 at the end.
  mutating func entries(from position: Int64, into batch: inout InlineArray<16, DirectoryEntry?>) -> Int {
    var index = place(from: position)
    var found = 0
    while index < order.count, found < Self.batchCount {
      if let entry = order[index] {
        batch[found] = entry
        found += 1
        lastListed = index
      }
      index += 1
    }
    return found
  }

  /// Adds the entries at `position` or behind to `records`, until there is no room for one.
  mutating func list(from position: Int64, into records: inout DirectoryRecords) {
    var index = place(from: position)
    while index < order.count {
      if let entry = order[index] {
        guard entry.append(to: &records) else { break }
      }
      index &+= 1
    }
    lastListed = max(index &- 1, 0)
  }

  /// The place in the order of the first entry at `position` or behind, or an empty one before it.
  private func place(from position: Int64) -> Int {
    // Mostly it is the one behind what was listed last.
    let next = lastListed + 1
    if next < order.count, let last = order[lastListed], last.position < position, let entry = order[next],
      entry.position >= position
    {
      return next
    }
    return index(from: position)
  }

  /// Takes all entries out, as a chain by `nextInBucket`.
  mutating func takeAll() -> DirectoryEntry? {
    var chain: DirectoryEntry?
    for index in 0..<order.count {
      guard let entry = order[index].take() else { continue }
      entry.nextInBucket = chain
      chain = entry
    }
    order.removeAll()
    buckets.removeAll()
    count = 0
    return chain
  }
}
