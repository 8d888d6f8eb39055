public import Foundations
import KernelEvents
import Machine
public import Security
public import VFS

public import enum LinuxABI.AddressFamily
public import struct LinuxABI.OpenFlags
public import enum LinuxABI.SocketType

/// A family of sockets: given to `Sockets.register`.
open class SocketFamily {
  /// Its number.
  public let number: AddressFamily

  /// Creates the family `number`.
  public init(_ number: AddressFamily) { self.number = number }

  /// Makes a socket. socket(2).
  ///
  /// - Parameter flags: O_NONBLOCK.
  /// - Throws: `EPROTONOSUPPORT`, `ESOCKTNOSUPPORT`, `EPERM`, `EACCES`, `ENOMEM`.
  open func makeSocket(
    _ type: SocketType, protocolNumber: Int32, _ flags: OpenFlags, by caller: SocketCaller
  ) throws(Errno) -> SocketFile { throw .EPROTONOSUPPORT }

  /// Makes two sockets that are connected to each other. socketpair(2).
  ///
  /// - Throws: `EOPNOTSUPP`, and as `makeSocket`.
  open func makePair(
    _ type: SocketType, protocolNumber: Int32, _ flags: OpenFlags, by caller: SocketCaller
  ) throws(Errno) -> (SocketFile, SocketFile) { throw .EOPNOTSUPP }
}

/// Who runs now, for messages that are written and not sent: write(2) does not say.
open class SocketCallers {
  /// Creates it.
  public init() {}

  /// The identity of the process that runs; nil outside of processes.
  open var current: SocketIdentity? { nil }
}

/// The kernel's sockets.
public enum Sockets {
  private struct State: ~Copyable {
    var families = GrowableArray<SocketFamily>()
  }

  private static let state = SpinLock(State())
  private static let fileSystem = BootCell<AnonymousFileSystem>()
  private static let callers = BootCell<SocketCallers>()

  /// Makes it possible to make sockets, registers AF_UNIX and AF_NETLINK, and listens for the kernel's events.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: once, while booting.
  public static func start(names: DentryCache, clock: FileClock, callers new: SocketCallers) throws(Errno) {
    // SOCKFS_MAGIC of linux/magic.h.
    fileSystem.fill(try AnonymousFileSystem(typeName: "sockfs", magic: 0x534f_434b, names: names, clock: clock))
    callers.fill(new)
    try UnixNames.start()
    try register(UnixFamily())
    try register(NetlinkFamily())
    KernelEvents.install(NetlinkEvents())
  }

  /// Adds a family, in place of one with its number.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: while booting.
  public static func register(_ family: SocketFamily) throws(Errno) {
    try state.withLock { state throws(Errno) in
      for index in 0..<state.families.count where state.families[index].number == family.number {
        state.families[index] = family
        return
      }
      try state.families.append(family)
    }
  }

  /// The family `number`.
  ///
  /// - Throws: `EAFNOSUPPORT`.
  public static func family(_ number: Int64) throws(Errno) -> SocketFamily {
    let found: SocketFamily? = state.withLock { state in
      for index in 0..<state.families.count where state.families[index].number.rawValue == number {
        return state.families[index]
      }
      return nil
    }
    guard let found else { throw .EAFNOSUPPORT }
    return found
  }

  /// Makes an inode for a socket, and what it is opened with.
  ///
  /// - Throws: `ENOMEM`; `ENFILE` before `start`.
  public static func makeInode(
    _ credentials: Credentials, _ flags: OpenFlags
  ) throws(Errno) -> (request: OpenRequest, inode: Inode) {
    guard let fileSystem = fileSystem.withValue({ $0 }) else { throw .ENFILE }
    try ObjectMemory.check()
    let new = NewFile(
      .socket, permissions: 0o777, user: credentials.users.fileSystem, group: credentials.groups.fileSystem)
    let inode = Inode(fileSystem, number: fileSystem.takeNumber(), new)
    let path = try AnonymousFileSystem.makePath(to: inode, prefix: "socket")
    return (OpenRequest(path, flags.intersection(.O_NONBLOCK).union(.O_RDWR), credentials), inode)
  }

  /// Who runs now.
  static var currentIdentity: SocketIdentity? { callers.withValue { $0.current } ?? nil }
}
