import Foundations
import Machine
import Security
import Synchronization
import VFS
import Waiting

import enum LinuxABI.SocketType

/// Sending. The rules are those of Linux's `unix_stream_sendmsg` and `unix_dgram_sendmsg`.
extension UnixEndpoint {
  /// What goes with all parts of one call's message.
  struct Companions: ~Copyable {
    var files: FilesUnderWay
    /// Who the program says that it is; nil if it does not.
    let stated: SocketIdentity?
    /// Who calls; nil for write(2).
    let caller: SocketCaller?
    let name: UnixName?

    init(_ files: consuming FilesUnderWay, stated: SocketIdentity?, _ caller: SocketCaller?, _ name: UnixName?) {
      self.files = files
      (self.stated, self.caller, self.name) = (stated, caller, name)
    }

    /// Who sends, if anybody asks.
    borrowing func identity(isAsked: Bool) -> SocketIdentity? {
      if let stated { return stated }
      guard isAsked else { return nil }
      return caller?.identity ?? Sockets.currentIdentity
    }
  }

  /// More bytes than one message of a stream has.
  private static let partLimit = 32_768

  // MARK: Streams

  /// Sends all of `buffer`, in parts; waits for room.
  ///
  /// - Throws: `ENOTCONN`, `EISCONN`, `EOPNOTSUPP`, `EPIPE`, `ECONNRESET`, `EAGAIN`, `EINTR`, `ENOMEM`, `EFAULT`: when
  ///   nothing was sent.
  func sendStream(
    _ buffer: inout IOBuffer, to address: borrowing SocketAddress, _ companions: consuming Companions,
    _ patience: SocketPatience
  ) throws(Errno) -> Int {
    var (isConnected, isEnd): (Bool, Bool) = (false, false)
    let peer: UnixEndpoint? = state.withLock { state in
      (isConnected, isEnd) = (state.role == .connected, state.sendsNoMore)
      return state.peer
    }
    if !address.isEmpty { throw isConnected ? .EISCONN : .EOPNOTSUPP }
    guard isConnected, let peer else { throw .ENOTCONN }
    if isEnd { throw .EPIPE }
    var sent = 0
    while buffer.remaining > 0 {
      do throws(Errno) {
        let half = costLimit.load(ordering: .relaxed) / 2 - 64
        let part = min(buffer.remaining, max(half, 1), Self.partLimit)
        try sendPart(part, of: &buffer, to: peer, &companions, patience)
        sent += part
      } catch {
        if sent > 0 { return sent }
        throw error
      }
    }
    return sent
  }

  private func sendPart(
    _ count: Int, of buffer: inout IOBuffer, to peer: UnixEndpoint, _ companions: inout Companions,
    _ patience: SocketPatience
  ) throws(Errno) {
    var message: UnixMessage? = try makeMessage(count, of: &buffer, to: peer, &companions, patience)
    let isSent = try peer.state.withLock { state throws(Errno) in
      guard !state.isDead, !state.receivesNoMore else { return false }
      try state.queue.reserve()
      if let message = message.take() {
        state.unreadCount += count
        state.queue.append(message)
      }
      return true
    }
    guard isSent else { throw .EPIPE }
    peer.changes.wakeAll([.input, .readNormal])
  }

  /// Pays for a message and takes its bytes out of `buffer`, and its files with the first.
  private func makeMessage(
    _ count: Int, of buffer: inout IOBuffer, to peer: UnixEndpoint, _ companions: inout Companions,
    _ patience: SocketPatience
  ) throws(Errno) -> UnixMessage {
    let cost = count + UnixMessage.overhead
    try pay(cost, patience)
    let isAsked =
      passesCredentials.load(ordering: .relaxed) || peer.passesCredentials.load(ordering: .relaxed)
      || peer.state.withLock { $0.isEmbryo }
    var payload = MessagePayload()
    do throws(Errno) {
      try payload.fill(count, from: &buffer)
    } catch {
      refund(cost)
      throw error
    }
    let identity = companions.identity(isAsked: isAsked)
    return UnixMessage(payload, companions.files.take(), identity, companions.name, from: self, cost: cost)
  }

  // MARK: Packets

  /// Sends all of `buffer` as one message, to `address` or to the peer; waits for room.
  ///
  /// - Throws: `ENOTCONN`, `EMSGSIZE`, `EPIPE`, `ECONNREFUSED`, `ECONNRESET`, `EPERM`, `EAGAIN`, `EINTR`, `ENOMEM`,
  ///   `EFAULT`, and as `find`.
  func sendPacket(
    _ buffer: inout IOBuffer, to address: SocketAddress, _ companions: consuming Companions,
    _ patience: SocketPatience
  ) throws(Errno) -> Int {
    let (count, caller) = (buffer.remaining, companions.caller)
    var (role, error): (Role, Errno?) = (.idle, nil)
    var other: UnixEndpoint? = state.withLock { state in
      role = state.role
      if type == .SOCK_SEQPACKET { error = state.error.take() }
      return state.peer
    }
    if let error { throw error }
    if type == .SOCK_SEQPACKET && role != .connected { throw .ENOTCONN }
    // A connected socket of packets does not look at the address.
    let isAddressed = type == .SOCK_DGRAM && !address.isEmpty
    if isAddressed {
      _ = try UnixTarget(address)
      guard address.count > 2 else { throw .EINVAL }
      other = nil
    } else if other == nil {
      throw .ENOTCONN
    }
    try bindIfNeeded()
    guard count <= costLimit.load(ordering: .relaxed) - 32 else { throw .EMSGSIZE }
    var found = other
    if isAddressed, let caller { found = try find(address, by: caller) }
    guard let first = found else { throw .ECONNREFUSED }
    var message: UnixMessage? = try makeMessage(count, of: &buffer, to: first, &companions, patience)
    var target = first
    while true {
      switch try deliver(&message, count, to: target) {
      case .sent: return count
      case .full:
        try patience.wait(in: target.room, for: .all) {
          target.state.withLock { $0.isDead || $0.receivesNoMore || $0.queue.count <= Self.datagramLimit }
        }
      case .gone:
        if type == .SOCK_SEQPACKET { throw .EPIPE }
        if !isAddressed {
          forget(target)
          throw .ECONNREFUSED
        }
        guard let caller else { throw .ECONNREFUSED }
        // Somebody else may have its name now.
        target = try find(address, by: caller)
      }
    }
  }

  private enum Delivery { case sent, full, gone }

  private func deliver(
    _ message: inout UnixMessage?, _ count: Int, to other: UnixEndpoint
  ) throws(Errno) -> Delivery {
    let isOwn = other === self
    let delivery: Delivery = try other.state.withLock { state throws(Errno) in
      if state.isDead { return .gone }
      guard state.receivesNoMore == false else { throw .EPIPE }
      guard state.peer == nil || state.peer === self else { throw .EPERM }
      if !isOwn && state.peer !== self && state.queue.count > Self.datagramLimit { return .full }
      try state.queue.reserve()
      if let message = message.take() {
        state.unreadCount += count
        state.queue.append(message)
      }
      return .sent
    }
    if delivery == .sent { other.changes.wakeAll([.input, .readNormal]) }
    return delivery
  }
}
