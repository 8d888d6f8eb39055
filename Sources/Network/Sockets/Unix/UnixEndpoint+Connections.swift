import Foundations
import Machine
import VFS
import Waiting

import enum LinuxABI.SocketType

/// Connecting, listening and accepting. connect(2), listen(2), accept(2), socketpair(2).
extension UnixEndpoint {
  /// Connects two that nobody else knows yet.
  func connect(toNew other: UnixEndpoint, _ identity: SocketIdentity) {
    noteConnected(to: other, identity)
    other.noteConnected(to: self, identity)
  }

  private func noteConnected(to other: UnixEndpoint, _ identity: SocketIdentity) {
    state.withLock { state in
      (state.peer, state.peerIdentity) = (other, identity)
      if isConnecting { state.role = .connected }
    }
  }

  /// Lets others connect.
  ///
  /// - Throws: `EINVAL` without a name or when it is connected, `EOPNOTSUPP` for datagrams.
  func listen(_ backlog: Int, by caller: SocketCaller) throws(Errno) {
    guard isConnecting else { throw .EOPNOTSUPP }
    let identity = caller.effectiveIdentity
    try state.withLock { state throws(Errno) in
      guard state.name != nil, state.role != .connected else { throw .EINVAL }
      (state.role, state.backlog, state.peerIdentity) = (.listening, backlog, identity)
    }
    wakeEverybody()
  }

  // MARK: Connecting

  /// Connects to one that listens, waiting for room among those that it has to accept.
  ///
  /// - Throws: as `find`; `ECONNREFUSED` when it does not listen, `EISCONN`, `EINVAL` for one that listens itself,
  ///   `EAGAIN`, `EINTR`.
  func connect(to address: SocketAddress, _ patience: SocketPatience, by caller: SocketCaller) throws(Errno) {
    _ = try UnixTarget(address)
    guard address.count > 2 else { throw .EINVAL }
    try bindIfNeeded()
    try ObjectMemory.check()
    let embryo = UnixEndpoint(type)
    while true {
      let listener = try find(address, by: caller)
      switch try listener.look() {
      case .full:
        try patience.wait(in: listener.room, for: .all) { listener.state.withLock { !Self.isFull($0) } }
        continue
      case .ready: break
      }
      switch state.withLock({ $0.role }) {
      case .idle: break
      case .connected: throw .EISCONN
      case .listening: throw .EINVAL
      }
      if try join(listener, embryo, caller.effectiveIdentity) { return }
    }
  }

  private enum Backlog { case full, ready }

  private static func isFull(_ state: borrowing State) -> Bool {
    state.role == .listening && !state.receivesNoMore && state.embryos.count > state.backlog
  }

  private func look() throws(Errno) -> Backlog {
    try state.withLock { state throws(Errno) in
      guard state.role == .listening, !state.receivesNoMore else { throw .ECONNREFUSED }
      return Self.isFull(state) ? .full : .ready
    }
  }

  /// Connects this one and `embryo`, and has `listener` accept that.
  ///
  /// - Returns: whether there was room still.
  private func join(
    _ listener: UnixEndpoint, _ embryo: UnixEndpoint, _ identity: SocketIdentity
  ) throws(Errno) -> Bool {
    // Nobody sees the embryo until it is listed.
    var listenerIdentity = SocketIdentity.nobody
    var listenerName: UnixName?
    listener.state.withLock { (listenerIdentity, listenerName) = ($0.peerIdentity, $0.name) }
    let (kept, keptName) = (listenerIdentity, listenerName)
    embryo.state.withLock { state in
      (state.role, state.isEmbryo, state.peer) = (.connected, true, self)
      (state.peerIdentity, state.name) = (identity, keptName)
    }
    // Claimed first, so that two threads do not both connect it.
    try state.withLock { state throws(Errno) in
      guard state.role == .idle else { throw state.role == .connected ? .EISCONN : .EINVAL }
      (state.role, state.peer, state.peerIdentity) = (.connected, embryo, kept)
    }
    var failure: Errno?
    let isListed = listener.state.withLock { state in
      guard state.role == .listening, !state.receivesNoMore, !Self.isFull(state) else { return false }
      do throws(Errno) {
        try state.embryos.append(embryo)
        return true
      } catch {
        failure = error
        return false
      }
    }
    if isListed {
      listener.changes.wakeAll([.input, .readNormal])
      changes.wakeAll([.output, .writeNormal, .writeBand])
      return true
    }
    state.withLock { ($0.role, $0.peer, $0.peerIdentity) = (.idle, nil, .nobody) }
    embryo.state.withLock { $0.peer = nil }
    // Another thread may have sent something meanwhile.
    embryo.dropMessages()
    if let failure { throw failure }
    return false
  }

  // MARK: Accepting

  /// Takes the one that has waited longest; waits for it.
  ///
  /// - Throws: `EOPNOTSUPP` for datagrams, `EINVAL` when it does not listen, `EAGAIN`, `EINTR`.
  func accept(_ patience: SocketPatience) throws(Errno) -> UnixEndpoint {
    guard isConnecting else { throw .EOPNOTSUPP }
    while true {
      let embryo: UnixEndpoint? = try state.withLock { state throws(Errno) in
        guard state.role == .listening else { throw .EINVAL }
        if !state.embryos.isEmpty { return state.embryos.remove(at: 0) }
        if state.receivesNoMore { throw .EINVAL }
        return nil
      }
      if let embryo {
        room.wakeAll()
        embryo.state.withLock { $0.isEmbryo = false }
        return embryo
      }
      try patience.wait(in: changes, for: [.input, .readNormal, .hangUp]) {
        state.withLock { !$0.embryos.isEmpty || $0.receivesNoMore || $0.role != .listening }
      }
    }
  }

  // MARK: Datagrams

  /// Makes `address` where datagrams go that have no address of their own; AF_UNSPEC makes it nowhere.
  ///
  /// - Throws: as `find`; `EPERM` when that one is connected to another.
  func connectDatagrams(to address: SocketAddress, by caller: SocketCaller) throws(Errno) {
    guard address.family != 0 else { return leavePeer(for: nil) }
    guard address.count > 2 else { throw .EINVAL }
    try bindIfNeeded()
    let other = try find(address, by: caller)
    guard other.accepts(self) else { throw .EPERM }
    leavePeer(for: other)
  }

  /// Whether it takes datagrams of `sender`: if it is connected to nobody else.
  func accepts(_ sender: UnixEndpoint) -> Bool { state.withLock { $0.peer == nil || $0.peer === sender } }

  private func leavePeer(for other: UnixEndpoint?) {
    let old: UnixEndpoint? = state.withLock { state in
      let old = state.peer
      state.peer = nil
      return old
    }
    if let old, old !== other {
      // What it had sent is not for those that come now; and it is told.
      dropMessages()
      let isTold = old.state.withLock { state in
        guard !state.isDead, state.peer === self else { return false }
        state.error = .ECONNRESET
        return true
      }
      if isTold { old.wakeEverybody() }
    }
    state.withLock { $0.peer = $0.isDead ? nil : other }
    changes.wakeAll()
  }

  /// Forgets a peer whose file is closed.
  func forget(_ peer: UnixEndpoint) {
    let isForgotten = state.withLock { state in
      guard state.peer === peer else { return false }
      state.peer = nil
      return true
    }
    if isForgotten {
      dropMessages()
      changes.wakeAll()
    }
  }
}
