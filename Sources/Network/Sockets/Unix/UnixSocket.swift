import Foundations
import Machine
import Security
import Synchronization
import VFS
import Waiting

import enum LinuxABI.AddressFamily
import struct LinuxABI.MessageFlags
import struct LinuxABI.OpenFlags
import enum LinuxABI.ShutdownDirection
import enum LinuxABI.SocketType

/// A socket of AF_UNIX. unix(7).
final class UnixSocket: SocketFile {
  let endpoint: UnixEndpoint

  // Guarded by the lock of `SocketsUnderWay`.
  var underWayCount = 0
  var nextUnderWay: UnixSocket?
  var previousUnderWay: UnixSocket?
  /// Its number in the list of whoever looks for lost sockets, while one does.
  var candidate: Int?

  /// Opens `endpoint`.
  ///
  /// - Throws: as `SocketFile.init`.
  init(_ place: (request: OpenRequest, inode: Inode), _ endpoint: UnixEndpoint) throws(Errno) {
    self.endpoint = endpoint
    // Linux tells the protocol that socket(2) was called with, which is 0 in practice.
    try super.init(place.request, place.inode, .AF_UNIX, endpoint.type, protocolNumber: 0)
  }

  deinit { endpoint.close() }

  override func flush() throws(Errno) {
    // With its last descriptor it may have become one that nobody can reach.
    if SocketsUnderWay.contains(self) { SocketsUnderWay.collect() }
  }

  // MARK: Connections

  override func bind(_ address: SocketAddress, by caller: SocketCaller) throws(Errno) {
    let permissions = inode.attributes.withLock { $0.permissions } & 0o777
    try endpoint.bind(address, permissions: permissions, by: caller)
  }

  override func listen(_ backlog: Int, by caller: SocketCaller) throws(Errno) {
    try endpoint.listen(backlog, by: caller)
  }

  override func accept(_ flags: OpenFlags, by caller: SocketCaller) throws(Errno) -> SocketFile {
    guard endpoint.isConnecting else { throw .EOPNOTSUPP }
    // Made first, so that no connection is lost for want of memory.
    let place = try Sockets.makeInode(caller.actor.credentials, flags)
    try ObjectMemory.check()
    let socket = try UnixSocket(place, try endpoint.accept(receivePatience()))
    if options.passesCredentials { socket.setPassesCredentials() }
    return socket
  }

  override func connect(to address: SocketAddress, by caller: SocketCaller) throws(Errno) {
    guard address.count >= 2 else { throw .EINVAL }
    if endpoint.isConnecting {
      try endpoint.connect(to: address, sendPatience(), by: caller)
    } else {
      try endpoint.connectDatagrams(to: address, by: caller)
    }
  }

  override func shutDown(_ direction: ShutdownDirection) throws(Errno) {
    endpoint.shutDown(receiving: direction != .SHUT_WR, sending: direction != .SHUT_RD)
  }

  override func address() throws(Errno) -> SocketAddress { endpoint.address }

  override func peerAddress() throws(Errno) -> SocketAddress { try endpoint.peerAddress() }

  // MARK: Messages

  override func send(
    _ buffer: inout IOBuffer, _ message: inout SocketMessage, by caller: SocketCaller?
  ) throws(Errno) -> Int {
    if message.flags.contains(.MSG_OOB) { throw .EOPNOTSUPP }
    if SocketsUnderWay.isCrowded { SocketsUnderWay.collect() }
    let user = (caller?.actor.credentials ?? credentials).users.real
    let files = try FilesUnderWay.begin(&message.files, user, limit: caller?.fileLimit)
    let name = endpoint.state.withLock { $0.name }
    let companions = UnixEndpoint.Companions(files, stated: message.identity, caller, name)
    let patience = sendPatience(message.flags)
    do throws(Errno) {
      guard type == .SOCK_STREAM else {
        return try endpoint.sendPacket(&buffer, to: message.address, companions, patience)
      }
      let count = try endpoint.sendStream(&buffer, to: message.address, companions, patience)
      if buffer.remaining > 0 { noteLackOfRoom() }
      return count
    } catch {
      if error == .EAGAIN { noteLackOfRoom() }
      throw error
    }
  }

  override func receive(_ buffer: inout IOBuffer, _ message: inout SocketMessage) throws(Errno) -> Int {
    if message.flags.contains(.MSG_OOB) { throw .EOPNOTSUPP }
    let patience = receivePatience(message.flags)
    if type == .SOCK_STREAM {
      return try endpoint.receiveStream(&buffer, &message, lowWater: Int(options.lowWater), patience)
    }
    return try endpoint.receivePacket(&buffer, &message, patience)
  }

  // MARK: What options tell

  override var isListening: Bool { endpoint.state.withLock { $0.role == .listening } }

  override func takeError() -> Errno? { endpoint.takeError() }

  override var peerIdentity: SocketIdentity { endpoint.state.withLock { $0.peerIdentity } }

  override func optionsChanged(_ options: SocketOptions) {
    endpoint.passesCredentials.store(options.passesCredentials, ordering: .relaxed)
    endpoint.costLimit.store(Int(options.sendBufferSize), ordering: .relaxed)
    endpoint.changes.wakeAll([.output, .writeNormal, .writeBand])
  }

  // MARK: As a file

  override func poll() -> PollEvents { endpoint.poll() }

  override func forEachWaitQueue(_ body: (borrowing WaitQueue) -> Void) {
    body(endpoint.changes)
    if type == .SOCK_DGRAM { body(UnixEndpoint.datagramRoom) }
  }

  // Without a look at the other side, as `poll` takes: the last reference to it might be dropped.
  override func readinessAfterChange() -> PollEvents {
    endpoint.state.withLock { state in
      guard state.receivesNoMore else { return [] }
      return state.sendsNoMore ? .hangUp : .input
    }
  }

  /// Room here: that in the other side's queue is not looked at, for the same reason.
  override var hasRoom: Bool { endpoint.hasRoomToSend }

  override func control(_ request: UInt32, _ argument: UInt64) throws(Errno) -> Int {
    let count: Int
    // FIONREAD and TIOCOUTQ of asm-generic/ioctls.h.
    switch request {
    case 0x541b: count = try endpoint.readableCount()
    case 0x5411: count = endpoint.currentCost
    default: throw .ENOTTY
    }
    try UserPointer<Int32>(argument).store(Int32(clamping: count))
    return 0
  }
}

/// AF_UNIX.
final class UnixFamily: SocketFamily {
  init() { super.init(.AF_UNIX) }

  override func makeSocket(
    _ type: SocketType, protocolNumber: Int32, _ flags: OpenFlags, by caller: SocketCaller
  ) throws(Errno) -> SocketFile {
    let type = try Self.check(type, protocolNumber)
    return try Self.make(type, flags, by: caller)
  }

  override func makePair(
    _ type: SocketType, protocolNumber: Int32, _ flags: OpenFlags, by caller: SocketCaller
  ) throws(Errno) -> (SocketFile, SocketFile) {
    let type = try Self.check(type, protocolNumber)
    let (one, other) = (try Self.make(type, flags, by: caller), try Self.make(type, flags, by: caller))
    one.endpoint.connect(toNew: other.endpoint, caller.effectiveIdentity)
    return (one, other)
  }

  private static func make(
    _ type: SocketType, _ flags: OpenFlags, by caller: SocketCaller
  ) throws(Errno) -> UnixSocket {
    let place = try Sockets.makeInode(caller.actor.credentials, flags)
    try ObjectMemory.check()
    return try UnixSocket(place, UnixEndpoint(type))
  }

  private static func check(_ type: SocketType, _ protocolNumber: Int32) throws(Errno) -> SocketType {
    guard protocolNumber == 0 || protocolNumber == 1 else { throw .EPROTONOSUPPORT }
    switch type {
    case .SOCK_STREAM, .SOCK_DGRAM, .SOCK_SEQPACKET: return type
    // BSD's, for what are datagrams here.
    case .SOCK_RAW: return .SOCK_DGRAM
    default: throw .ESOCKTNOSUPPORT
    }
  }
}
