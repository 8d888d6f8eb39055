import Foundations
import IPC
import LinuxABI
import Machine
import Processes
import Security
import VFS

/// fcntl(2), ioctl(2), flock(2).
extension SystemCallContext {
  /// fcntl(2)
  func fcntl(_ descriptor: Int32, _ command: FcntlCommand, _ argument: UInt64) throws(Errno) -> Int {
    switch command {
    case .F_DUPFD: return try duplicate(descriptor, argument, closesOnExecution: false)
    case .F_DUPFD_CLOEXEC: return try duplicate(descriptor, argument, closesOnExecution: true)
    case .F_GETFD: return try task.files.closesOnExecution(Descriptor(rawValue: descriptor)) ? 1 : 0
    case .F_SETFD:
      let closes = argument & DescriptorBits.FD_CLOEXEC.rawValue != 0
      try task.files.setClosesOnExecution(Descriptor(rawValue: descriptor), closes)
      return 0
    case .F_GETFL: return Int(try file(descriptor).flags.rawValue)
    case .F_DUPFD_QUERY:
      let other = try file(Int32(truncatingIfNeeded: argument))
      return try file(descriptor) === other ? 1 : 0
    case .F_SETFL:
      try setFlags(OpenFlags(rawValue: argument & 0xffff_ffff), of: usableFile(descriptor), descriptor)
      return 0
    default: return try control(usableFile(descriptor), command, argument)
    }
  }

  private func duplicate(_ descriptor: Int32, _ minimum: UInt64, closesOnExecution: Bool) throws(Errno) -> Int {
    let file = try file(descriptor)
    let limit = descriptorLimit
    // As an unsigned number, a negative one is not below the limit either.
    guard minimum < limit, let minimum = Int32(exactly: minimum) else { throw .EINVAL }
    let new = try task.files.add(file, minimum: minimum, limit: limit, closesOnExecution: closesOnExecution)
    return Int(new.rawValue)
  }

  /// The commands that O_PATH is not enough for.
  private func control(_ file: OpenFile, _ command: FcntlCommand, _ argument: UInt64) throws(Errno) -> Int {
    switch command {
    case .F_GETPIPE_SZ:
      guard let pipe = (file as? PipeFile)?.pipe else { throw .EBADF }
      return pipe.capacity
    case .F_SETPIPE_SZ:
      guard let pipe = (file as? PipeFile)?.pipe else { throw .EBADF }
      // An unsigned int, as on Linux.
      let byteCount = Int(argument & 0xffff_ffff)
      return try pipe.setCapacity(byteCount, isPrivileged: task.credentials.has(.CAP_SYS_RESOURCE))
    case .F_GETLK: try getLock(file, UserPointer(argument), lockHolder)
    case .F_SETLK: try setLock(file, UserPointer(argument), lockHolder, .none)
    case .F_SETLKW: try setLock(file, UserPointer(argument), lockHolder, .waiting)
    case .F_OFD_GETLK: try getLock(file, UserPointer(argument), .openFile)
    case .F_OFD_SETLK: try setLock(file, UserPointer(argument), .openFile, .none)
    case .F_OFD_SETLKW: try setLock(file, UserPointer(argument), .openFile, .waiting)
    case .F_GETOWN, .F_SETOWN, .F_GETOWN_EX, .F_SETOWN_EX, .F_GETSIG, .F_SETSIG:
      return try controlNotification(file, command, argument)
    // Nobody has a lease.
    case .F_GETLEASE: return Int(RecordLockType.F_UNLCK.rawValue)
    case .F_ADD_SEALS: try addSeals(file, argument)
    case .F_GET_SEALS:
      guard let seals = file.inode.seals else { throw .EINVAL }
      return Int(seals.rawValue)
    default: throw .EINVAL
    }
    return 0
  }

  /// Who is told when the file is ready.
  private func controlNotification(
    _ file: OpenFile, _ command: FcntlCommand, _ argument: UInt64
  ) throws(Errno) -> Int {
    let (receiver, owner, signal) = file.notification.withLock { ($0.receiver, $0.owner, $0.signal) }
    switch command {
    case .F_GETOWN:
      let number = Int(owner?.number ?? 0)
      return receiver == .group ? -number : number
    case .F_SETOWN:
      let number = Int32(truncatingIfNeeded: argument)
      guard number != .min else { throw .EINVAL }
      try setOwner(of: file, number < 0 ? .group : .process, number < 0 ? -number : number)
    case .F_GETOWN_EX:
      let pointer = UserPointer<Int32>(argument)
      try pointer.store(receiver.rawValue)
      try pointer.store(owner?.number ?? 0, at: 1)
    case .F_SETOWN_EX:
      let pointer = UserPointer<Int32>(argument)
      let number = try pointer.load(at: 1)
      guard let receiver = FileNotification.Receiver(rawValue: try pointer.load()) else { throw .EINVAL }
      guard number >= 0 else { throw .ESRCH }
      try setOwner(of: file, receiver, number)
    case .F_GETSIG: return Int(signal)
    default:
      guard argument <= 64 else { throw .EINVAL }
      file.notification.withLock { $0.signal = Int32(argument) }
    }
    return 0
  }

  /// - Throws: `ESRCH` when there is no such receiver; 0 is nobody.
  private func setOwner(
    of file: OpenFile, _ receiver: FileNotification.Receiver, _ number: Int32
  ) throws(Errno) {
    var owner: FileOwner?
    if number != 0 {
      try ObjectMemory.check()
      owner = try ProcessFileOwner(receiver, number, by: task)
    }
    let new = owner
    let old = file.notification.withLock { notification in
      let old = notification.owner
      (notification.receiver, notification.owner) = (receiver, new)
      return old
    }
    // Dropped outside the lock.
    _ = consume old
  }

  /// Sets the flags of an open file that may change.
  private func setFlags(_ flags: OpenFlags, of file: OpenFile, _ descriptor: Int32) throws(Errno) {
    let isBegun = flags.contains(.O_ASYNC) && !file.flags.contains(.O_ASYNC)
    try file.setFlags(flags, by: Descriptor(rawValue: descriptor))
    // A terminal belongs to those who are in its foreground, or else to who asks. Source: Linux drivers/tty/tty_io.c, `__tty_fasync`.
    guard isBegun, let group = file.defaultOwnerGroup, file.notification.withLock({ $0.owner == nil }) else { return }
    // A group that has gone meanwhile is nobody.
    try? setOwner(of: file, group > 0 ? .group : .process, group > 0 ? group : task.processIdentifier)
  }

  /// ioctl(2)
  func ioctl(_ descriptor: Int32, _ request: Int64, _ argument: UInt64) throws(Errno) -> Int {
    let file = try usableFile(descriptor)
    switch IoctlRequest(rawValue: request) {
    case .FIOCLEX: try task.files.setClosesOnExecution(Descriptor(rawValue: descriptor), true)
    case .FIONCLEX: try task.files.setClosesOnExecution(Descriptor(rawValue: descriptor), false)
    case .FIONBIO: try change(.O_NONBLOCK, of: file, descriptor, UserPointer<Int32>(argument))
    case .FIOASYNC: try change(.O_ASYNC, of: file, descriptor, UserPointer<Int32>(argument))
    case .FIONREAD where file.inode.kind == .regular:
      let rest = try file.endOffset() - file.offset
      try UserPointer<Int32>(argument).store(Int32(truncatingIfNeeded: rest))
    case .FIOQSIZE:
      switch file.inode.kind {
      case .regular, .directory, .symbolicLink:
        try UserPointer<Int64>(argument).store(file.inode.currentAttributes().size)
      default: throw .ENOTTY
      }
    default: return try file.control(UInt32(truncatingIfNeeded: request), argument)
    }
    return 0
  }

  /// Sets a flag of an open file if the int is not 0, otherwise clears it.
  ///
  /// - Throws: `ENOTTY` when O_ASYNC would change what cannot tell of anything.
  private func change(
    _ flag: OpenFlags, of file: OpenFile, _ descriptor: Int32, _ value: UserPointer<Int32>
  ) throws(Errno) {
    let flags = file.flags
    let new = try value.load() != 0 ? flags.union(flag) : flags.subtracting(flag)
    guard new != flags else { return }
    if flag == .O_ASYNC, file.readinessSignals == .none { throw .ENOTTY }
    try setFlags(new, of: file, descriptor)
  }
}
