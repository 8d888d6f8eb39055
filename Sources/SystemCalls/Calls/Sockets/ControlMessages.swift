import Foundations
import LinuxABI
import Machine
import Processes
import Security
import Sockets
import VFS

/// The control messages of sendmsg(2) and recvmsg(2). Source: cmsg(3), unix(7), "Ancillary messages".
enum ControlMessages {
  /// Bytes of `struct cmsghdr`.
  static let headerByteCount: UInt64 = 16
  /// More bytes than a message's control messages have (`/proc/sys/net/core/optmem_max`).
  static let limit: UInt64 = 131_072
  /// More files than go with one message (`SCM_MAX_FD`).
  static let fileLimit = 253
  /// SOL_SOCKET.
  static let socketLevel = Int32(SocketOptionLevel.SOL_SOCKET.rawValue)
  /// SCM_RIGHTS.
  static let rights: Int32 = 1
  /// SCM_CREDENTIALS.
  static let credentials: Int32 = 2
  /// Bytes of `struct ucred`.
  static let identityByteCount: UInt64 = 12

  /// Rounds up to where the next message begins.
  static func aligned(_ count: UInt64) -> UInt64 { (count + 7) & ~7 }
}

extension SystemCallContext {
  // MARK: Sending

  /// Reads what a program sends with a message.
  ///
  /// - Throws: `ENOBUFS` for too much, `EINVAL` for what is none, `EBADF`, `EPERM`, `ESRCH`, `EFAULT`, `ENOMEM`.
  func readControl(_ header: Msghdr, into message: inout SocketMessage) throws(Errno) {
    guard header.controlCount > 0 else { return }
    guard header.controlCount <= ControlMessages.limit else { throw .ENOBUFS }
    var offset: UInt64 = 0
    while header.controlCount - offset >= ControlMessages.headerByteCount {
      let place = header.control &+ offset
      let count = try UserPointer<UInt64>(place).load()
      let level = try UserPointer<Int32>(place &+ 8).load()
      let type = try UserPointer<Int32>(place &+ 8).load(at: 1)
      guard count >= ControlMessages.headerByteCount, count <= header.controlCount - offset else { throw .EINVAL }
      let data = place &+ ControlMessages.headerByteCount
      if level == ControlMessages.socketLevel {
        try readControl(type, data, count - ControlMessages.headerByteCount, into: &message)
      }
      offset += ControlMessages.aligned(count)
      if offset >= header.controlCount { return }
    }
  }

  private func readControl(
    _ type: Int32, _ data: UInt64, _ count: UInt64, into message: inout SocketMessage
  ) throws(Errno) {
    switch type {
    case ControlMessages.rights:
      let descriptors = UserPointer<Int32>(data)
      let fileCount = Int(count / 4)
      guard fileCount <= ControlMessages.fileLimit - message.files.count else { throw .EINVAL }
      for index in 0..<fileCount {
        try message.files.append(task.files.file(Descriptor(rawValue: descriptors.load(at: index))))
      }
    case ControlMessages.credentials:
      guard count == ControlMessages.identityByteCount else { throw .EINVAL }
      let identity = SocketIdentity(
        process: try UserPointer<Int32>(data).load(), user: try UserPointer<UInt32>(data).load(at: 1),
        group: try UserPointer<UInt32>(data).load(at: 2))
      try check(identity)
      message.identity = identity
    default: throw .EINVAL
    }
  }

  /// Refuses what a program says of itself that is not true, unless it may say what it likes.
  ///
  /// - Throws: `EPERM`; `EINVAL` for IDs that nobody has, `ESRCH` for a process that there is not.
  private func check(_ identity: SocketIdentity) throws(Errno) {
    let credentials = task.credentials
    guard identity.user != .max, identity.group != .max else { throw .EINVAL }
    let (users, groups) = (credentials.users, credentials.groups)
    let (user, group) = (UserID(rawValue: identity.user), GroupID(rawValue: identity.group))
    let isUser = user == users.real || user == users.effective || user == users.saved
    let isGroup = group == groups.real || group == groups.effective || group == groups.saved
    let isProcess = identity.process == task.processIdentifier
    guard isProcess || credentials.has(.CAP_SYS_ADMIN), isUser || credentials.has(.CAP_SETUID),
      isGroup || credentials.has(.CAP_SETGID)
    else { throw .EPERM }
    guard isProcess || task.process.tree.process(identity.process) != nil else { throw .ESRCH }
  }

  // MARK: Receiving

  /// Stores what came with a message, and gives descriptors to its files, as far as there is room.
  ///
  /// - Returns: how many bytes were stored, and whether that was not all.
  func storeControl(
    _ message: borrowing SocketMessage, _ header: Msghdr, closesOnExecution closes: Bool
  ) throws(Errno) -> (count: UInt64, isCut: Bool) {
    // As on Linux: without a place there is no room, whatever the program says of it.
    let room = header.control == 0 ? 0 : header.controlCount
    var (used, isCut): (UInt64, Bool) = (0, false)
    if let information = message.information {
      (used, isCut) = try store(information, header.control, room)
    }
    if let identity = message.identity {
      let information = SocketInformation(
        level: ControlMessages.socketLevel, type: ControlMessages.credentials, SocketOptionValue(identity))
      let stored = try store(information, header.control &+ used, room - used)
      (used, isCut) = (used + stored.count, isCut || stored.isCut)
    }
    guard message.arrivedCount > 0 else { return (used, isCut) }
    let stored = storeFiles(message, header.control &+ used, room - used, closesOnExecution: closes)
    return (used + stored.count, isCut || stored.isCut)
  }

  private func store(
    _ information: SocketInformation, _ place: UInt64, _ room: UInt64
  ) throws(Errno) -> (count: UInt64, isCut: Bool) {
    guard room >= ControlMessages.headerByteCount else { return (0, true) }
    let value = information.value
    let whole = ControlMessages.headerByteCount + UInt64(value.count)
    let count = min(whole, room)
    let data = try UserBytes(
      address: place &+ ControlMessages.headerByteCount, count: count - ControlMessages.headerByteCount)
    let part = value.bytes.extracting(0..<Int(count - ControlMessages.headerByteCount))
    guard data.write(from: part) == data.count else { throw .EFAULT }
    try storeHeader(information.level, information.type, count, at: place)
    return (min(ControlMessages.aligned(whole), room), count < whole)
  }

  private func storeHeader(
    _ level: Int32, _ type: Int32, _ count: UInt64, at place: UInt64
  ) throws(Errno) {
    try UserPointer<UInt64>(place).store(count)
    try UserPointer<Int32>(place &+ 8).store(level)
    try UserPointer<Int32>(place &+ 8).store(type, at: 1)
  }

  /// Files that get no descriptor are closed with the message.
  private func storeFiles(
    _ message: borrowing SocketMessage, _ place: UInt64, _ room: UInt64, closesOnExecution closes: Bool
  ) -> (count: UInt64, isCut: Bool) {
    guard room >= ControlMessages.headerByteCount else { return (0, true) }
    let fitting = Int(clamping: (room - ControlMessages.headerByteCount) / 4)
    let descriptors = UserPointer<Int32>(place &+ ControlMessages.headerByteCount)
    var stored = 0
    while stored < min(fitting, message.arrivedCount) {
      guard give(message.arrivedFile(stored), descriptors, stored, closesOnExecution: closes) else { break }
      stored += 1
    }
    let isCut = stored < message.arrivedCount
    guard stored > 0 else { return (0, isCut) }
    let count = ControlMessages.headerByteCount + UInt64(stored) * 4
    // The descriptors are the program's already, whether it can be told of them or not.
    do throws(Errno) { try storeHeader(ControlMessages.socketLevel, ControlMessages.rights, count, at: place) } catch {
      return (0, true)
    }
    return (min(ControlMessages.aligned(count), room), isCut)
  }

  private func give(
    _ file: OpenFile, _ descriptors: UserPointer<Int32>, _ index: Int, closesOnExecution closes: Bool
  ) -> Bool {
    let files = task.files
    guard let new = try? files.reserve(limit: descriptorLimit, closesOnExecution: closes) else { return false }
    do throws(Errno) {
      try descriptors.store(new.rawValue, at: index)
    } catch {
      files.cancel(new)
      return false
    }
    files.fill(new, with: file)
    return true
  }
}
