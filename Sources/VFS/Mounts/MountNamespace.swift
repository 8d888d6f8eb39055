public import Foundations
import Machine
import Synchronization
import Waiting

/// A tree of mounts, which processes share.
public final class MountNamespace {
  private struct State: ~Copyable {
    /// All mounts, each behind the one that it lies upon.
    var mounts = GrowableArray<Mount>()
  }

  private let state = SpinLock(State())
  /// Held while the tree changes in more than one step.
  private let changing = SleepLock()
  /// More mounts than there may be (`/proc/sys/fs/mount-max`).
  private static let limit = 100_000

  /// Whether links that somebody may have put where everybody can write are not followed, and files and FIFOs there not taken
  /// for one's own. Source: proc_sys_fs(5), protected_symlinks, protected_fifos, protected_regular.
  let protectsSharedDirectories: Bool

  /// Creates a tree whose root is `root`.
  ///
  /// - Parameter protectsSharedDirectories: whether links, files and FIFOs of others in sticky directories are refused; false for a machine that trusts all who can write to a sticky directory.
  /// - Throws: `ENOMEM`.
  public init(root: Mount, protectsSharedDirectories: Bool = true) throws(Errno) {
    self.protectsSharedDirectories = protectsSharedDirectories
    try state.withLock { state throws(Errno) in try state.mounts.append(root) }
  }

  /// The root of the tree.
  public var root: Mount { state.withLock { $0.mounts[0] } }

  /// How many mounts there are.
  public var count: Int { state.withLock { $0.mounts.count } }

  /// Mount number `index`, in the order in which they were made; nil behind the last.
  public subscript(index: Int) -> Mount? { state.withLock { index < $0.mounts.count ? $0.mounts[index] : nil } }

  /// Whether `mount` is in this tree.
  public func contains(_ mount: Mount) -> Bool {
    state.withLock { state in
      for index in 0..<state.mounts.count where state.mounts[index] === mount { return true }
      return false
    }
  }

  /// The topmost mount upon `path`, or `path` itself.
  @inline(__always)
  func top(of path: Path) -> Path {
    guard path.dentry.mountCount.load(ordering: .acquiring) > 0 else { return path }
    return mounted(on: path)
  }

  @inline(never)
  private func mounted(on path: Path) -> Path {
    var path = path
    while path.dentry.mountCount.load(ordering: .acquiring) > 0 {
      let found: Mount? = state.withLock { state in
        // The last is the topmost.
        var index = state.mounts.count
        while index > 0 {
          index -= 1
          let mount = state.mounts[index]
          if mount.place.withLock({ $0.parent === path.mount && $0.point === path.dentry }) { return mount }
        }
        return nil
      }
      guard let found else { return path }
      path = found.rootPath
    }
    return path
  }

  // MARK: Changing

  /// Puts `mount` upon `point`, and upon what is mounted there.
  ///
  /// - Throws: `ENOENT` when the name was removed, `ENOTDIR` when only one of both is a directory, `EINVAL` when the
  ///   place is not in this tree, `ENOSPC` when there are too many, `ENOMEM`.
  public func attach(_ mount: Mount, at point: Path) throws(Errno) {
    changing.lock()
    defer { changing.unlock() }
    try attachLocked(mount, at: point)
  }

  private func attachLocked(_ mount: Mount, at point: Path) throws(Errno) {
    let point = top(of: point)
    guard contains(point.mount) else { throw .EINVAL }
    guard (point.dentry.inode?.kind == .directory) == (mount.root.inode?.kind == .directory) else { throw .ENOTDIR }
    guard !point.dentry.isRemoved else { throw .ENOENT }
    guard count < Self.limit else { throw .ENOSPC }
    mount.place.withLock { ($0.parent, $0.point) = (point.mount, point.dentry) }
    do throws(Errno) {
      try state.withLock { state throws(Errno) in try state.mounts.append(mount) }
    } catch {
      Self.clear(mount)
      throw error
    }
    point.dentry.mountCount.wrappingAdd(1, ordering: .releasing)
  }

  /// Lets go of where a mount was, outside its lock.
  private static func clear(_ mount: Mount) {
    let old = mount.place.withLock { place in (place.parent.take(), place.point.take()) }
    _ = old
  }

  /// Takes `mount` out of the tree.
  ///
  /// - Parameter isLazy: whether mounts upon it go with it, whoever uses it. MNT_DETACH.
  /// - Throws: `EBUSY` for the root of the tree, or while something is mounted upon it or uses it, `EINVAL` when it is
  ///   not in this tree.
  public func detach(_ mount: Mount, isLazy: Bool) throws(Errno) {
    changing.lock()
    defer { changing.unlock() }
    guard contains(mount) else { throw .EINVAL }
    guard mount !== root else { throw .EBUSY }
    if !isLazy {
      guard !hasChildren(mount), !mount.isUsed else { throw .EBUSY }
    }
    while let child = topChild(of: mount) { remove(child) }
    remove(mount)
  }

  private func hasChildren(_ mount: Mount) -> Bool { topChild(of: mount) != nil }

  /// The last mount that lies upon `mount`, directly or not, and upon which nothing lies.
  private func topChild(of mount: Mount) -> Mount? {
    var index = count
    while index > 0 {
      index -= 1
      guard let candidate = self[index], candidate !== mount else { continue }
      if Self.isUpon(candidate, mount) { return candidate }
    }
    return nil
  }

  /// Calls `body` with each mount that lies upon `mount`, directly or not, and with `mount` itself.
  func forEachMount(upon mount: Mount, _ body: (Mount) -> Void) {
    var index = 0
    while let candidate = self[index] {
      if Self.isUpon(candidate, mount) { body(candidate) }
      index += 1
    }
  }

  private static func isUpon(_ mount: Mount, _ other: Mount) -> Bool {
    var current: Mount? = mount
    while let mount = current {
      if mount === other { return true }
      current = mount.point?.mount
    }
    return false
  }

  private func remove(_ mount: Mount) {
    let point = mount.point
    let removed: Mount? = state.withLock { state in
      for index in 0..<state.mounts.count where state.mounts[index] === mount { return state.mounts.remove(at: index) }
      return nil
    }
    guard removed != nil else { return }
    point?.dentry.mountCount.wrappingSubtract(1, ordering: .releasing)
    Self.clear(mount)
  }

  /// Makes `path` appear at `point` too. MS_BIND.
  ///
  /// - Parameter isRecursive: whether what is mounted below comes along. MS_REC.
  /// - Throws: as `attach`.
  public func bind(_ path: Path, at point: Path, isRecursive: Bool) throws(Errno) -> Mount {
    changing.lock()
    defer { changing.unlock() }
    guard path.mount.propagation != .unbindable, contains(path.mount) else { throw .EINVAL }
    let copy = Mount(path.mount.fileSystem, root: path.dentry, path.mount.restrictions)
    copy.source = path.mount.source
    try attachLocked(copy, at: point)
    guard isRecursive else { return copy }
    var pairs = GrowableArray<(Mount, Mount)>()
    do throws(Errno) {
      try pairs.append((path.mount, copy))
      let end = count - 1
      for index in 0..<end {
        guard let child = self[index], child !== copy, let place = child.point, child.propagation != .unbindable else {
          continue
        }
        guard let parent = Self.copy(of: place.mount, in: pairs) else { continue }
        if place.mount === path.mount && !place.dentry.isInside(path.dentry) { continue }
        let childCopy = Mount(child.fileSystem, root: child.root, child.restrictions)
        childCopy.source = child.source
        try attachLocked(childCopy, at: Path(mount: parent, dentry: place.dentry))
        try pairs.append((child, childCopy))
      }
    } catch {
      while let child = topChild(of: copy) { remove(child) }
      remove(copy)
      throw error
    }
    return copy
  }

  private static func copy(of mount: Mount, in pairs: borrowing GrowableArray<(Mount, Mount)>) -> Mount? {
    for index in 0..<pairs.count where pairs[index].0 === mount { return pairs[index].1 }
    return nil
  }

  /// Moves `mount` to `point`. MS_MOVE.
  ///
  /// - Throws: `EINVAL` for the root of the tree, `ELOOP` into itself; as `attach`.
  public func move(_ mount: Mount, to point: Path) throws(Errno) {
    changing.lock()
    defer { changing.unlock() }
    let point = top(of: point)
    guard let old = mount.point, contains(mount) else { throw .EINVAL }
    if Self.isUpon(point.mount, mount) { throw .ELOOP }
    remove(mount)
    do throws(Errno) {
      try attachLocked(mount, at: point)
    } catch {
      // There was room a moment ago, and nobody else changes the tree.
      try? attachLocked(mount, at: old)
      throw error
    }
  }

  /// Makes `newRoot` the root of the tree, and puts the old root at `oldPlace`, which is below the new root.
  /// pivot_root(2).
  ///
  /// - Throws: `EINVAL` when `newRoot` is not the root of a mount or `oldPlace` is not below it, `EBUSY` when it is the
  ///   root already.
  public func pivot(to newRoot: Path, oldPlace: Path) throws(Errno) {
    changing.lock()
    defer { changing.unlock() }
    let oldRoot = root
    guard newRoot.dentry === newRoot.mount.root, contains(newRoot.mount) else { throw .EINVAL }
    guard newRoot.mount !== oldRoot, oldPlace.mount !== oldRoot else { throw .EBUSY }
    guard Self.isUpon(oldPlace.mount, newRoot.mount), oldPlace.dentry.isInside(oldPlace.mount.root) else {
      throw .EINVAL
    }
    guard oldPlace.dentry.inode?.kind == .directory else { throw .ENOTDIR }
    let oldPoint = newRoot.mount.point
    Self.clear(newRoot.mount)
    oldPoint?.dentry.mountCount.wrappingSubtract(1, ordering: .releasing)
    oldRoot.place.withLock { ($0.parent, $0.point) = (oldPlace.mount, oldPlace.dentry) }
    oldPlace.dentry.mountCount.wrappingAdd(1, ordering: .releasing)
    state.withLock { state in
      for index in 0..<state.mounts.count where state.mounts[index] === newRoot.mount {
        let mount = state.mounts.remove(at: index)
        // Fits: one was just taken out.
        try? state.mounts.insert(mount, at: 0)
        break
      }
    }
  }
}
