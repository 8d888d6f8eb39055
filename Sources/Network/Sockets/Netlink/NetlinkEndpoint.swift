import Foundations
import LinuxABI
import Machine
import Security
import Synchronization
import VFS
import Waiting

/// What a netlink socket has besides being a file: others find it in the `NetlinkTable` while its file is open.
final class NetlinkEndpoint {
  struct State: ~Copyable {
    /// The groups that it listens to, as the bits of an address.
    var groups: UInt32 = 0
    /// Where what it sends goes when it does not say.
    var peer = NetlinkAddress(port: 0, groups: 0)
    /// Only its peer may send to it.
    var isConnected = false
    var queue = NetlinkQueue()
    /// Something was lost since it was last read empty, and more is lost until then: so the program learns of it, and
    /// does not take what follows for what came next.
    var isCongested = false
    var error: Errno?
    var filter: PacketFilter?
    var isFilterLocked = false
    var isDead = false
  }

  /// Tells it from all others, and in which order they were made.
  let serial: UInt64
  /// Nothing is taken with it held but the heap.
  let state = SpinLock(State())
  /// Woken for everything that poll tells.
  let changes = WaitQueue()
  /// Woken when there is room in the queue.
  let room = WaitQueue()
  /// What its messages may cost. SO_RCVBUF.
  let costLimit = Atomic<Int>(Int(SocketOptions.defaultBufferSize))
  /// What may be sent at once. SO_SNDBUF.
  let sendLimit = Atomic<Int>(Int(SocketOptions.defaultBufferSize))
  /// SO_PASSCRED.
  let passesCredentials = Atomic<Bool>(false)
  /// The switches of SOL_NETLINK that are on.
  let switches = Atomic<UInt32>(0)

  init(serial: UInt64) { self.serial = serial }

  /// Whether a switch of SOL_NETLINK is on.
  func isOn(_ option: NetlinkOption) -> Bool { switches.load(ordering: .relaxed) & 1 << option.rawValue != 0 }

  func turn(_ option: NetlinkOption, _ isOn: Bool) {
    let bit: UInt32 = 1 << option.rawValue
    if isOn {
      switches.bitwiseOr(bit, ordering: .relaxed)
    } else {
      switches.bitwiseAnd(~bit, ordering: .relaxed)
    }
  }

  // MARK: Receiving

  enum Delivery { case sent, full, filtered, gone }

  /// Puts `message` into its queue, if there is room.
  ///
  /// - Throws: `ENOMEM`.
  func deliver(_ message: NetlinkMessage) throws(Errno) -> Delivery {
    // A filter may take its time, and is run without a lock.
    let filter = state.withLock { $0.filter }
    let keptCount = message.keptCount(by: filter)
    guard keptCount > 0 else { return .filtered }
    let limit = costLimit.load(ordering: .relaxed)
    let delivery: Delivery = try state.withLock { state throws(Errno) in
      if state.isDead { return .gone }
      if state.isCongested || state.queue.cost > limit { return .full }
      try state.queue.append(NetlinkQueue.Entry(message: message, keptCount: keptCount))
      return .sent
    }
    if delivery == .sent { changes.wakeAll([.input, .readNormal]) }
    return delivery
  }

  /// Puts a message of a group into its queue; if there is no room, it is told so.
  func receiveBroadcast(_ message: NetlinkMessage) {
    do throws(Errno) {
      guard try deliver(message) == .full else { return }
    } catch {}
    noteLoss()
  }

  /// Something was not delivered: unless it does not want to know, it is told by ENOBUFS.
  func noteLoss() {
    if isOn(.NETLINK_NO_ENOBUFS) { return }
    let isNew = state.withLock { state in
      guard !state.isCongested, !state.isDead else { return false }
      (state.isCongested, state.error) = (true, .ENOBUFS)
      return true
    }
    if isNew { changes.wakeAll([.error, .input, .readNormal]) }
  }

  /// The pending error, which is told once.
  func takeError() -> Errno? {
    state.withLock { state in
      let error = state.error.take()
      if error != nil { Self.endCongestion(&state) }
      return error
    }
  }

  private static func endCongestion(_ state: inout State) {
    if state.queue.count == 0 { state.isCongested = false }
  }

  /// Receives one message; waits for it.
  ///
  /// - Returns: how many bytes; with MSG_TRUNC how long it was.
  /// - Throws: `ENOBUFS` when something was lost, `EAGAIN`, `EINTR`, `EFAULT`.
  func receive(
    _ buffer: inout IOBuffer, _ message: inout SocketMessage, _ patience: SocketPatience
  ) throws(Errno) -> Int {
    while true {
      if let error = takeError() { throw error }
      if let entry = take(isPeek: message.flags.contains(.MSG_PEEK)) { return try copy(entry, &buffer, &message) }
      try patience.wait(in: changes, for: [.input, .readNormal, .error]) {
        state.withLock { $0.queue.count > 0 || $0.error != nil }
      }
    }
  }

  private func take(isPeek: Bool) -> NetlinkQueue.Entry? {
    if isPeek { return state.withLock { $0.queue.firstEntry } }
    let entry: NetlinkQueue.Entry? = state.withLock { state in
      let entry = state.queue.removeFirst()
      Self.endCongestion(&state)
      return entry
    }
    if entry != nil { room.wakeAll() }
    return entry
  }

  private func copy(
    _ entry: NetlinkQueue.Entry, _ buffer: inout IOBuffer, _ message: inout SocketMessage
  ) throws(Errno) -> Int {
    let count = entry.keptCount
    let wanted = min(count, buffer.remaining)
    // Lost if it cannot be stored, as on Linux.
    let moved = try entry.message.payload.copy(to: &buffer, from: 0, limit: count)
    guard moved == wanted else { throw .EFAULT }
    message.address = entry.message.sender.socketAddress
    message.identity = passesCredentials.load(ordering: .relaxed) ? entry.message.identity : nil
    if isOn(.NETLINK_PKTINFO) {
      message.information = SocketInformation(
        level: NetlinkOption.level, type: Int32(NetlinkOption.NETLINK_PKTINFO.rawValue),
        SocketOptionValue(Int32(bitPattern: entry.message.group)))
    }
    let wantsLength = message.flags.contains(.MSG_TRUNC)
    message.flags = message.flags.intersection(.MSG_CMSG_CLOEXEC)
    if wanted < count { message.flags.insert(.MSG_TRUNC) }
    return wantsLength ? count : moved
  }

  // MARK: Looking

  /// What it is ready for: always to send, as on Linux.
  func poll() -> Waiting.PollEvents {
    state.withLock { state in
      var events: Waiting.PollEvents = [.output, .writeNormal, .writeBand]
      if state.error != nil { events.insert(.error) }
      if state.queue.count > 0 { events.formUnion([.input, .readNormal]) }
      return events
    }
  }

  // MARK: Filters

  /// Lets `filter` decide what is received; nil for everything.
  ///
  /// - Throws: `EPERM` when that was locked; `ENOENT` when there is none to take away.
  func setFilter(_ filter: PacketFilter?) throws(Errno) {
    var old = filter
    try state.withLock { state throws(Errno) in
      guard !state.isFilterLocked else { throw .EPERM }
      if filter == nil, state.filter == nil { throw .ENOENT }
      // What was there goes when the lock is not held any more.
      swap(&old, &state.filter)
    }
  }

  // MARK: Ending

  /// Ends it: its file is closed.
  func close() {
    NetlinkTable.remove(self)
    var dropped = NetlinkQueue()
    var filter: PacketFilter?
    state.withLock { state in
      state.isDead = true
      swap(&dropped, &state.queue)
      swap(&filter, &state.filter)
    }
    room.wakeAll()
  }
}
