import Foundations
import Machine
import Security
import VFS

/// A message on its way. It never changes, so that all who receive it have the same.
final class NetlinkMessage {
  /// What a message costs its receiver besides its bytes, about as on Linux.
  static let overhead = 768

  let payload: MessagePayload
  /// Who sent it.
  let identity: SocketIdentity
  /// The port of the socket that sent it; 0 for the kernel.
  let port: UInt32
  /// The group that it was sent to; 0 for none.
  let group: UInt32

  /// A message of everything given.
  init(_ payload: consuming MessagePayload, _ identity: SocketIdentity, port: UInt32, group: UInt32) {
    self.payload = payload
    (self.identity, self.port, self.group) = (identity, port, group)
  }

  /// Takes the whole of `buffer`.
  ///
  /// - Throws: `ENOMEM`, `EFAULT`.
  static func make(
    of buffer: inout IOBuffer, _ identity: SocketIdentity, port: UInt32, group: UInt32
  ) throws(Errno) -> NetlinkMessage {
    try ObjectMemory.check()
    var payload = MessagePayload()
    try payload.fill(buffer.remaining, from: &buffer)
    return NetlinkMessage(payload, identity, port: port, group: group)
  }

  /// Bytes that it has.
  var count: Int { payload.count }

  /// Where it comes from, as receivers are told.
  var sender: NetlinkAddress { NetlinkAddress(port: port, group: group) }

  /// How many of its bytes `filter` lets through; 0 for none.
  func keptCount(by filter: PacketFilter?) -> Int {
    guard let filter else { return count }
    return filter.keptCount(of: count) { payload.byte(at: $0) }
  }
}

/// Messages in the order in which they came, each with how much of it is received.
struct NetlinkQueue: ~Copyable {
  struct Entry {
    let message: NetlinkMessage
    let keptCount: Int

    /// What it costs its receiver.
    var cost: Int { message.count + NetlinkMessage.overhead }
  }

  // Entry number `n` is at `(first + n) & (capacity - 1)`; the capacity is a power of two, or 0.
  private var slots = GrowableArray<Entry?>()
  private var first = 0
  /// How many there are.
  private(set) var count = 0
  /// What they cost together.
  private(set) var cost = 0

  /// No messages.
  init() {}

  private func place(_ index: Int) -> Int { (first + index) & (slots.count - 1) }

  /// Adds an entry.
  ///
  /// - Throws: `ENOMEM`.
  mutating func append(_ entry: Entry) throws(Errno) {
    if count == slots.count { try grow() }
    slots[place(count)] = entry
    count += 1
    cost += entry.cost
  }

  private mutating func grow() throws(Errno) {
    let capacity = max(8, slots.count * 2)
    var larger = GrowableArray<Entry?>()
    try larger.reserveCapacity(capacity)
    for index in 0..<count { try larger.append(slots[place(index)]) }
    while larger.count < capacity { try larger.append(nil) }
    slots = larger
    first = 0
  }

  /// The first; nil when there is none.
  var firstEntry: Entry? { count > 0 ? slots[place(0)] : nil }

  /// Removes the first; nil when there is none.
  mutating func removeFirst() -> Entry? {
    guard count > 0 else { return nil }
    let entry = slots[place(0)].take()
    first = (first + 1) & (slots.count - 1)
    count -= 1
    cost -= entry?.cost ?? 0
    return entry
  }
}
