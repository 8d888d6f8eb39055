import Foundations
import Machine
public import Security

/// Where a process's paths begin, and what new files may not have. Shared by CLONE_FS.
public final class FileSystemContext {
  struct State: ~Copyable {
    var root: Path
    var directory: Path
    var mask: UInt16
  }

  let state: SpinLock<State>

  /// Creates a context.
  public init(root: Path, directory: Path, mask: UInt16 = 0o022) {
    root.mount.beginUse()
    directory.mount.beginUse()
    state = SpinLock(State(root: root, directory: directory, mask: mask))
  }

  deinit {
    let (root, directory) = state.withLock { ($0.root, $0.directory) }
    root.mount.endUse()
    directory.mount.endUse()
  }

  /// A context of its own that begins like this one. fork(2).
  public func copy() -> FileSystemContext {
    let (root, directory, mask) = state.withLock { ($0.root, $0.directory, $0.mask) }
    return FileSystemContext(root: root, directory: directory, mask: mask)
  }

  /// The root directory.
  public var root: Path { state.withLock { $0.root } }

  /// The working directory.
  public var directory: Path { state.withLock { $0.directory } }

  /// The permissions that new files do not get.
  public var mask: UInt16 { state.withLock { $0.mask } }

  /// Sets the permissions that new files do not get. umask(2).
  ///
  /// - Returns: those before.
  public func setMask(_ mask: UInt16) -> UInt16 {
    state.withLock { state in
      let old = state.mask
      state.mask = mask & 0o777
      return old
    }
  }

  /// Sets the root directory. chroot(2), without its checks.
  public func setRoot(_ root: Path) {
    root.mount.beginUse()
    let old = state.withLock { state in
      let old = state.root
      state.root = root
      return old
    }
    old.mount.endUse()
  }

  /// Sets the working directory. chdir(2), without its checks.
  public func setDirectory(_ directory: Path) {
    directory.mount.beginUse()
    let old = state.withLock { state in
      let old = state.directory
      state.directory = directory
      return old
    }
    old.mount.endUse()
  }
}

extension FileSystemContext {
  /// Goes from `old` to `new` with the root and the working directory, if they are there. pivot_root(2).
  public func replace(_ old: Path, by new: Path) {
    let (isRoot, isDirectory) = state.withLock { ($0.root.isSame(as: old), $0.directory.isSame(as: old)) }
    if isRoot { setRoot(new) }
    if isDirectory { setDirectory(new) }
  }
}

/// Who uses files: with whose rights, from where, in which tree of mounts. All calls that take paths are methods of it.
///
/// It never changes: who gets other rights gets another actor.
public final class FileActor {
  /// With whose rights.
  public let credentials: Credentials
  /// Where paths begin.
  public let context: FileSystemContext
  /// The tree of mounts.
  public let namespace: MountNamespace

  /// An actor of everything given.
  public init(_ credentials: Credentials, _ context: FileSystemContext, _ namespace: MountNamespace) {
    (self.credentials, self.context, self.namespace) = (credentials, context, namespace)
  }
}
