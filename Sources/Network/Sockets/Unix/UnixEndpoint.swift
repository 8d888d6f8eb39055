import Foundations
import Machine
import Synchronization
import VFS
import Waiting

import enum LinuxABI.SocketType

/// One side of a local connection, or a socket that messages are sent to: what a `UnixSocket` has besides being a file.
///
/// It outlives its file while the other side, or a message on its way, refers to it.
final class UnixEndpoint: SpecialFile {
  /// What it is for, of a type that connects.
  enum Role: Sendable {
    /// Nothing yet, or no more.
    case idle
    /// To be connected to.
    case listening
    /// To talk to another.
    case connected
  }

  struct State: ~Copyable {
    var role = Role.idle
    /// What was received and not read.
    var queue = UnixQueue()
    /// Bytes of that, of a stream or of packets.
    var unreadCount = 0
    /// The other side; of datagrams where those go that have no address.
    var peer: UnixEndpoint?
    var name: UnixName?
    /// What the name stands for in the file system.
    var place: UnixPlace?
    /// Those that have connected and were not accepted.
    var embryos = GrowableArray<UnixEndpoint>()
    /// How many of them there may be before others wait.
    var backlog = 0
    var receivesNoMore = false
    var sendsNoMore = false
    var error: Errno?
    /// Its file is closed.
    var isDead = false
    /// Nobody has accepted it yet.
    var isEmbryo = false
    /// Who is on the other side, or who listens.
    var peerIdentity = SocketIdentity.nobody
  }

  /// Messages that a socket has waiting before others than its peer wait to send it more
  /// (`/proc/sys/net/unix/max_dgram_qlen`).
  static let datagramLimit = 10
  /// Woken when a socket of datagrams that was full is not any more: polled for by those that send to it.
  static let datagramRoom = WaitQueue()

  let type: SocketType
  /// Lock order: one that listens before its embryos. No other two are held at once, and nothing below it but the
  /// heap.
  let state = SpinLock(State())
  /// Woken for everything that poll tells.
  let changes = WaitQueue()
  /// Woken when there is room in the queue of messages or of embryos.
  let room = WaitQueue()
  /// Held by whoever takes messages out, while it copies them. Comes before `state`.
  let readLock = SleepLock()
  /// What its messages that are not read cost.
  private let cost = Atomic<Int>(0)
  /// What they may. SO_SNDBUF.
  let costLimit = Atomic<Int>(Int(SocketOptions.defaultBufferSize))
  /// SO_PASSCRED.
  let passesCredentials = Atomic<Bool>(false)

  // Guarded by the lock of `UnixNames`.
  var listedName: UnixName?
  var nextListed: UnixEndpoint?
  // Guarded by the lock of `UnixGraveyard`.
  var isBuried = false
  var nextBuried: UnixEndpoint?

  /// Creates one that is not connected.
  init(_ type: SocketType) { self.type = type }

  /// Whether it has to be connected before anything is sent.
  var isConnecting: Bool { type != .SOCK_DGRAM }

  // MARK: Cost

  /// What its messages on the way cost.
  var currentCost: Int { cost.load(ordering: .relaxed) }

  /// Whether poll says that there is room to send: a quarter is used at most, as on Linux.
  var hasRoomToSend: Bool { currentCost * 4 <= costLimit.load(ordering: .relaxed) }

  /// Pays for a message, when there is room for one.
  ///
  /// - Throws: `EPIPE` when nothing may be sent, the pending error, `EAGAIN`, `EINTR`.
  func pay(_ amount: Int, _ patience: SocketPatience) throws(Errno) {
    while true {
      let (error, isEnd) = state.withLock { ($0.error.take(), $0.sendsNoMore) }
      if let error { throw error }
      if isEnd { throw .EPIPE }
      if currentCost < costLimit.load(ordering: .relaxed) {
        cost.wrappingAdd(amount, ordering: .relaxed)
        return
      }
      try patience.wait(in: changes, for: [.output, .writeNormal, .error, .hangUp]) {
        currentCost < costLimit.load(ordering: .relaxed) || state.withLock { $0.sendsNoMore || $0.error != nil }
      }
    }
  }

  /// Gets back what a message did cost.
  func refund(_ amount: Int) {
    cost.wrappingSubtract(amount, ordering: .relaxed)
    changes.wakeAll([.output, .writeNormal, .writeBand])
  }

  // MARK: Looking

  /// The pending error, which is told once.
  func takeError() -> Errno? { state.withLock { $0.error.take() } }

  /// What it is ready for. The rules are those of Linux's `unix_poll` and `unix_dgram_poll`.
  func poll() -> PollEvents {
    var peer: UnixEndpoint?
    var events: PollEvents = state.withLock { state in
      var events: PollEvents = []
      if state.error != nil { events.insert(.error) }
      if state.receivesNoMore { events.formUnion([.input, .readNormal, .readHangUp]) }
      if state.receivesNoMore && state.sendsNoMore { events.insert(.hangUp) }
      if state.queue.count > 0 || !state.embryos.isEmpty { events.formUnion([.input, .readNormal]) }
      if isConnecting && state.role == .idle { events.insert(.hangUp) }
      if state.role != .listening && hasRoomToSend { events.formUnion([.output, .writeNormal, .writeBand]) }
      if type == .SOCK_DGRAM { peer = state.peer }
      return events
    }
    if let peer, peer !== self, peer.isFull(for: self) { events.subtract([.output, .writeNormal, .writeBand]) }
    return events
  }

  /// Whether `sender` has to wait until something is read here.
  func isFull(for sender: UnixEndpoint) -> Bool {
    state.withLock { !$0.isDead && $0.peer !== sender && $0.queue.count > Self.datagramLimit }
  }

  /// Bytes that can be read at once. FIONREAD.
  ///
  /// - Throws: `EINVAL` for one that listens.
  func readableCount() throws(Errno) -> Int {
    try state.withLock { state throws(Errno) in
      guard state.role != .listening else { throw .EINVAL }
      return isConnecting ? state.unreadCount : state.queue.firstByteCount() ?? 0
    }
  }

  /// Calls `body` with each socket that is in a message to this one, or to one that is to be accepted here.
  func forEachSocketWithin(_ body: (UnixSocket) -> Void) {
    state.withLock { state in
      state.queue.forEachSocket(body)
      for index in 0..<state.embryos.count {
        state.embryos[index].state.withLock { $0.queue.forEachSocket(body) }
      }
    }
  }

  // MARK: Ending

  /// Ends directions, for both sides.
  func shutDown(receiving: Bool, sending: Bool) {
    let peer: UnixEndpoint? = state.withLock { state in
      if receiving { state.receivesNoMore = true }
      if sending { state.sendsNoMore = true }
      return isConnecting ? state.peer : nil
    }
    peer?.state.withLock { state in
      if sending { state.receivesNoMore = true }
      if receiving { state.sendsNoMore = true }
    }
    wakeEverybody()
    peer?.wakeEverybody()
  }

  /// Wakes all who wait here for whatever.
  func wakeEverybody() {
    changes.wakeAll()
    room.wakeAll()
    if type == .SOCK_DGRAM { Self.datagramRoom.wakeAll() }
  }

  /// Ends it: its file is closed, or nobody will accept it any more.
  ///
  /// - Context: a thread without locks; may wait.
  func close() {
    var embryos = GrowableArray<UnixEndpoint>()
    var place: UnixPlace?
    var name: UnixName?
    var wasUnread = false
    let peer: UnixEndpoint? = state.withLock { state in
      guard !state.isDead else { return nil }
      wasUnread = state.queue.count > 0 || state.isEmbryo
      (state.isDead, state.receivesNoMore, state.sendsNoMore, state.role) = (true, true, true, .idle)
      swap(&embryos, &state.embryos)
      (place, name) = (state.place.take(), state.name)
      return state.peer.take()
    }
    place?.leave(self)
    if let name, !name.isPath { UnixNames.remove(self, name) }
    if let peer, isConnecting { peer.noteClosed(wasUnread: wasUnread) }
    while let embryo = embryos.popLast() { embryo.close() }
    wakeEverybody()
    UnixGraveyard.bury(self)
  }

  /// The other side is gone, and has not read everything if `wasUnread`.
  private func noteClosed(wasUnread: Bool) {
    state.withLock { state in
      (state.receivesNoMore, state.sendsNoMore) = (true, true)
      if wasUnread { state.error = .ECONNRESET }
    }
    wakeEverybody()
  }

  /// Drops all that was received and not read, here and by those that are to be accepted.
  ///
  /// - Context: a thread without locks; may wait.
  func dropMessages() {
    // Nobody may put a message back where there is no place any more.
    readLock.lock()
    var dropped = UnixQueue()
    state.withLock { state in
      swap(&dropped, &state.queue)
      state.unreadCount = 0
    }
    readLock.unlock()
    dropped.removeAll()
    var index = 0
    while let embryo = embryo(index) {
      embryo.dropMessages()
      index += 1
    }
    room.wakeAll()
  }

  private func embryo(_ index: Int) -> UnixEndpoint? {
    state.withLock { index < $0.embryos.count ? $0.embryos[index] : nil }
  }
}

/// What the name of a socket stands for in the file system, while the socket is open.
final class UnixPlace {
  private let path: Path
  private let mount: Mount

  /// Puts `endpoint` at `path`, which was just made.
  init(_ path: Path, _ endpoint: UnixEndpoint) {
    self.path = path
    mount = path.mount
    mount.beginUse()
    path.inode.attachment.withLock { $0 = endpoint }
  }

  deinit { mount.endUse() }

  /// Nobody connects to `endpoint` there any more; the name stays.
  func leave(_ endpoint: UnixEndpoint) {
    path.inode.attachment.withLock { if $0 === endpoint { $0 = nil } }
  }
}
