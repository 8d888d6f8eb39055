import Foundations
import Machine

/// A message on its way: what one call has sent, or a part of it.
///
/// Its sender pays for it until it is dropped, which is done without any lock: files may be closed by it.
struct UnixMessage: ~Copyable {
  /// What a message costs its sender besides its bytes, about as on Linux.
  static let overhead = 768

  /// The bytes.
  var payload: MessagePayload
  /// How many of them were read: of a stream.
  var readCount = 0
  /// The files that go with it.
  var files: FilesUnderWay
  /// Who sent it; nil if neither side wanted to know.
  let identity: SocketIdentity?
  /// The name of the socket that sent it.
  let name: UnixName?
  private let sender: UnixEndpoint
  private let cost: Int

  /// A message that `sender` has paid `cost` for.
  init(
    _ payload: consuming MessagePayload, _ files: consuming FilesUnderWay, _ identity: SocketIdentity?,
    _ name: UnixName?, from sender: UnixEndpoint, cost: Int
  ) {
    self.payload = payload
    self.files = files
    (self.identity, self.name, self.sender, self.cost) = (identity, name, sender, cost)
  }

  deinit { sender.refund(cost) }
}

/// Messages in the order in which they came. Whoever reads may take one out, and put it back where it was.
struct UnixQueue: ~Copyable {
  // Message number `n` is at `n & (capacity - 1)`; the capacity is a power of two, or 0.
  private var slots = GrowableArray<UnixMessage?>()
  private var first = 0
  /// How many there are, those that are taken out included.
  private(set) var count = 0

  /// No messages.
  init() {}

  private func place(_ index: Int) -> Int { (first + index) & (slots.count - 1) }

  /// Makes room for one more.
  ///
  /// - Throws: `ENOMEM`.
  mutating func reserve() throws(Errno) {
    guard count == slots.count else { return }
    let capacity = max(8, slots.count * 2)
    var larger = GrowableArray<UnixMessage?>()
    try larger.reserveCapacity(capacity)
    for index in 0..<count { try larger.append(slots[place(index)].take()) }
    while larger.count < capacity { try larger.append(nil) }
    slots = larger
    first = 0
  }

  /// Adds a message, for which there is room.
  mutating func append(_ message: consuming UnixMessage) {
    slots[place(count)] = consume message
    count += 1
  }

  /// Takes message number `index` out; nil when there is none. `put` or `removeFirst` follows.
  mutating func take(_ index: Int) -> UnixMessage? {
    guard index < count else { return nil }
    return slots[place(index)].take()
  }

  /// Puts a message back that `take` gave.
  mutating func put(_ message: consuming UnixMessage, at index: Int) { slots[place(index)] = consume message }

  /// Removes the first; what is returned is nil if it was taken out, or there was none.
  mutating func removeFirst() -> UnixMessage? {
    guard count > 0 else { return nil }
    let message = slots[place(0)].take()
    first = (first + 1) & (slots.count - 1)
    count -= 1
    return message
  }

  /// Drops all of them.
  mutating func removeAll() {
    while count > 0 { _ = removeFirst() }
  }

  /// Bytes of the first message; nil when there is none.
  mutating func firstByteCount() -> Int? {
    guard count > 0 else { return nil }
    // One that is taken out is being read.
    guard let message = slots[place(0)].take() else { return 0 }
    let byteCount = message.payload.count
    slots[place(0)] = consume message
    return byteCount
  }

  /// Calls `body` with each socket that is on its way in a message here.
  mutating func forEachSocket(_ body: (UnixSocket) -> Void) {
    for index in 0..<count {
      guard let message = slots[place(index)].take() else { continue }
      message.files.forEachSocket(body)
      slots[place(index)] = consume message
    }
  }
}
