public import Foundations
import LinuxABI
import Machine
public import PageCache
import Security
public import VFS

/// Files without a name, in memory: memfd_create(2).
public enum MemoryFiles {
  private static let fileSystem = BootCell<RAMFileSystem>()

  /// Makes it possible to make such files.
  ///
  /// - Context: once, while booting.
  public static func start(names: DentryCache, clock: FileClock, cache: PageCache) {
    fileSystem.fill(RAMFileSystem(names: names, clock: clock, cache: cache))
  }

  /// Whether and how a file can be sealed, and executed.
  public enum Sealing: Sendable {
    /// It cannot.
    case forbidden
    /// It can.
    case allowed
    /// It can, and it can never be executed.
    case withoutExecution
  }

  /// Makes a file that is open to read and write.
  ///
  /// - Parameter name: what /proc tells, behind "memfd:".
  /// - Throws: `ENOMEM`; `ENFILE` before `start`.
  public static func makeFile(
    _ name: Span<UInt8>, by actor: FileActor, _ sealing: Sealing
  ) throws(Errno) -> OpenFile {
    guard let fileSystem = fileSystem.withValue({ $0 }) else { throw .ENFILE }
    try ObjectMemory.check()
    var seals: SealFlags = .F_SEAL_SEAL
    if sealing != .forbidden { seals = sealing == .withoutExecution ? .F_SEAL_EXEC : [] }
    let credentials = actor.credentials
    let new = NewFile(
      .regular, permissions: sealing == .withoutExecution ? 0o666 : 0o777, user: credentials.users.fileSystem,
      group: credentials.groups.fileSystem)
    let inode = try fileSystem.makeUnnamed(new, seals)
    var text = GrowableArray<UInt8>()
    for byte in "memfd:".utf8 { try text.append(byte) }
    for index in name.indices { try text.append(name[index]) }
    let path = try AnonymousFileSystem.makePath(to: inode, name: text.span)
    return try actor.open(path, [.O_RDWR, .O_LARGEFILE], isNew: true)
  }
}
