import FileTestSupport
import Foundations
import KernelEvents
import LinuxABI
import Machine
import Security
import Testing
import VFS

@testable import Sockets

@Suite("Sockets of AF_NETLINK", .serialized)
struct NetlinkTests {
  private typealias Instruction = (code: UInt16, yes: UInt8, no: UInt8, constant: UInt32)

  private static let level: Int64 = 270
  /// What a message costs besides its bytes.
  private static let overhead = 768

  private func socket(_ world: World, _ flags: OpenFlags = .O_NONBLOCK) throws(Errno) -> SocketFile {
    try Sockets.family(16).makeSocket(.SOCK_RAW, protocolNumber: 15, flags, by: world.caller)
  }

  private func listener(_ world: World, _ groups: UInt32 = 1, port: UInt32 = 0) throws(Errno) -> SocketFile {
    let socket = try socket(world)
    try socket.bind(.netlink(port: port, groups: groups), by: world.caller)
    return socket
  }

  private func set(_ socket: SocketFile, _ option: Int32, _ value: UInt32, _ world: World) throws(Errno) {
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32($0 * 8)) }
    try socket.setOption(level: Self.level, option, bytes.span, by: world.caller)
  }

  private func turn(_ socket: SocketFile, _ option: SocketOption, _ value: Int32, _ world: World) throws(Errno) {
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: value >> Int32($0 * 8)) }
    try socket.setSocketOption(Int32(option.rawValue), bytes.span, by: world.caller)
  }

  private func number(_ socket: SocketFile, _ option: Int32) throws(Errno) -> UInt32 {
    try socket.option(level: Self.level, option).bytes.load(UInt32.self, at: 0)
  }

  @discardableResult
  private func send(
    _ bytes: [UInt8], from socket: SocketFile, to address: SocketAddress? = nil, by caller: SocketCaller
  ) throws(Errno) -> Int {
    var message = SocketMessage()
    if let address { message.address = address }
    return try IOBuffer.withBuffer(draining: bytes.span) { buffer throws(Errno) in
      try socket.send(&buffer, &message, by: caller)
    }
  }

  /// Receives a message, its sender, and the group that the socket says it was sent to.
  private func receive(
    _ socket: SocketFile, _ count: Int = 4_096, _ flags: MessageFlags = []
  ) throws(Errno) -> (Received, from: NetlinkAddress, group: UInt32?) {
    var address = SocketAddress()
    var group: UInt32?
    let received = try socket.receive(count, flags) { message in
      address = message.address
      if let information = message.information, information.type == 3 {
        group = information.value.bytes.load(UInt32.self, at: 0)
      }
    }
    return (received, try NetlinkAddress(address), group)
  }

  private func announce(_ path: String = "devices/x") throws(Errno) -> [UInt8] {
    let bytes = Array(path.utf8)
    try KernelEvents.broadcast(KernelEvent(.add, path: bytes.span, subsystem: "test"))
    let text =
      "add@/\(path)\0ACTION=add\0DEVPATH=/\(path)\0SUBSYSTEM=test\0SEQNUM=\(KernelEvents.sequenceNumber)\0"
    return Array(text.utf8)
  }

  @Test("There is the protocol of events only, as packets")
  func making() throws {
    try withWorld { world in
      let family = try Sockets.family(16)
      #expect(throws: Errno.EPROTONOSUPPORT) {
        try family.makeSocket(.SOCK_RAW, protocolNumber: 0, [], by: world.caller)
      }
      #expect(throws: Errno.EPROTONOSUPPORT) {
        try family.makeSocket(.SOCK_RAW, protocolNumber: -1, [], by: world.caller)
      }
      #expect(throws: Errno.ESOCKTNOSUPPORT) {
        try family.makeSocket(.SOCK_STREAM, protocolNumber: 15, [], by: world.caller)
      }
      #expect(throws: Errno.EOPNOTSUPP) {
        try family.makePair(.SOCK_RAW, protocolNumber: 15, [], by: world.caller)
      }
      let socket = try family.makeSocket(.SOCK_DGRAM, protocolNumber: 15, [], by: world.caller)
      #expect(try socket.socketOption(38).bytes.load(UInt32.self, at: 0) == 15)
      #expect(try socket.socketOption(39).bytes.load(UInt32.self, at: 0) == 16)
      #expect(throws: Errno.EOPNOTSUPP) { try socket.listen(1, by: world.caller) }
      #expect(throws: Errno.EOPNOTSUPP) { try socket.shutDown(.SHUT_RD) }
    }
  }

  @Test("The first socket of a process gets the process's number, the others negative ones, each port once")
  func ports() throws {
    try withWorld { world in
      var first: SocketFile? = try listener(world, 5)
      #expect(try first?.address() == .netlink(port: 7, groups: 5))
      let second = try listener(world)
      let port = try NetlinkAddress(second.address()).port
      #expect(Int32(bitPattern: port) < -4_096)
      let third = try socket(world)
      #expect(try third.address() == .netlink(port: 0, groups: 0))
      #expect(throws: Errno.EADDRINUSE) { try third.bind(.netlink(port: 7, groups: 1), by: world.caller) }
      try third.bind(.netlink(port: 99, groups: 1), by: world.caller)
      // Bound again for its groups only.
      try third.bind(.netlink(port: 99, groups: 6), by: world.caller)
      #expect(try third.address() == .netlink(port: 99, groups: 6))
      #expect(throws: Errno.EINVAL) { try third.bind(.netlink(port: 98, groups: 1), by: world.caller) }
      #expect(throws: Errno.EINVAL) { try third.bind(.netlink(port: 0, groups: 1), by: world.caller) }
      let short = Array(third.bytesOfAddress.dropLast())
      #expect(throws: Errno.EINVAL) { try third.bind(SocketAddress(short.span), by: world.caller) }
      #expect(throws: Errno.EINVAL) { try third.bind(.unix("aaaaaaaaaaaaaa"), by: world.caller) }
      first = nil
      let fourth = try listener(world)
      #expect(try fourth.address() == .netlink(port: 7, groups: 1))
    }
  }

  @Test("Events reach those that listen to group 1, with the kernel's credentials")
  func events() throws {
    try withWorld { world in
      let one = try listener(world)
      let other = try listener(world, 2)
      let late = try socket(world)
      try turn(one, .SO_PASSCRED, 1, world)
      #expect(one.poll() == [.output, .writeNormal, .writeBand])
      let text = try announce()
      #expect(one.poll().contains([.input, .readNormal]))
      #expect(!other.poll().contains(.input) && !late.poll().contains(.input))
      let (peeked, _, _) = try receive(one, 4, [.MSG_PEEK, .MSG_TRUNC])
      #expect(peeked.length == text.count && peeked.bytes == Array(text[..<4]))
      #expect(try receive(one, 0, [.MSG_PEEK, .MSG_TRUNC]).0.length == text.count)
      let (received, sender, group) = try receive(one)
      #expect(received.bytes == text && received.flags == [])
      #expect(received.identity == SocketIdentity(process: 0, user: 0, group: 0))
      #expect(sender == NetlinkAddress(port: 0, groups: 1) && group == nil)
      #expect(throws: Errno.EAGAIN) { try receive(one) }
      try set(late, 1, 1, world)
      try set(late, 3, 1, world)
      _ = try announce()
      let (cut, _, number) = try receive(late, 3)
      #expect(cut.length == 3 && cut.flags == .MSG_TRUNC && cut.identity == nil && number == 1)
      // The rest of a message goes with its beginning.
      #expect(throws: Errno.EAGAIN) { try receive(late) }
      try set(late, 2, 1, world)
      _ = try announce()
      #expect(throws: Errno.EAGAIN) { try receive(late) }
      #expect(try receive(one).0.length > 0 && receive(one).0.length > 0)
    }
  }

  @Test("Programs with the privilege send to groups and ports, and nobody else does")
  func sending() throws {
    try withWorld { world in
      let (daemon, monitor) = (try listener(world, 3), try listener(world, 2, port: 1_000))
      let bystander = try listener(world, 1, port: 1_001)
      let stranger = world.stranger()
      let toGroup = SocketAddress.netlink(port: 0, groups: 2)
      #expect(throws: Errno.EPERM) { try send([1], from: daemon, to: toGroup, by: stranger) }
      #expect(throws: Errno.EPERM) { try daemon.connect(to: toGroup, by: stranger) }
      #expect(throws: Errno.EPERM) { try send([1], from: daemon, to: .netlink(port: 1_000, groups: 0), by: stranger) }
      #expect(throws: Errno.ECONNREFUSED) { try send([1], from: daemon, by: stranger) }
      try turn(monitor, .SO_PASSCRED, 1, world)
      #expect(try send([1, 2], from: daemon, to: toGroup, by: world.caller) == 2)
      let (received, sender, _) = try receive(monitor)
      #expect(received.bytes == [1, 2] && received.identity == world.caller.identity)
      #expect(sender == NetlinkAddress(port: 7, groups: 2))
      // Not to itself, though it listens, nor to other groups.
      #expect(throws: Errno.EAGAIN) { try receive(daemon) }
      #expect(throws: Errno.EAGAIN) { try receive(bystander) }
      try send([3], from: daemon, to: .netlink(port: 1_001, groups: 2), by: world.caller)
      #expect(try receive(monitor).0.bytes == [3] && receive(bystander).0.bytes == [3])
      #expect(throws: Errno.ECONNREFUSED) {
        try send([3], from: daemon, to: .netlink(port: 1_002, groups: 0), by: world.caller)
      }
      #expect(throws: Errno.ENODATA) { try send([], from: daemon, to: toGroup, by: world.caller) }
      let long = [UInt8](repeating: 0, count: 300_000)
      #expect(throws: Errno.EMSGSIZE) { try send(long, from: daemon, to: toGroup, by: world.caller) }
      // One that is connected hears its peer only.
      try bystander.connect(to: .netlink(port: 1_000, groups: 0), by: world.caller)
      #expect(try bystander.peerAddress() == .netlink(port: 1_000, groups: 0))
      #expect(throws: Errno.ECONNREFUSED) {
        try send([3], from: daemon, to: .netlink(port: 1_001, groups: 0), by: world.caller)
      }
      #expect(try bystander.write([4]) == 1)
      #expect(try receive(monitor).0.bytes == [4])
      try bystander.connect(to: .bare(0), by: world.caller)
      #expect(try bystander.peerAddress() == .netlink(port: 0, groups: 0))
      #expect(throws: Errno.ECONNREFUSED) { try bystander.write([4]) }
    }
  }

  @Test("A queue that is full loses what comes, which is told once, until it is empty")
  func overflow() throws {
    try withWorld { world in
      let socket = try listener(world)
      try turn(socket, .SO_RCVBUF, 2_048, world)
      var sent: [[UInt8]] = []
      // Full is what costs more than the limit.
      while sent.reduce(0, { $0 + $1.count + Self.overhead }) <= 4_096 { sent.append(try announce()) }
      #expect(!socket.poll().contains(.error))
      _ = try announce()
      #expect(socket.poll().contains(.error))
      #expect(throws: Errno.ENOBUFS) { try receive(socket) }
      #expect(try receive(socket).0.bytes == sent[0])
      // There is room, but what follows would not be what came next.
      _ = try announce()
      for text in sent.dropFirst() { #expect(try receive(socket).0.bytes == text) }
      #expect(throws: Errno.EAGAIN) { try receive(socket) }
      let next = try announce()
      #expect(try receive(socket).0.bytes == next)
      try set(socket, 5, 1, world)
      #expect(try number(socket, 5) == 1)
      for _ in 0..<10 { _ = try announce() }
      #expect(!socket.poll().contains(.error))
      // A sender to its port waits, or is told to.
      let sender = try self.socket(world)
      let full = try NetlinkAddress(socket.address()).port
      #expect(throws: Errno.EAGAIN) {
        try send([1], from: sender, to: .netlink(port: full, groups: 0), by: world.caller)
      }
    }
  }

  @Test("A filter decides what is received, and how much")
  func filters() throws {
    try withWorld { world in
      let (socket, sender) = (try listener(world, 2), try listener(world, 0))
      // Those whose second word is 0xfeedcafe whole, four bytes of those whose it is 1, no others.
      let program: [Instruction] = [
        (0x20, 0, 0, 4), (0x15, 0, 1, 0xfeed_cafe), (0x06, 0, 0, .max), (0x15, 0, 1, 1), (0x06, 0, 0, 4),
        (0x06, 0, 0, 0),
      ]
      let raw = program.map { RawFilterInstruction(code: $0.code, yes: $0.yes, no: $0.no, constant: $0.constant) }
      #expect(throws: Errno.ENOENT) { try socket.setFilter(nil) }
      try socket.setFilter(try PacketFilter(raw.span))
      let target = SocketAddress.netlink(port: 0, groups: 2)
      let wanted: [UInt8] = [0, 0, 0, 0, 0xfe, 0xed, 0xca, 0xfe, 5]
      let large = wanted + [UInt8](repeating: 7, count: 10_000)
      for bytes in [[1, 2, 3], wanted, [9, 8, 7, 6, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 2], large] {
        #expect(try send(bytes, from: sender, to: target, by: world.caller) == bytes.count)
      }
      #expect(try receive(socket).0.bytes == wanted)
      #expect(try receive(socket).0.bytes == [9, 8, 7, 6])
      #expect(try receive(socket, 20_000).0.bytes == large)
      #expect(throws: Errno.EAGAIN) { try receive(socket) }
      // Whoever sends to it is not told.
      let port = try NetlinkAddress(socket.address()).port
      #expect(try send([1], from: sender, to: .netlink(port: port, groups: 0), by: world.caller) == 1)
      try turn(socket, .SO_DETACH_FILTER, 0, world)
      try send([1], from: sender, to: target, by: world.caller)
      #expect(try receive(socket).0.bytes == [1])
      try turn(socket, .SO_LOCK_FILTER, 1, world)
      #expect(throws: Errno.EPERM) { try socket.setFilter(try PacketFilter(raw.span)) }
      #expect(throws: Errno.EPERM) { try turn(socket, .SO_LOCK_FILTER, 0, world) }
      #expect(try socket.socketOption(44).bytes.load(UInt32.self, at: 0) == 1)
      let unix = try world.make(.SOCK_DGRAM)
      #expect(throws: Errno.ENOPROTOOPT) { try unix.setFilter(try PacketFilter(raw.span)) }
    }
  }

  @Test("Options of the family are kept, and others refused")
  func options() throws {
    try withWorld { world in
      let socket = try socket(world)
      for group in [1, 4, 32] as [UInt32] { try set(socket, 1, group, world) }
      #expect(try number(socket, 9) == 0x8000_0009)
      #expect(try socket.option(level: Self.level, 9).isList)
      try set(socket, 2, 4, world)
      #expect(try number(socket, 9) == 0x8000_0001)
      for group in [0, 33, .max] as [UInt32] {
        #expect(throws: Errno.EINVAL) { try set(socket, 1, group, world) }
      }
      for option in [3, 4, 5, 10, 11, 12] as [Int32] {
        #expect(try number(socket, option) == 0)
        try set(socket, option, 1, world)
        #expect(try number(socket, option) == 1)
        try set(socket, option, 0, world)
        #expect(try number(socket, option) == 0)
      }
      for option in [-1, 0, 6, 9, 13, .max, .min] as [Int32] {
        #expect(throws: Errno.ENOPROTOOPT) { try set(socket, option, 1, world) }
      }
      for option in [-1, 0, 1, 2, 13] as [Int32] {
        #expect(throws: Errno.ENOPROTOOPT) { try number(socket, option) }
      }
      #expect(throws: Errno.ENOPROTOOPT) { try socket.option(level: 6, 9) }
    }
  }

  @Test("Sockets go with their last reference, and what they did not read with them")
  func lifetime() throws {
    try withWorld { world in
      weak var gone: SocketFile?
      do {
        let socket = try listener(world, port: 4_242)
        gone = socket
        #expect(NetlinkTable.find(port: 4_242) != nil)
        for _ in 0..<5 { _ = try announce() }
      }
      #expect(gone == nil)
      #expect(NetlinkTable.find(port: 4_242) == nil)
      _ = try announce()
    }
  }
}

extension SocketAddress {
  /// The address of AF_NETLINK with these numbers.
  static func netlink(port: UInt32, groups: UInt32) -> SocketAddress {
    NetlinkAddress(port: port, groups: groups).socketAddress
  }
}

extension SocketAddress: Equatable {
  /// Whether they have the same bytes.
  public static func == (one: SocketAddress, other: SocketAddress) -> Bool {
    one.count == other.count && (0..<one.count).allSatisfy { one.bytes[$0] == other.bytes[$0] }
  }
}

extension SocketFile {
  fileprivate var bytesOfAddress: [UInt8] {
    guard let address = try? address() else { return [] }
    return (0..<address.count).map { address.bytes[$0] }
  }
}
