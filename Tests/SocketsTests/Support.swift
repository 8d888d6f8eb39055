import FileTestSupport
import Foundations
import LinuxABI
import Machine
import PageCache
import RAMFileSystem
import Security
import Sockets
import VFS

/// A machine with a memory file system and sockets.
final class World {
  let actor: FileActor
  let caller: SocketCaller

  init() throws(Errno) {
    let cache = try PageCache(frameCount: SimulatedMemory.frameCount, waiting: PageWaiting())
    let names = try DentryCache(bucketCount: 64)
    let root = try RAMFileSystem(names: names, clock: FixedClock(), cache: cache).makeMount(permissions: 0o755)
    let context = FileSystemContext(root: root.rootPath, directory: root.rootPath, mask: 0o022)
    actor = FileActor(.root, context, try MountNamespace(root: root))
    caller = SocketCaller(actor, process: 7, fileLimit: nil)
    try Sockets.start(names: names, clock: FixedClock(), callers: SocketCallers())
  }

  /// Somebody without rights, who may have `fileLimit` files under way.
  func stranger(fileLimit: UInt64? = nil) -> SocketCaller {
    let credentials = Credentials(user: UserID(rawValue: 1_000), group: GroupID(rawValue: 1_000))
    let actor = FileActor(credentials, actor.context, actor.namespace)
    return SocketCaller(actor, process: 8, fileLimit: fileLimit)
  }

  func make(_ type: SocketType, _ flags: OpenFlags = .O_NONBLOCK) throws(Errno) -> SocketFile {
    try Sockets.family(1).makeSocket(type, protocolNumber: 0, flags, by: caller)
  }

  func pair(_ type: SocketType, _ flags: OpenFlags = .O_NONBLOCK) throws(Errno) -> (SocketFile, SocketFile) {
    try Sockets.family(1).makePair(type, protocolNumber: 0, flags, by: caller)
  }

  /// A socket that listens at `name`.
  func listener(_ name: String, _ type: SocketType = .SOCK_STREAM, backlog: Int = 5) throws(Errno) -> SocketFile {
    let socket = try make(type)
    try socket.bind(.unix(name), by: caller)
    try socket.listen(backlog, by: caller)
    return socket
  }
}

func withWorld<Result>(_ body: (World) throws -> Result) throws -> Result {
  try SimulatedMemory.exclusive { try body(World()) }
}

extension SocketAddress {
  /// The address of AF_UNIX with `name`; `@` at its beginning stands for a zero byte.
  static func unix(_ name: String) -> SocketAddress {
    var bytes = Array(name.utf8)
    if bytes.first == 64 { bytes[0] = 0 }
    return SocketAddress(family: 1, bytes.span)
  }

  /// An address of `family` with nothing behind it.
  static func bare(_ family: UInt16) -> SocketAddress {
    let nothing: [UInt8] = []
    return SocketAddress(family: family, nothing.span)
  }

  /// What is behind the family.
  var text: String {
    var bytes: [UInt8] = []
    for index in 2..<max(2, count) { bytes.append(self.bytes[index] == 0 ? 64 : self.bytes[index]) }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// What a test receives.
struct Received: Equatable {
  var bytes: [UInt8] = []
  var length = 0
  var flags: MessageFlags = []
  var from = ""
  var identity: SocketIdentity?
}

extension SocketFile {
  @discardableResult
  func send(
    _ bytes: [UInt8], to name: String? = nil, files: [OpenFile] = [], identity: SocketIdentity? = nil,
    _ flags: MessageFlags = [], by caller: SocketCaller
  ) throws(Errno) -> Int {
    var message = SocketMessage(flags)
    if let name { message.address = .unix(name) }
    message.identity = identity
    for file in files { try message.files.append(file) }
    return try IOBuffer.withBuffer(draining: bytes.span) { buffer throws(Errno) in
      try send(&buffer, &message, by: caller)
    }
  }

  /// Receives a message; what came with it is given to `look`.
  func receive(
    _ count: Int, _ flags: MessageFlags = [], _ look: (borrowing SocketMessage) -> Void = { _ in }
  ) throws(Errno) -> Received {
    var message = SocketMessage(flags)
    var bytes = [UInt8](repeating: 0xee, count: count)
    var span = bytes.mutableSpan
    let moved = try IOBuffer.withBuffer(filling: &span) { buffer throws(Errno) in try receive(&buffer, &message) }
    look(message)
    return Received(
      bytes: Array(bytes[..<min(count, moved)]), length: moved, flags: message.flags, from: message.address.text,
      identity: message.identity)
  }

  /// Receives the files of a message.
  func receiveFiles(_ flags: MessageFlags = []) throws(Errno) -> [OpenFile] {
    var files: [OpenFile] = []
    _ = try receive(100, flags) { message in
      for index in 0..<message.arrivedCount { files.append(message.arrivedFile(index)) }
    }
    return files
  }
}
