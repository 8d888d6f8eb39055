public import Foundations
import Machine
public import Terminals
public import VFS

/// The type `devpts`, for mount(2): each mount of it is a file system of its own.
///
/// Source: Linux Documentation/filesystems/devpts.rst.
public final class PseudoTerminalFileSystemType: FileSystemType {
  private let names: DentryCache
  private let clock: FileClock
  private let jobControl: TerminalJobControl

  /// A type whose terminals ask `jobControl` about processes.
  public init(names: DentryCache, clock: FileClock, jobControl: TerminalJobControl) {
    (self.names, self.clock, self.jobControl) = (names, clock, jobControl)
    super.init("devpts")
  }

  /// - Throws: `EINVAL` for options that it does not have, `ENOMEM`.
  public override func makeMount(
    _ source: Span<UInt8>, options: Span<UInt8>, by actor: FileActor, _ restrictions: MountRestrictions
  ) throws(Errno) -> Mount {
    var wanted = PseudoTerminalOptions()
    try wanted.apply(options)
    try ObjectMemory.check()
    let fileSystem = PseudoTerminalFileSystem(names: names, clock: clock, options: wanted, jobControl: jobControl)
    return try fileSystem.makeMount(restrictions)
  }
}
