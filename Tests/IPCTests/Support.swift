import Foundations
import LinuxABI
import Machine
import PageCache
import RAMFileSystem
import Security
import VFS

@testable import IPC

/// A machine with a memory file system, pipes and event counters. There is one FIFO opener on it.
final class World {
  let cache: PageCache
  let names: DentryCache
  let actor: FileActor
  let pipes: PipeMaker
  let inodes: AnonymousInodes

  init() throws(Errno) {
    cache = try PageCache(frameCount: SimulatedMemory.frameCount, waiting: PageWaiting())
    names = try DentryCache(bucketCount: 64)
    let root = try RAMFileSystem(names: names, clock: ZeroClock(), cache: cache).makeMount()
    let context = FileSystemContext(root: root.rootPath, directory: root.rootPath)
    actor = FileActor(.root, context, try MountNamespace(root: root))
    pipes = try PipeMaker(names: names, clock: ZeroClock())
    inodes = try AnonymousInodes(names: names, clock: ZeroClock())
    SpecialFiles.setFIFOOpener(FIFOOpener())
  }

  func makePipe(_ flags: OpenFlags = []) throws(Errno) -> (reader: OpenFile, writer: OpenFile) {
    try pipes.makePipe(.root, flags)
  }

  func open(_ path: String, _ flags: OpenFlags) throws(Errno) -> OpenFile {
    let bytes = Array(path.utf8)
    return try actor.open(bytes.span, flags)
  }
}

private final class ZeroClock: FileClock {
  override var now: FileTime { FileTime(seconds: 0, nanoseconds: 0) }
}

func withWorld<Result>(_ body: (World) throws -> Result) throws -> Result {
  try SimulatedMemory.exclusive { try body(World()) }
}

extension OpenFile {
  func write(_ bytes: [UInt8]) throws(Errno) -> Int {
    try IOBuffer.withBuffer(draining: bytes.span) { buffer throws(Errno) in try write(&buffer) }
  }

  func read(_ count: Int) throws(Errno) -> [UInt8] {
    var bytes = [UInt8](repeating: 0xee, count: count)
    var span = bytes.mutableSpan
    let moved = try IOBuffer.withBuffer(filling: &span) { buffer throws(Errno) in try read(&buffer) }
    return Array(bytes[..<moved])
  }
}
