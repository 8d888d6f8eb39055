import FileTestSupport
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
    let root = try RAMFileSystem(names: names, clock: FixedClock(), cache: cache).makeMount()
    let context = FileSystemContext(root: root.rootPath, directory: root.rootPath)
    actor = FileActor(.root, context, try MountNamespace(root: root))
    pipes = try PipeMaker(names: names, clock: FixedClock())
    inodes = try AnonymousInodes(names: names, clock: FixedClock())
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

func withWorld<Result>(_ body: (World) throws -> Result) throws -> Result {
  try SimulatedMemory.exclusive { try body(World()) }
}
