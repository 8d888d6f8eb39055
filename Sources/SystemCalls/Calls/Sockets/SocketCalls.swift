import Foundations
import LinuxABI
import Machine
import Processes
import Security
import Sockets
import VFS

/// socket(2) and what makes connections.
extension SystemCallContext {
  /// More connections than a socket has waiting to be accepted (`/proc/sys/net/core/somaxconn`).
  private static var backlogLimit: UInt32 { 4_096 }
  /// One more than the last type of socket (`SOCK_MAX`), and than the last family (`AF_MAX`).
  private static var typeEnd: UInt64 { 11 }
  private static var familyEnd: Int64 { 46 }

  // MARK: Arguments

  /// Who calls, to sockets.
  var socketCaller: SocketCaller {
    let credentials = task.credentials
    let isUnlimited = credentials.has(.CAP_SYS_RESOURCE) || credentials.has(.CAP_SYS_ADMIN)
    return SocketCaller(
      task.actor, process: task.processIdentifier, fileLimit: isUnlimited ? nil : descriptorLimit)
  }

  /// The socket of a descriptor.
  ///
  /// - Throws: `EBADF`, `ENOTSOCK`.
  func socketFile(_ descriptor: Int32) throws(Errno) -> SocketFile {
    guard let socket = try usableFile(descriptor) as? SocketFile else { throw .ENOTSOCK }
    return socket
  }

  /// The address that a program passed.
  ///
  /// - Throws: `EINVAL` for a length that none has, `EFAULT`.
  func socketAddress(_ address: UserPointer<UInt8>, _ length: Int32) throws(Errno) -> SocketAddress {
    guard length >= 0, Int(length) <= SocketAddress.limit else { throw .EINVAL }
    guard length > 0 else { return SocketAddress() }
    var storage = InlineArray<128, UInt8>(repeating: 0)
    var span = storage.mutableSpan
    let bytes = try UserBytes(address: address.address, count: UInt64(length))
    guard bytes.read(into: &span) == Int(length) else { throw .EFAULT }
    return try SocketAddress(storage.span.extracting(0..<Int(length)))
  }

  /// Stores an address, cut to the room that the program has for it, and how long it is.
  ///
  /// - Throws: `EINVAL` for less than no room, `EFAULT`.
  func store(
    _ address: SocketAddress, at place: UserPointer<UInt8>, _ length: UserPointer<Int32>
  ) throws(Errno) {
    let room = try length.load()
    guard room >= 0 else { throw .EINVAL }
    try store(address, at: place.address, room: Int(room))
    try length.store(Int32(truncatingIfNeeded: address.count))
  }

  /// Stores as much of an address as there is room for.
  ///
  /// - Throws: `EFAULT`.
  func store(_ address: SocketAddress, at place: UInt64, room: Int) throws(Errno) {
    let count = min(room, address.count)
    guard count > 0 else { return }
    let bytes = try UserBytes(address: place, count: UInt64(count))
    guard bytes.write(from: address.bytes) == count else { throw .EFAULT }
  }

  /// Runs a call that waits for a socket; if a signal ends it, one with a timeout is not made again.
  func waiting<Value>(restarts: Bool, _ body: () throws(Errno) -> Value) throws(Errno) -> Value {
    do throws(Errno) {
      return try body()
    } catch {
      if error == .EINTR && !restarts { task.setRestart(.never) }
      throw error
    }
  }

  // MARK: Making

  private func family(_ number: Int64, _ type: SocketTypeFlags) throws(Errno) -> (SocketFamily, SocketType, OpenFlags) {
    guard (0..<Self.familyEnd).contains(number) else { throw .EAFNOSUPPORT }
    guard type.rawValue & 0xf < Self.typeEnd else { throw .EINVAL }
    let family = try Sockets.family(number)
    guard let kind = type.socketType else { throw .ESOCKTNOSUPPORT }
    return (family, kind, type.contains(.SOCK_NONBLOCK) ? .O_NONBLOCK : [])
  }

  /// socket(2)
  func socket(_ domain: Int64, _ type: SocketTypeFlags, _ number: Int32) throws(Errno) -> Int32 {
    let (family, kind, flags) = try family(domain, type)
    let socket = try family.makeSocket(kind, protocolNumber: number, flags, by: socketCaller)
    return try add(socket, closesOnExecution: type.contains(.SOCK_CLOEXEC))
  }

  /// socketpair(2)
  func socketpair(
    _ domain: Int64, _ type: SocketTypeFlags, _ number: Int32, _ descriptors: UserPointer<Int32>
  ) throws(Errno) {
    let (family, kind, flags) = try family(domain, type)
    let (files, limit) = (task.files, descriptorLimit)
    let closes = type.contains(.SOCK_CLOEXEC)
    let first = try files.reserve(limit: limit, closesOnExecution: closes)
    var second: Descriptor?
    do throws(Errno) {
      let other = try files.reserve(limit: limit, closesOnExecution: closes)
      second = other
      try descriptors.store(first.rawValue)
      try descriptors.store(other.rawValue, at: 1)
      let (one, two) = try family.makePair(kind, protocolNumber: number, flags, by: socketCaller)
      files.fill(first, with: one)
      files.fill(other, with: two)
    } catch {
      files.cancel(first)
      if let second { files.cancel(second) }
      throw error
    }
  }

  // MARK: Connecting

  /// bind(2)
  func bind(_ descriptor: Int32, _ address: UserPointer<UInt8>, _ length: Int32) throws(Errno) {
    let socket = try socketFile(descriptor)
    try socket.bind(socketAddress(address, length), by: socketCaller)
  }

  /// listen(2)
  func listen(_ descriptor: Int32, _ backlog: Int32) throws(Errno) {
    // A negative number is a large one.
    let backlog = min(UInt32(bitPattern: backlog), Self.backlogLimit)
    try socketFile(descriptor).listen(Int(backlog), by: socketCaller)
  }

  /// accept(2)
  func accept(
    _ descriptor: Int32, _ address: UserPointer<UInt8>, _ length: UserPointer<Int32>
  ) throws(Errno) -> Int32 { try accept4(descriptor, address, length, []) }

  /// accept4(2)
  func accept4(
    _ descriptor: Int32, _ address: UserPointer<UInt8>, _ length: UserPointer<Int32>, _ flags: DescriptorFlags
  ) throws(Errno) -> Int32 {
    let socket = try socketFile(descriptor)
    let files = task.files
    let new = try files.reserve(limit: descriptorLimit, closesOnExecution: flags.contains(.O_CLOEXEC))
    do throws(Errno) {
      let accepted = try waiting(restarts: socket.restartsReceiving) { () throws(Errno) in
        try socket.accept(OpenFlags(rawValue: flags.rawValue), by: socketCaller)
      }
      if !address.isNull {
        let peer: SocketAddress
        do throws(Errno) { peer = try accepted.peerAddress() } catch { throw .ECONNABORTED }
        try store(peer, at: address, length)
      }
      files.fill(new, with: accepted)
      return new.rawValue
    } catch {
      files.cancel(new)
      throw error
    }
  }

  /// connect(2)
  func connect(_ descriptor: Int32, _ address: UserPointer<UInt8>, _ length: Int32) throws(Errno) {
    let socket = try socketFile(descriptor)
    let target = try socketAddress(address, length)
    try waiting(restarts: socket.restartsSending) { () throws(Errno) in
      try socket.connect(to: target, by: socketCaller)
    }
  }

  /// shutdown(2)
  func shutdown(_ descriptor: Int32, _ direction: ShutdownDirection) throws(Errno) {
    try socketFile(descriptor).shutDown(direction)
  }

  // MARK: Names

  /// getsockname(2)
  func getsockname(
    _ descriptor: Int32, _ address: UserPointer<UInt8>, _ length: UserPointer<Int32>
  ) throws(Errno) { try store(try socketFile(descriptor).address(), at: address, length) }

  /// getpeername(2)
  func getpeername(
    _ descriptor: Int32, _ address: UserPointer<UInt8>, _ length: UserPointer<Int32>
  ) throws(Errno) { try store(try socketFile(descriptor).peerAddress(), at: address, length) }
}

/// The process that runs, as sockets tell the other side of it.
public final class TaskSocketCallers: SocketCallers {
  /// Creates it.
  public override init() {}

  public override var current: SocketIdentity? {
    guard let task = Task.current else { return nil }
    return SocketIdentity(process: task.processIdentifier, real: task.credentials)
  }
}
