public import Foundations
import Machine
import Security
public import Terminals
public import VFS

/// The file system of pseudo terminals, devpts: /dev/pts. Each has its own terminals, numbered from 0.
///
/// Source: pts(4); Linux Documentation/filesystems/devpts.rst.
public final class PseudoTerminalFileSystem: FileSystem {
  /// A slave's inode is known for as long as its master is open.
  private struct Slaves: ~Copyable {
    var list = GrowableArray<PseudoTerminalSlave?>()
    var count = 0
    var options: PseudoTerminalOptions
  }

  /// The terminals.
  public let terminals: PseudoTerminals
  private let slaves: SpinLock<Slaves>

  /// Creates a file system without terminals.
  public init(
    names: DentryCache, clock: FileClock, options: PseudoTerminalOptions = PseudoTerminalOptions(),
    jobControl: TerminalJobControl
  ) {
    terminals = PseudoTerminals(jobControl: jobControl)
    slaves = SpinLock(Slaves(options: options))
    // DEVPTS_SUPER_MAGIC of linux/magic.h.
    super.init(typeName: "devpts", magic: 0x1cd1, names: names, clock: clock)
  }

  /// Names come with masters, and go with them.
  public override var isVolatile: Bool { true }

  /// Makes a mount of the file system that is nowhere yet.
  ///
  /// - Throws: `ENOMEM`.
  public func makeMount(_ restrictions: MountRestrictions = []) throws(Errno) -> Mount {
    Mount(self, root: try makeRoot(PseudoTerminalDirectory(self)), restrictions)
  }

  /// What it was mounted with.
  public var options: PseudoTerminalOptions { slaves.withLock { $0.options } }

  /// Changes what it was mounted with, for terminals that are opened from then on. MS_REMOUNT.
  public func setOptions(_ options: PseudoTerminalOptions, of mount: Mount) {
    slaves.withLock { $0.options = options }
    guard let directory = mount.root.inode as? PseudoTerminalDirectory else { return }
    directory.master.attributes.withLock { $0.permissions = options.masterPermissions }
  }

  // MARK: Terminals

  /// Opens a new terminal, whose slave is reached by `mount`.
  ///
  /// - Throws: `ENOSPC` when there are too many, `ENOMEM`.
  func openMaster(_ request: OpenRequest, _ inode: Inode, mount: Mount) throws(Errno) -> OpenFile {
    try ObjectMemory.check()
    let options = options
    let new = try terminals.openMaster()
    let file = NewFile(
      .characterDevice, permissions: options.permissions,
      user: options.user ?? request.credentials.users.fileSystem,
      group: options.group ?? request.credentials.groups.fileSystem,
      device: DeviceNumber(PseudoTerminals.slaveMajor, UInt32(truncatingIfNeeded: new.number)))
    let slave = PseudoTerminalSlave(self, file)
    try slaves.withLock { slaves throws(Errno) in
      guard slaves.count < options.limit else { throw .ENOSPC }
      while slaves.list.count <= new.number { try slaves.list.append(nil) }
      slaves.list[new.number] = slave
      slaves.count += 1
    }
    do throws(Errno) {
      return try PseudoTerminalFile(request, inode, new, slave, mount)
    } catch {
      forget(slave)
      throw error
    }
  }

  /// The slave with this number; nil when there is none.
  func slave(_ number: Int) -> PseudoTerminalSlave? {
    slaves.withLock { number >= 0 && number < $0.list.count ? $0.list[number] : nil }
  }

  /// The first slave that has this number or a higher one.
  func slave(from number: Int) -> PseudoTerminalSlave? {
    slaves.withLock { slaves in
      var number = max(number, 0)
      while number < slaves.list.count {
        if let slave = slaves.list[number] { return slave }
        number += 1
      }
      return nil
    }
  }

  /// Takes the name of `slave` away, if it has it still.
  func forget(_ slave: PseudoTerminalSlave) {
    let number = slave.terminalNumber
    slaves.withLock { slaves in
      guard number < slaves.list.count, slaves.list[number] === slave else { return }
      slaves.list[number] = nil
      slaves.count -= 1
    }
  }
}
