import Foundations
import Machine

/// Paths with what is to be remembered of the files that they name, found by the file's number.
struct PathList: ~Copyable {
  /// A file in an archive: links to it have the same number, device and kind.
  struct Key: Equatable {
    var inode: UInt32 = 0
    var major: UInt32 = 0
    var minor: UInt32 = 0
    var kind: UInt32 = 0

    /// Which of the chains it is in.
    fileprivate var chain: Int {
      var hash = UInt64(inode) &+ UInt64(major) << 32 &+ UInt64(minor) << 44
      hash = hash &* 0x9e37_79b9_7f4a_7c15
      return Int(hash >> 56)
    }
  }

  /// A path and its file.
  private struct Item {
    var key: Key
    var time: UInt32
    var start: Int
    var end: Int
    /// The item before it in its chain, or -1.
    var next: Int
  }

  private var items = GrowableArray<Item>()
  private var text = GrowableArray<UInt8>()
  private var chains = InlineArray<256, Int>(repeating: -1)

  /// How many paths there are.
  var count: Int { items.count }

  /// Adds a path.
  ///
  /// - Throws: `ENOMEM`.
  mutating func add(_ path: Span<UInt8>, key: Key = Key(), time: UInt32 = 0) throws(Errno) {
    let start = text.count
    try text.reserveCapacity(start + path.count > text.capacity ? 2 * (start + path.count) : 0)
    for index in path.indices { try text.append(path[index]) }
    try items.append(Item(key: key, time: time, start: start, end: text.count, next: chains[key.chain]))
    chains[key.chain] = items.count - 1
  }

  /// The number of the file's path; nil when it has none.
  mutating func find(_ key: Key) -> Int? {
    var index = chains[key.chain]
    while index >= 0 {
      if items[index].key == key { return index }
      index = items[index].next
    }
    return nil
  }

  /// The path added as number `index`.
  @_lifetime(borrow self)
  func path(_ index: Int) -> Span<UInt8> { text.span.extracting(items[index].start..<items[index].end) }

  /// The time that was given with it.
  func time(_ index: Int) -> UInt32 { items[index].time }

  /// Forgets all paths.
  mutating func removeAll() {
    items.removeAll()
    text.removeAll()
    for index in chains.indices { chains[index] = -1 }
  }
}
