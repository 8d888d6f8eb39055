import Foundations
import LinuxABI
import Machine
import PageCache
import Security
import VFS

@testable import RAMFileSystem

/// A clock that ticks with each look at it.
final class TickingClock: FileClock {
  private let seconds = SpinLock<Int64>(1_000)
  override var now: FileTime {
    FileTime(
      seconds: seconds.withLock {
        $0 += 1
        return $0
      }, nanoseconds: 0)
  }
}

/// A machine with a memory file system, and somebody who uses it.
final class World {
  let cache: PageCache
  let names: DentryCache
  let fileSystem: RAMFileSystem
  let namespace: MountNamespace
  let context: FileSystemContext
  var credentials = Credentials.root

  init(
    _ limits: RAMFileSystem.Limits = .init(), permissions: UInt16 = 0o777, bucketCount: Int = 64,
    protectsSharedDirectories: Bool = true
  )
    throws(Errno)
  {
    cache = try PageCache(frameCount: SimulatedMemory.frameCount, waiting: PageWaiting())
    names = try DentryCache(bucketCount: bucketCount)
    fileSystem = RAMFileSystem(names: names, clock: TickingClock(), cache: cache, limits)
    let root = try fileSystem.makeMount(permissions: permissions)
    namespace = try MountNamespace(root: root, protectsSharedDirectories: protectsSharedDirectories)
    context = FileSystemContext(root: root.rootPath, directory: root.rootPath)
  }

  var actor: FileActor { FileActor(credentials, context, namespace) }

  func find(_ path: String, followsLink: Bool = true) throws(Errno) -> Path {
    let bytes = Array(path.utf8)
    return try actor.find(bytes.span, followsLink: followsLink)
  }

  func open(_ path: String, _ flags: OpenFlags = [], permissions: UInt16 = 0o666) throws(Errno) -> OpenFile {
    let bytes = Array(path.utf8)
    return try actor.open(bytes.span, flags, permissions: permissions)
  }

  func makeDirectory(_ path: String, permissions: UInt16 = 0o755) throws(Errno) {
    let bytes = Array(path.utf8)
    try actor.makeDirectory(bytes.span, permissions: permissions)
  }

  func remove(_ path: String, _ removal: FileActor.Removal = .file) throws(Errno) {
    let bytes = Array(path.utf8)
    try actor.remove(bytes.span, removal)
  }
}

func withWorld<Result>(
  _ limits: RAMFileSystem.Limits = .init(), protectsSharedDirectories: Bool = true, _ body: (World) throws -> Result
) throws -> Result {
  try SimulatedMemory.exclusive { try body(World(limits, protectsSharedDirectories: protectsSharedDirectories)) }
}

extension OpenFile {
  /// All names with the numbers of their kinds, in order.
  func names() throws(Errno) -> [String] {
    var result: [String] = []
    try readEntries { name, _, kind, _ throws(Errno) in
      var bytes: [UInt8] = []
      for index in name.indices { bytes.append(name[index]) }
      result.append(String(decoding: bytes, as: UTF8.self) + ":\(kind.rawValue)")
      return true
    }
    return result
  }
}

extension GrowableArray where Element == UInt8 {
  var text: String {
    var bytes: [UInt8] = []
    for index in 0..<count { bytes.append(self[index]) }
    return String(decoding: bytes, as: UTF8.self)
  }
}

enum RAMWorld {
  /// Another file system beside the world's own.
  static func fileSystem(_ world: World) -> RAMFileSystem {
    RAMFileSystem(names: world.names, clock: TickingClock(), cache: world.cache)
  }
}
