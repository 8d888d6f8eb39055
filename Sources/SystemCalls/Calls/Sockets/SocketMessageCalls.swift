import Foundations
import LinuxABI
import Machine
import Processes
import Sockets
import Time
import VFS

/// send(2), recv(2) and their relatives.
extension SystemCallContext {
  /// More messages than sendmmsg(2) and recvmmsg(2) move (`UIO_MAXIOV`).
  private static var messageLimit: UInt32 { 1_024 }

  // MARK: Sending

  /// sendto(2)
  func sendto(
    _ descriptor: Int32, _ bytes: UserBuffer, _ flags: MessageFlags, _ address: UserPointer<UInt8>, _ length: Int32
  ) throws(Errno) -> Int {
    var buffer = try bytes.buffer()
    let socket = try socketFile(descriptor)
    var message = SocketMessage(flags)
    if !address.isNull { message.address = try socketAddress(address, length) }
    return try send(&buffer, &message, to: socket, flags)
  }

  /// sendmsg(2)
  func sendmsg(
    _ descriptor: Int32, _ message: UserPointer<Msghdr>, _ flags: MessageFlags
  ) throws(Errno) -> Int {
    let socket = try socketFile(descriptor)
    return try send(try message.load(), to: socket, flags)
  }

  /// sendmmsg(2)
  func sendmmsg(
    _ descriptor: Int32, _ messages: UserPointer<Mmsghdr>, _ count: UInt32, _ flags: MessageFlags
  ) throws(Errno) -> Int {
    let socket = try socketFile(descriptor)
    var sent = 0
    while sent < Int(min(count, Self.messageLimit)) {
      do throws(Errno) {
        var message = try messages.load(at: sent)
        message.count = UInt32(truncatingIfNeeded: try send(message.header, to: socket, flags))
        try storeCount(message.count, messages, sent)
        sent += 1
      } catch {
        if sent > 0 { break }
        throw error
      }
    }
    return sent
  }

  private func storeCount(_ count: UInt32, _ messages: UserPointer<Mmsghdr>, _ index: Int) throws(Errno) {
    let offset = UInt64(index * Mmsghdr.userByteCount + Msghdr.userByteCount)
    try UserPointer<UInt32>(messages.address &+ offset).store(count)
  }

  private func send(_ header: Msghdr, to socket: SocketFile, _ flags: MessageFlags) throws(Errno) -> Int {
    var message = SocketMessage(flags)
    if header.name != 0 {
      guard header.nameCount >= 0 else { throw .EINVAL }
      let count = min(header.nameCount, Int32(SocketAddress.limit))
      message.address = try socketAddress(UserPointer(header.name), count)
    }
    guard header.vectorCount <= UInt64(IOBuffer.segmentLimit) else { throw .EMSGSIZE }
    var buffer = try Iovec.buffer(UserPointer(header.vectors), count: header.vectorCount)
    try readControl(header, into: &message)
    return try send(&buffer, &message, to: socket, flags)
  }

  private func send(
    _ buffer: inout IOBuffer, _ message: inout SocketMessage, to socket: SocketFile, _ flags: MessageFlags
  ) throws(Errno) -> Int {
    do throws(Errno) {
      return try socket.send(&buffer, &message, by: socketCaller)
    } catch {
      if error == .EPIPE && socket.signalsBrokenPipe && !flags.contains(.MSG_NOSIGNAL) { task.raise(.SIGPIPE) }
      if error == .EINTR && !socket.restartsSending { task.setRestart(.never) }
      throw error
    }
  }

  // MARK: Receiving

  /// recvfrom(2)
  func recvfrom(
    _ descriptor: Int32, _ bytes: UserBuffer, _ flags: MessageFlags, _ address: UserPointer<UInt8>,
    _ length: UserPointer<Int32>
  ) throws(Errno) -> Int {
    var buffer = try bytes.buffer()
    let socket = try socketFile(descriptor)
    var message = SocketMessage(flags)
    let count = try receive(&buffer, &message, from: socket)
    if !address.isNull { try store(message.address, at: address, length) }
    return count
  }

  /// recvmsg(2)
  func recvmsg(
    _ descriptor: Int32, _ message: UserPointer<Msghdr>, _ flags: MessageFlags
  ) throws(Errno) -> Int {
    let socket = try socketFile(descriptor)
    return try receive(message.address, from: socket, flags)
  }

  /// recvmmsg(2). As on Linux, the time is looked at behind each message only.
  func recvmmsg(
    _ descriptor: Int32, _ messages: UserPointer<Mmsghdr>, _ count: UInt32, _ flags: MessageFlags,
    _ timeout: UserPointer<Timespec>
  ) throws(Errno) -> Int {
    var deadline: UInt64?
    if !timeout.isNull {
      let (end, overflows) = Clock.nanoseconds.addingReportingOverflow(try timeout.load().total())
      deadline = overflows ? .max : end
    }
    let socket = try socketFile(descriptor)
    var flags = flags
    var received = 0
    while received < Int(min(count, Self.messageLimit)) {
      do throws(Errno) {
        let place = messages.address &+ UInt64(received * Mmsghdr.userByteCount)
        let byteCount = try receive(place, from: socket, flags.subtracting(.MSG_WAITFORONE))
        try storeCount(UInt32(truncatingIfNeeded: byteCount), messages, received)
        received += 1
      } catch {
        if received > 0 { break }
        throw error
      }
      if flags.contains(.MSG_WAITFORONE) { flags.insert(.MSG_DONTWAIT) }
      if let deadline, Clock.nanoseconds >= deadline { break }
    }
    if let deadline {
      let now = Clock.nanoseconds
      try timeout.store(Timespec(nanoseconds: deadline > now ? deadline - now : 0))
    }
    return received
  }

  private func receive(
    _ place: UInt64, from socket: SocketFile, _ flags: MessageFlags
  ) throws(Errno) -> Int {
    let header = try UserPointer<Msghdr>(place).load()
    guard header.nameCount >= 0 || header.name == 0 else { throw .EINVAL }
    guard header.vectorCount <= UInt64(IOBuffer.segmentLimit) else { throw .EMSGSIZE }
    var buffer = try Iovec.buffer(UserPointer(header.vectors), count: header.vectorCount)
    var message = SocketMessage(flags)
    let count = try receive(&buffer, &message, from: socket)
    var result = message.flags
    if header.name != 0 {
      try store(message.address, at: header.name, room: Int(header.nameCount))
      try UserPointer<Int32>(place &+ 8).store(Int32(truncatingIfNeeded: message.address.count))
    }
    let closes = flags.contains(.MSG_CMSG_CLOEXEC)
    let control = try storeControl(message, header, closesOnExecution: closes)
    if control.isCut { result.insert(.MSG_CTRUNC) }
    try UserPointer<UInt32>(place &+ 48).store(UInt32(truncatingIfNeeded: result.rawValue))
    try UserPointer<UInt64>(place &+ 40).store(control.count)
    return count
  }

  private func receive(
    _ buffer: inout IOBuffer, _ message: inout SocketMessage, from socket: SocketFile
  ) throws(Errno) -> Int {
    do throws(Errno) {
      return try socket.receive(&buffer, &message)
    } catch {
      if error == .EINTR && !socket.restartsReceiving { task.setRestart(.never) }
      throw error
    }
  }
}
