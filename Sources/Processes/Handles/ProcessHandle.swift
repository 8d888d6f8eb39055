public import Foundations
import Machine
public import Security
public import VFS
public import Waiting

public import struct LinuxABI.OpenFlags

/// A process as an open file, which can be read when the process has ended. Source: pidfd_open(2).
public final class ProcessHandle: OpenFile {
  /// The process, also when it has been forgotten.
  public let process: Process

  init(_ request: OpenRequest, _ inode: Inode, _ process: Process) throws(Errno) {
    self.process = process
    try super.init(request, inode)
  }

  /// Whether it can be waited for.
  public override var canPoll: Bool { true }

  /// Ready when the process has ended.
  public override func poll() -> PollEvents {
    process.tree.hasEnded(process) ? [.input, .readNormal] : []
  }

  /// The queue that ends wake.
  public override func forEachWaitQueue(_ body: (borrowing WaitQueue) -> Void) { body(process.taskEnds) }
}

/// Where handles of processes come from.
public enum ProcessHandles {
  private static let fileSystem = BootCell<AnonymousFileSystem>()

  /// Makes it possible to make them.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: once, while booting.
  public static func start(names: DentryCache, clock: FileClock) throws(Errno) {
    // ANON_INODE_FS_MAGIC of linux/magic.h.
    let new = try AnonymousFileSystem(typeName: "anon_inodefs", magic: 0x0904_1934, names: names, clock: clock)
    fileSystem.fill(new)
  }

  /// Makes a handle of `process`.
  ///
  /// - Parameter flags: O_NONBLOCK.
  /// - Throws: `ENOMEM`; `ENODEV` before `start`.
  public static func open(
    _ process: Process, _ credentials: Credentials, _ flags: OpenFlags = []
  ) throws(Errno) -> ProcessHandle {
    guard let fileSystem = fileSystem.withValue({ $0 }) else { throw .ENODEV }
    let inode = Inode(fileSystem, number: fileSystem.takeNumber(), NewFile(.regular, permissions: 0o600))
    let name: Message = "anon_inode:[pidfd]"
    let path = try AnonymousFileSystem.makePath(to: inode, name: name.bytes)
    let kept = flags.intersection(.O_NONBLOCK).union(.O_RDWR)
    return try ProcessHandle(OpenRequest(path, kept, credentials), inode, process)
  }
}
