public import Foundations
import Security
public import Terminals
public import VFS

/// Opens one terminal, whatever its name is: a serial port, a screen, the console.
public final class TerminalOpener: SpecialFileOpener {
  /// Whether opening it may make it the controlling terminal of a session.
  public enum Control: Sendable {
    /// Of the leader of a session that has none.
    case allowed
    /// Never: by the name of the console, and of the screen that is shown. Source: Linux, tty_open.
    case refused
  }

  private let terminal: Terminal
  private let control: Control

  /// Creates an opener of `terminal`.
  public init(_ terminal: Terminal, control: Control = .allowed) {
    (self.terminal, self.control) = (terminal, control)
  }

  public override func open(_ request: OpenRequest, _ inode: Inode) throws(Errno) -> OpenFile {
    try ObjectMemory.check()
    return try TerminalFile(
      request, inode, terminal, mayControl: control == .allowed, hangUp: control == .allowed ? .ends : .passes)
  }
}

/// Opens the terminal of whoever opens it: /dev/tty. Source: tty(4).
public final class ControllingTerminalOpener: SpecialFileOpener {
  private let jobControl: TerminalJobControl

  /// Creates an opener, which asks `jobControl` who the caller is.
  public init(_ jobControl: TerminalJobControl) { self.jobControl = jobControl }

  /// - Throws: `ENXIO` for a process without a controlling terminal.
  public override func open(_ request: OpenRequest, _ inode: Inode) throws(Errno) -> OpenFile {
    guard let terminal = jobControl.caller.terminal else { throw .ENXIO }
    try ObjectMemory.check()
    return try TerminalFile(request, inode, terminal, mayControl: false)
  }
}

/// Opens a new pseudo terminal of the devpts that is mounted at `pts` beside the device: /dev/ptmx. Source: pts(4), Linux
/// Documentation/filesystems/devpts.rst.
public final class PseudoTerminalOpener: SpecialFileOpener {
  /// Creates an opener.
  public override init() {}

  /// - Throws: `ENODEV` when no devpts is there, `ENOSPC` when it has too many terminals.
  public override func open(_ request: OpenRequest, _ inode: Inode) throws(Errno) -> OpenFile {
    guard let namespace = request.namespace, let parent = request.path.dentry.parent else { throw .ENODEV }
    let directory = Path(mount: request.path.mount, dentry: parent)
    let actor = FileActor(.root, FileSystemContext(root: directory, directory: directory), namespace)
    let name: Message = "pts"
    guard let found = try? actor.find(name.bytes), found.dentry === found.mount.root,
      let fileSystem = found.mount.fileSystem as? PseudoTerminalFileSystem
    else { throw .ENODEV }
    return try fileSystem.openMaster(request, inode, mount: found.mount)
  }
}
