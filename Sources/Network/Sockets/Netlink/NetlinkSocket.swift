import Foundations
import Machine
import Security
import Synchronization
import VFS
import Waiting

import enum LinuxABI.Capability
import struct LinuxABI.OpenFlags
import enum LinuxABI.SocketType

/// The options of SOL_NETLINK. Source: linux/netlink.h; netlink(7).
enum NetlinkOption: UInt32 {
  case NETLINK_ADD_MEMBERSHIP = 1
  case NETLINK_DROP_MEMBERSHIP = 2
  /// Whether a message says which group it was sent to.
  case NETLINK_PKTINFO = 3
  /// Whether who sends to a group is told that somebody did not get it. Nothing but kept, as sending does not wait for it.
  case NETLINK_BROADCAST_ERROR = 4
  /// Whether nothing is told of what was lost.
  case NETLINK_NO_ENOBUFS = 5
  case NETLINK_LIST_MEMBERSHIPS = 9
  case NETLINK_CAP_ACK = 10
  case NETLINK_EXT_ACK = 11
  case NETLINK_GET_STRICT_CHK = 12

  /// SOL_NETLINK.
  static let level: Int32 = 270
}

/// A socket of AF_NETLINK. netlink(7).
final class NetlinkSocket: SocketFile {
  /// NETLINK_KOBJECT_UEVENT.
  static let eventProtocol: Int32 = 15
  /// Groups that there are.
  private static let groupCount: UInt32 = 32

  private let endpoint: NetlinkEndpoint

  /// Opens `endpoint`.
  ///
  /// - Throws: as `SocketFile.init`.
  init(
    _ place: (request: OpenRequest, inode: Inode), _ type: SocketType, _ endpoint: NetlinkEndpoint
  ) throws(Errno) {
    self.endpoint = endpoint
    try super.init(place.request, place.inode, .AF_NETLINK, type, protocolNumber: Self.eventProtocol)
  }

  deinit { endpoint.close() }

  // MARK: Connections

  override func bind(_ address: SocketAddress, by caller: SocketCaller) throws(Errno) {
    let wanted = try NetlinkAddress(address)
    let port: UInt32
    let old = NetlinkTable.port(of: endpoint)
    if old != 0 {
      port = old
      // Bound once more to change the groups only.
      guard wanted.port == port else { throw .EINVAL }
    } else if wanted.port == 0 {
      port = try NetlinkTable.choosePort(of: endpoint, process: caller.process)
    } else {
      guard let given = NetlinkTable.setPort(of: endpoint, to: wanted.port) else { throw .EADDRINUSE }
      port = given
      guard port == wanted.port else { throw .EINVAL }
    }
    endpoint.state.withLock { $0.groups = wanted.groups }
  }

  override func connect(to address: SocketAddress, by caller: SocketCaller) throws(Errno) {
    guard address.count >= 2 else { throw .EINVAL }
    // AF_UNSPEC.
    if address.family == 0 {
      endpoint.state.withLock { ($0.isConnected, $0.peer) = (false, NetlinkAddress(port: 0, groups: 0)) }
      return
    }
    let peer = try NetlinkAddress(address)
    try Self.checkMaySend(to: peer, caller.actor.credentials)
    _ = try NetlinkTable.choosePort(of: endpoint, process: caller.process)
    endpoint.state.withLock { ($0.isConnected, $0.peer) = (true, NetlinkAddress(port: peer.port, group: peer.group)) }
  }

  /// Programs without privileges listen only: what they sent could be taken for the kernel's.
  private static func checkMaySend(to target: NetlinkAddress, _ credentials: borrowing Credentials) throws(Errno) {
    if target.port != 0 || target.groups != 0 { try credentials.require(.CAP_NET_ADMIN) }
  }

  override func address() throws(Errno) -> SocketAddress {
    let groups = endpoint.state.withLock { $0.groups }
    return NetlinkAddress(port: NetlinkTable.port(of: endpoint), groups: groups).socketAddress
  }

  override func peerAddress() throws(Errno) -> SocketAddress { endpoint.state.withLock { $0.peer }.socketAddress }

  // MARK: Messages

  override func send(
    _ buffer: inout IOBuffer, _ message: inout SocketMessage, by caller: SocketCaller?
  ) throws(Errno) -> Int {
    if message.flags.contains(.MSG_OOB) { throw .EOPNOTSUPP }
    var target = endpoint.state.withLock { $0.peer }
    if !message.address.isEmpty {
      target = try NetlinkAddress(message.address)
      try Self.checkMaySend(to: target, caller?.actor.credentials ?? credentials)
    }
    let current = caller?.identity ?? Sockets.currentIdentity ?? .unknown
    _ = try NetlinkTable.choosePort(of: endpoint, process: current.process)
    return try endpoint.send(&buffer, to: target, message.identity ?? current, sendPatience(message.flags))
  }

  override func receive(_ buffer: inout IOBuffer, _ message: inout SocketMessage) throws(Errno) -> Int {
    if message.flags.contains(.MSG_OOB) { throw .EOPNOTSUPP }
    return try endpoint.receive(&buffer, &message, receivePatience(message.flags))
  }

  // MARK: Options

  override func takeError() -> Errno? { endpoint.takeError() }

  override func optionsChanged(_ options: SocketOptions) {
    endpoint.passesCredentials.store(options.passesCredentials, ordering: .relaxed)
    endpoint.costLimit.store(Int(options.receiveBufferSize), ordering: .relaxed)
    endpoint.sendLimit.store(Int(options.sendBufferSize), ordering: .relaxed)
    endpoint.room.wakeAll()
  }

  override func setFilter(_ filter: PacketFilter?) throws(Errno) { try endpoint.setFilter(filter) }

  override var isFilterLocked: Bool { endpoint.state.withLock { $0.isFilterLocked } }

  override func lockFilter() throws(Errno) { endpoint.state.withLock { $0.isFilterLocked = true } }

  override func setOption(
    level: Int64, _ number: Int32, _ value: Span<UInt8>, by caller: SocketCaller
  ) throws(Errno) {
    guard level == NetlinkOption.level, let option = NetlinkOption(rawValue: UInt32(bitPattern: number)) else {
      throw .ENOPROTOOPT
    }
    let number: UInt32 = value.count >= 4 ? value.load(UInt32.self, at: 0) : 0
    switch option {
    case .NETLINK_ADD_MEMBERSHIP, .NETLINK_DROP_MEMBERSHIP:
      guard (1...Self.groupCount).contains(number) else { throw .EINVAL }
      let bit: UInt32 = 1 << (number - 1)
      endpoint.state.withLock { state in
        state.groups = option == .NETLINK_ADD_MEMBERSHIP ? state.groups | bit : state.groups & ~bit
      }
    case .NETLINK_NO_ENOBUFS:
      endpoint.turn(option, number != 0)
      if number != 0 { endpoint.state.withLock { $0.isCongested = false } }
    case .NETLINK_PKTINFO, .NETLINK_BROADCAST_ERROR, .NETLINK_CAP_ACK, .NETLINK_EXT_ACK, .NETLINK_GET_STRICT_CHK:
      endpoint.turn(option, number != 0)
    case .NETLINK_LIST_MEMBERSHIPS: throw .ENOPROTOOPT
    }
  }

  override func option(level: Int64, _ number: Int32) throws(Errno) -> SocketOptionValue {
    guard level == NetlinkOption.level, let option = NetlinkOption(rawValue: UInt32(bitPattern: number)) else {
      throw .ENOPROTOOPT
    }
    switch option {
    case .NETLINK_LIST_MEMBERSHIPS:
      return SocketOptionValue(list: endpoint.state.withLock { $0.groups })
    case .NETLINK_PKTINFO, .NETLINK_BROADCAST_ERROR, .NETLINK_NO_ENOBUFS, .NETLINK_CAP_ACK, .NETLINK_EXT_ACK,
      .NETLINK_GET_STRICT_CHK:
      return SocketOptionValue(endpoint.isOn(option) ? 1 : 0)
    case .NETLINK_ADD_MEMBERSHIP, .NETLINK_DROP_MEMBERSHIP: throw .ENOPROTOOPT
    }
  }

  // MARK: As a file

  override func poll() -> PollEvents { endpoint.poll() }

  override func forEachWaitQueue(_ body: (borrowing WaitQueue) -> Void) { body(endpoint.changes) }
}

/// AF_NETLINK, of which there is what tells of devices.
final class NetlinkFamily: SocketFamily {
  init() { super.init(.AF_NETLINK) }

  override func makeSocket(
    _ type: SocketType, protocolNumber: Int32, _ flags: OpenFlags, by caller: SocketCaller
  ) throws(Errno) -> SocketFile {
    guard type == .SOCK_RAW || type == .SOCK_DGRAM else { throw .ESOCKTNOSUPPORT }
    guard protocolNumber == NetlinkSocket.eventProtocol else { throw .EPROTONOSUPPORT }
    let place = try Sockets.makeInode(caller.actor.credentials, flags)
    let endpoint = try NetlinkTable.makeEndpoint()
    do throws(Errno) {
      try ObjectMemory.check()
      return try NetlinkSocket(place, type, endpoint)
    } catch {
      endpoint.close()
      throw error
    }
  }
}
