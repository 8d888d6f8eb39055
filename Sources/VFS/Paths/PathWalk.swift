import Foundations
import Machine
import Security
import Synchronization
import Waiting

import struct LinuxABI.ResolveFlags

/// How the last component of a path is treated.
enum LastLink {
  /// A symbolic link there is followed.
  case follow
  /// It is what is wanted; a slash behind it follows it nevertheless.
  case keep
}

/// What the last component of a path is.
enum LastComponent: ~Copyable {
  /// There is none: the path was `/`, or empty where that is allowed.
  case none
  /// `.`.
  case dot
  /// `..`.
  case dotDot
  /// A name.
  case name(FileName)
}

/// A path, walked as far as its last component.
struct WalkEnd: ~Copyable {
  /// What the last component is in.
  var directory: Path
  var last: LastComponent
  /// Whether a slash follows, so that it must be a directory.
  var hasSlash: Bool
}

/// A walk along a path. Source: path_resolution(7), openat2(2).
struct PathWalk: ~Copyable {
  /// More bytes than no path has, the zero behind it included (`PATH_MAX`).
  static let pathLimit = 4096
  /// More links than no path leads over (`MAXSYMLINKS`).
  static let linkLimit = 40

  private let actor: FileActor
  private let resolve: ResolveFlags
  /// Where the walk is held, by RESOLVE_BENEATH and RESOLVE_IN_ROOT.
  private let cage: Path?
  private var current: Path
  /// Whether `current` is the root already that the path begins with.
  private var isAtRoot = false
  private var linkCount = 0

  init(_ actor: FileActor, from start: Path?, _ path: Span<UInt8>, _ resolve: ResolveFlags = []) {
    self.actor = actor
    self.resolve = resolve
    if resolve.isEmpty && path.count > 0 && path[0] == UInt8(ascii: "/") {
      isAtRoot = true
      current = actor.context.root
      cage = nil
    } else {
      current = start ?? actor.context.directory
      cage = resolve.isDisjoint(with: [.RESOLVE_IN_ROOT, .RESOLVE_BENEATH]) ? nil : current
    }
  }

  private var root: Path { cage ?? actor.context.root }

  // MARK: Whole paths

  /// Walks to what `path` names.
  ///
  /// - Throws: `ENOENT`, `ENOTDIR`, `EACCES`, `ELOOP`, `ENAMETOOLONG`, `EXDEV`.
  mutating func walk(_ path: Span<UInt8>, _ lastLink: LastLink) throws(Errno) -> Path {
    try Self.check(path)
    var buffer = GrowableArray<UInt8>()
    var rest = try walkPart(path, .to(lastLink), into: &buffer)
    while rest == .link {
      var next = GrowableArray<UInt8>()
      swap(&next, &buffer)
      rest = try walkPart(next.span, .to(lastLink), into: &buffer)
    }
    return current
  }

  /// Walks to what the last component of `path` is in.
  ///
  /// - Throws: as `walk`, but for what concerns the last component itself.
  mutating func walkToLast(_ path: Span<UInt8>) throws(Errno) -> WalkEnd {
    try Self.check(path)
    var buffer = GrowableArray<UInt8>()
    var rest = try walkPart(path, .before, into: &buffer)
    while rest == .link {
      var next = GrowableArray<UInt8>()
      swap(&next, &buffer)
      rest = try walkPart(next.span, .before, into: &buffer)
      if rest != .link { return try makeEnd(next.span, rest) }
    }
    return try makeEnd(path, rest)
  }

  @inline(__always)
  private static func check(_ path: Span<UInt8>) throws(Errno) {
    guard path.count < pathLimit else { throw .ENAMETOOLONG }
    guard path.count > 0 else { throw .ENOENT }
  }

  /// How far a walk goes.
  private enum Extent {
    /// To what the last component is in.
    case before
    /// To what it is.
    case to(LastLink)
  }

  private enum Stop: Equatable {
    /// A link is in the way: what is to be walked now is in the buffer.
    case link
    /// The last component lies there in the text.
    case last(start: Int, end: Int, hasSlash: Bool)
    /// There is none, or the walk went to it.
    case nothing
  }

  private func makeEnd(_ path: Span<UInt8>, _ stop: Stop) throws(Errno) -> WalkEnd {
    guard case .last(let start, let end, let hasSlash) = stop else {
      return WalkEnd(directory: current, last: .none, hasSlash: true)
    }
    let name = path.extracting(start..<end)
    if Self.isDot(name) { return WalkEnd(directory: current, last: .dot, hasSlash: true) }
    if Self.isDotDot(name) { return WalkEnd(directory: current, last: .dotDot, hasSlash: true) }
    return WalkEnd(directory: current, last: .name(try FileName(wanted: name)), hasSlash: hasSlash)
  }

  @inline(__always)
  private static func isDot(_ name: Span<UInt8>) -> Bool { name.count == 1 && name[0] == UInt8(ascii: ".") }

  @inline(__always)
  private static func isDotDot(_ name: Span<UInt8>) -> Bool {
    name.count == 2 && name[0] == UInt8(ascii: ".") && name[1] == UInt8(ascii: ".")
  }

  /// Walks `path` up to its last component, or on to that, or to a symbolic link; then `buffer` becomes what it says and
  /// what is behind it.
  private mutating func walkPart(
    _ path: Span<UInt8>, _ extent: Extent, into buffer: inout GrowableArray<UInt8>
  ) throws(Errno) -> Stop {
    var position = 0
    if path.count > 0 && path[0] == UInt8(ascii: "/") && !isAtRoot { try goToRoot() }
    isAtRoot = false
    while true {
      while position < path.count && path[position] == UInt8(ascii: "/") { position += 1 }
      guard position < path.count else { return .nothing }
      try checkSearchable()
      let start = position
      var hash = FileName.emptyHash
      while position < path.count && path[position] != UInt8(ascii: "/") {
        hash = FileName.hash(hash, path[position])
        position += 1
      }
      let end = position
      while position < path.count && path[position] == UInt8(ascii: "/") { position += 1 }
      let (isLast, hasSlash) = (position == path.count, position > end)
      if isLast, case .before = extent { return .last(start: start, end: end, hasSlash: hasSlash) }
      let name = path.extracting(start..<end)
      if Self.isDot(name) { continue }
      if Self.isDotDot(name) {
        try goUp()
        continue
      }
      let found = try step(name, hash: hash, in: current)
      guard let inode = found.dentry.inode else { throw .ENOENT }
      switch inode.kind {
      case .directory: current = found
      case .symbolicLink:
        if isLast, !hasSlash, case .to(.keep) = extent {
          current = found
          return .nothing
        }
        if isLast { try checkFollowable(inode) }
        if try follow(inode, found, into: &buffer) {
          try buffer.reserveCapacity(buffer.count + path.count - end)
          for index in end..<path.count { try buffer.append(path[index]) }
          return .link
        }
        if isLast && hasSlash && current.inode.kind != .directory { throw .ENOTDIR }
      default:
        guard isLast, !hasSlash else { throw .ENOTDIR }
        current = found
      }
    }
  }

  // MARK: Single steps

  private func checkSearchable() throws(Errno) {
    let inode = current.inode
    guard inode.kind == .directory else { throw .ENOTDIR }
    try inode.check(.execute, by: actor.credentials)
  }

  /// What `name` is in `directory`, with what is mounted upon it; its dentry may say that there is no such file.
  ///
  /// `directory` is a directory that the walk may search, as all are that it goes on from or ends in.
  @inline(__always)
  func step(_ name: Span<UInt8>, hash: UInt64, in directory: Path) throws(Errno) -> Path {
    let found = Path(mount: directory.mount, dentry: try Self.child(name, hash: hash, of: directory.dentry))
    return found.dentry.mountCount.load(ordering: .acquiring) > 0 ? try goOnto(found) : found
  }

  /// What is mounted upon `found`.
  @inline(never)
  private func goOnto(_ found: Path) throws(Errno) -> Path {
    let top = actor.namespace.top(of: found)
    if top.mount !== found.mount && resolve.contains(.RESOLVE_NO_XDEV) { throw .EXDEV }
    return top
  }

  @inline(__always)
  private static func child(_ name: Span<UInt8>, hash: UInt64, of parent: Dentry) throws(Errno) -> Dentry {
    if let known = parent.names.find(name, hash: hash, in: parent), isCurrent(known) { return known }
    return try lookUp(name, hash, of: parent)
  }

  /// Whether what the cache says of a name is what its directory would say.
  @inline(__always)
  private static func isCurrent(_ known: Dentry) -> Bool { !known.isVolatile || known.inode?.isLasting ?? false }

  @inline(never)
  private static func lookUp(_ name: Span<UInt8>, _ hash: UInt64, of parent: Dentry) throws(Errno) -> Dentry {
    guard let inode = parent.inode else { throw .ENOENT }
    try ObjectMemory.check()
    inode.lock.lock()
    defer { inode.lock.unlock() }
    return try lookUpLocked(name, hash, of: parent, inode)
  }

  /// The dentry of `name`, which the directory is asked for if it is not known.
  ///
  /// - Context: the directory's lock is held.
  static func lookUpLocked(
    _ name: Span<UInt8>, _ hash: UInt64, of parent: Dentry, _ inode: Inode
  ) throws(Errno) -> Dentry {
    // A directory that is gone has no names.
    guard inode.linkCount > 0 else { throw .ENOENT }
    let fileSystem = parent.fileSystem
    let known = fileSystem.names.find(name, hash: hash, in: parent)
    if let known, isCurrent(known) { return known }
    guard name.count <= fileSystem.nameLimit else { throw .ENAMETOOLONG }
    let found = try inode.lookUp(name)
    if let known {
      if known.inode === found { return known }
      fileSystem.names.remove(known)
    }
    let dentry = try Dentry(FileName(name), in: parent, inode: found, fileSystem: fileSystem)
    // A volatile name, or one that is not there, may be something else the next moment, and would only take memory.
    if isCurrent(dentry) { fileSystem.names.insert(dentry) }
    return dentry
  }

  /// Goes to the directory above, out of the mount if need be, and not above the root.
  private mutating func goUp() throws(Errno) {
    let root = root
    while true {
      if current.isSame(as: root) {
        if resolve.contains(.RESOLVE_BENEATH) { throw .EXDEV }
        return
      }
      if current.dentry === current.mount.root {
        guard let point = current.mount.point else { return }
        if resolve.contains(.RESOLVE_NO_XDEV) { throw .EXDEV }
        current = point
        continue
      }
      guard let parent = current.dentry.parent else { return }
      current = actor.namespace.top(of: Path(mount: current.mount, dentry: parent))
      return
    }
  }

  private mutating func goToRoot() throws(Errno) {
    if resolve.contains(.RESOLVE_BENEATH) { throw .EXDEV }
    let root = root
    if resolve.contains(.RESOLVE_NO_XDEV) && current.mount !== root.mount { throw .EXDEV }
    current = root
  }

  /// Where the walk is.
  var place: Path { current }

  /// Follows a symbolic link that was found as the last component in `directory`; otherwise as `follow`.
  mutating func followLast(
    _ inode: Inode, _ link: Path, in directory: Path, into target: inout GrowableArray<UInt8>
  ) throws(Errno) -> Bool {
    current = directory
    try checkFollowable(inode)
    return try follow(inode, link, into: &target)
  }

  /// Refuses a link at the end of a path, found in `current`, that somebody may have put there for others to walk into.
  ///
  /// - Throws: `EACCES`.
  private func checkFollowable(_ link: Inode) throws(Errno) {
    guard actor.namespace.protectsSharedDirectories else { return }
    let (permissions, directoryOwner) = current.inode.attributes.withLock { ($0.permissions, $0.user) }
    guard permissions & (Permissions.sticky | 0o002) == Permissions.sticky | 0o002 else { return }
    let owner = link.attributes.withLock { $0.user }
    guard owner == actor.credentials.users.fileSystem || owner == directoryOwner else { throw .EACCES }
  }

  /// Follows a symbolic link that was found in `current`.
  ///
  /// - Returns: whether what it says is now in `target`; if not, `current` is where it led.
  private mutating func follow(
    _ inode: Inode, _ link: Path, into target: inout GrowableArray<UInt8>
  ) throws(Errno) -> Bool {
    linkCount += 1
    guard linkCount <= Self.linkLimit, !resolve.contains(.RESOLVE_NO_SYMLINKS),
      !link.mount.restrictions.contains(.noLinks)
    else { throw .ELOOP }
    if let place = try inode.followLink() {
      if resolve.contains(.RESOLVE_NO_MAGICLINKS) { throw .ELOOP }
      if !resolve.isDisjoint(with: [.RESOLVE_BENEATH, .RESOLVE_IN_ROOT]) { throw .EXDEV }
      if resolve.contains(.RESOLVE_NO_XDEV) && place.mount !== link.mount { throw .EXDEV }
      current = place
      return false
    }
    AccessTimes.note(link, [])
    try inode.readLink(into: &target)
    guard target.count > 0 else { throw .ENOENT }
    return true
  }
}
