import Foundations
import Machine

/// Storage for the nodes of one tree, without holes and without reference counting: a node is named by a number.
///
/// Nodes lie in chunks of up to a page, which never move. Removing a node moves the last one into its place, so that memory
/// goes back as soon as a chunk's worth of nodes is gone, whichever nodes those were.
struct NodePool<Node: ~Copyable>: ~Copyable {
  /// Names a node until a node is removed: the chunk's number, then four bits for the place in it.
  typealias Identifier = UInt32

  private static var chunkCapacity: Int {
    @inline(__always) get { max(1, min(16, 4096 / MemoryLayout<Node>.stride)) }
  }

  private(set) var chunks = GrowableArray<GrowableArray<Node>>()
  /// How many nodes there are.
  private(set) var count = 0

  init() {}

  /// Bytes of memory that the pool holds.
  var byteCount: Int {
    var capacity = 0
    for index in 0..<chunks.count { capacity += chunks[index].capacity }
    return capacity * MemoryLayout<Node>.stride + chunks.capacity * MemoryLayout<GrowableArray<Node>>.stride
  }

  /// The node called `identifier`.
  subscript(identifier: Identifier) -> Node {
    @inline(__always) _read { yield chunks[chunk(of: identifier)][place(of: identifier)] }
    @inline(__always) _modify { yield &chunks[chunk(of: identifier)][place(of: identifier)] }
  }

  /// The chunk that a node is in.
  @inline(__always)
  func chunk(of identifier: Identifier) -> Int { Int(identifier >> 4) }

  /// Which of its chunk's nodes a node is.
  @inline(__always)
  func place(of identifier: Identifier) -> Int { Int(identifier & 15) }

  /// Adds `node`.
  ///
  /// - Throws: `ENOMEM`; the pool stays as it was and `node` is dropped.
  mutating func append(_ node: consuming Node) throws(Errno) -> Identifier {
    let last = chunks.count - 1
    if last < 0 || chunks[last].count == Self.chunkCapacity {
      var chunk = GrowableArray<Node>()
      // A small file's first chunk grows by and by; it would be mostly empty.
      try chunk.reserveCapacity(last < 0 ? 1 : Self.chunkCapacity)
      try chunk.append(node)
      try chunks.append(chunk)
    } else {
      if chunks[last].count == chunks[last].capacity {
        try chunks[last].reserveCapacity(min(chunks[last].capacity * 2, Self.chunkCapacity))
      }
      try chunks[last].append(node)
    }
    count += 1
    return lastIdentifier
  }

  /// Removes the node that was added last.
  mutating func removeLast() {
    guard count > 0 else { return }
    _ = popLast()
  }

  /// Removes the node called `identifier`.
  ///
  /// - Returns: whether another node is called `identifier` now, the one that was last.
  mutating func remove(_ identifier: Identifier) -> Bool {
    let isLast = identifier == lastIdentifier
    guard let node = popLast(), !isLast else { return false }
    self[identifier] = node
    return true
  }

  private var lastIdentifier: Identifier {
    let last = chunks.count - 1
    return UInt32(truncatingIfNeeded: last << 4 | (chunks[last].count - 1))
  }

  private mutating func popLast() -> Node? {
    let last = chunks.count - 1
    guard last >= 0 else { return nil }
    let node = chunks[last].popLast()
    count -= 1
    if chunks[last].isEmpty { _ = chunks.popLast() }
    if chunks.isEmpty { chunks = GrowableArray() }
    return node
  }
}
