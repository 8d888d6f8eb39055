import BootInformation
import DeviceFileSystem
import Events
import Foundations
import IPC
import InitialFileSystem
import Machine
import PageCache
import PageFrames
import Processes
import RAMFileSystem
import Security
import Sockets
import SystemCalls
import VFS

/// The file systems that there are from the beginning: the root in memory, and that of devices.
struct RootFileSystem {
  /// Names in memory, for all file systems.
  let names: DentryCache
  /// As whom the kernel makes files.
  let actor: FileActor
  /// /dev, to be mounted there by the first program.
  let devices: DeviceFileSystem

  /// How many chains the cache of names has.
  private static let chainCount = 8_192

  /// Makes them. In the root there is what Linux's own has: a console for the first program.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: once, at boot.
  init(_ cache: PageCache) throws(Errno) {
    let clock = FileClock()
    names = try DentryCache(bucketCount: Self.chainCount)
    let root = try RAMFileSystem(names: names, clock: clock, cache: cache).makeMount(permissions: 0o755)
    let context = FileSystemContext(root: root.rootPath, directory: root.rootPath)
    actor = FileActor(.root, context, try MountNamespace(root: root))
    devices = try DeviceFileSystem(names: names, clock: clock, cache: cache)
    try Pipes.start(names: names, clock: clock)
    try EventFiles.start(names: names, clock: clock)
    try Sockets.start(names: names, clock: clock, callers: TaskSocketCallers())
    MemoryFiles.start(names: names, clock: clock, cache: cache)
    try SignalDescriptors.start(names: names, clock: clock)
    let pageCount = UInt64(FrameAllocator.figures.managedCount)
    for kind in [RAMFileSystemType.Kind.limited, .unlimited] {
      let type = RAMFileSystemType(kind, names: names, clock: clock, cache: cache, pageCount: pageCount)
      try FileSystemTypes.register(type)
    }
    try FileSystemTypes.register(DeviceFileSystemType(devices))
    let (directory, console, home): (Message, Message, Message) = ("/dev", "/dev/console", "/root")
    try actor.makeDirectory(directory.bytes, permissions: 0o755)
    let number = DeviceNumber(5, 1)
    _ = try actor.makeNode(console.bytes, .characterDevice, permissions: 0o600, device: number)
    try actor.makeDirectory(home.bytes, permissions: 0o700)
  }

  /// What the first process has besides its program.
  var resources: TaskResources {
    TaskResources(
      files: DescriptorTable(), context: actor.context.copy(), namespace: actor.namespace, credentials: .root)
  }
}
