import Foundations
public import Machine
public import Security
public import VFS

public import struct LinuxABI.MessageFlags

/// Who a process is to the other side: `struct ucred`. Source: unix(7), SCM_CREDENTIALS.
public struct SocketIdentity: Equatable, Sendable {
  /// The process.
  public var process: Int32
  /// Its user.
  public var user: UInt32
  /// Its group.
  public var group: UInt32

  /// An identity of everything given.
  public init(process: Int32, user: UInt32, group: UInt32) {
    (self.process, self.user, self.group) = (process, user, group)
  }

  /// The real user and group of `credentials`, as a message says who sent it.
  public init(process: Int32, real credentials: borrowing Credentials) {
    (user, group) = (credentials.users.real.rawValue, credentials.groups.real.rawValue)
    self.process = process
  }

  /// The effective user and group of `credentials`, as SO_PEERCRED says who connected.
  public init(process: Int32, effective credentials: borrowing Credentials) {
    (user, group) = (credentials.users.effective.rawValue, credentials.groups.effective.rawValue)
    self.process = process
  }

  /// Nobody: SO_PEERCRED of a socket that is not connected.
  public static var nobody: SocketIdentity { SocketIdentity(process: 0, user: .max, group: .max) }
  /// What SCM_CREDENTIALS says of a message that was sent without: the overflow IDs of proc_sys_kernel(5).
  public static var unknown: SocketIdentity { SocketIdentity(process: 0, user: 65_534, group: 65_534) }
  /// The kernel, as what it sends says.
  public static var kernel: SocketIdentity { SocketIdentity(process: 0, user: 0, group: 0) }
}

/// What a family says of a message besides: a control message of its own. cmsg(3).
public struct SocketInformation: Sendable {
  /// Its level, which says whose it is.
  public let level: Int32
  /// Its type there.
  public let type: Int32
  /// Its bytes.
  public let value: SocketOptionValue

  /// Information of everything given.
  public init(level: Int32, type: Int32, _ value: SocketOptionValue) {
    (self.level, self.type, self.value) = (level, type, value)
  }
}

/// Who makes a call on a socket.
public struct SocketCaller {
  /// Its rights and its paths.
  public let actor: FileActor
  /// The number of its process.
  public let process: Int32
  /// How many files its user may have under way; nil for as many as it likes. RLIMIT_NOFILE.
  public let fileLimit: UInt64?

  /// A caller of everything given.
  public init(_ actor: FileActor, process: Int32, fileLimit: UInt64?) {
    (self.actor, self.process, self.fileLimit) = (actor, process, fileLimit)
  }

  /// Who it is in messages.
  public var identity: SocketIdentity { SocketIdentity(process: process, real: actor.credentials) }
  /// Who it is to those that it connects to.
  public var effectiveIdentity: SocketIdentity { SocketIdentity(process: process, effective: actor.credentials) }
}

/// What goes with the bytes of one message, to a socket or from one. sendmsg(2), recvmsg(2).
public struct SocketMessage: ~Copyable {
  /// The flags of the call; when it was received, what the call tells of it: MSG_TRUNC.
  public var flags: MessageFlags
  /// Where to or where from; empty for nowhere.
  public var address = SocketAddress()
  /// Files to send. SCM_RIGHTS.
  public var files = GrowableArray<OpenFile>()
  /// Who sends it, if the program says so itself, and when it was received who did. SCM_CREDENTIALS.
  public var identity: SocketIdentity?
  /// What its family said of it when it was received.
  public var information: SocketInformation?
  /// The files that came with it; they count as under way until the message is dropped.
  private var arrived: ArrivedFiles?

  /// A message without anything.
  public init(_ flags: MessageFlags = []) { self.flags = flags }

  /// How many files came.
  public var arrivedCount: Int { arrived?.count ?? 0 }

  /// File number `index` that came, 0..<arrivedCount.
  public func arrivedFile(_ index: Int) -> OpenFile {
    guard let arrived else { fatalError("no file came") }
    return arrived.file(index)
  }

  /// Takes note of the files that came.
  mutating func receive(_ files: consuming FilesUnderWay) {
    guard !files.isEmpty else { return }
    arrived = ArrivedFiles(files)
  }
}

/// Files that came with a message: an object, since what frees them is this module's own.
final class ArrivedFiles {
  private let files: FilesUnderWay

  init(_ files: consuming FilesUnderWay) { self.files = files }

  var count: Int { files.count }

  func file(_ index: Int) -> OpenFile { files.file(index) }
}
