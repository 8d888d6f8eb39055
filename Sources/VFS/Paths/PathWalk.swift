import Foundations
import Machine
import Security

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

  private let credentials: Credentials
  private let namespace: MountNamespace
  private let resolve: ResolveFlags
  private let root: Path
  private var current: Path
  private var linkCount = 0

  init(_ actor: FileActor, from start: Path?, _ resolve: ResolveFlags = []) {
    credentials = actor.credentials
    namespace = actor.namespace
    self.resolve = resolve
    current = start ?? actor.context.directory
    root = resolve.isDisjoint(with: [.RESOLVE_IN_ROOT, .RESOLVE_BENEATH]) ? actor.context.root : current
  }

  // MARK: Whole paths

  /// Walks to what `path` names.
  ///
  /// - Throws: `ENOENT`, `ENOTDIR`, `EACCES`, `ELOOP`, `ENAMETOOLONG`, `EXDEV`.
  mutating func walk(_ path: Span<UInt8>, _ lastLink: LastLink) throws(Errno) -> Path {
    let end = try walkToLast(path)
    return try finish(end, lastLink)
  }

  /// Goes the last step, and on if it leads to a link.
  mutating func finish(_ end: consuming WalkEnd, _ lastLink: LastLink) throws(Errno) -> Path {
    var end = end
    while true {
      let hasSlash = end.hasSlash
      let directory = end.directory
      switch consume end.last {
      case .none:
        current = directory
        return current
      case .dot:
        current = directory
        return current
      case .dotDot:
        current = directory
        try goUp()
        return current
      case .name(let name):
        let found = try step(name.bytes, hash: name.hash, in: directory)
        guard let inode = found.dentry.inode else { throw .ENOENT }
        if inode.kind == .symbolicLink && (lastLink == .follow || hasSlash) {
          var target = GrowableArray<UInt8>()
          current = directory
          if try !follow(inode, found, into: &target) {
            if hasSlash && current.inode.kind != .directory { throw .ENOTDIR }
            return current
          }
          if hasSlash { try target.append(0x2f) }
          end = try walkToLast(target.span)
          continue
        }
        if hasSlash && inode.kind != .directory { throw .ENOTDIR }
        return found
      }
    }
  }

  /// Walks to what the last component of `path` is in.
  ///
  /// - Throws: as `walk`, but for what concerns the last component itself.
  mutating func walkToLast(_ path: Span<UInt8>) throws(Errno) -> WalkEnd {
    guard path.count < Self.pathLimit else { throw .ENAMETOOLONG }
    guard path.count > 0 else { throw .ENOENT }
    var buffer = GrowableArray<UInt8>()
    var rest = try walkPart(path, into: &buffer)
    while rest == .link {
      var next = GrowableArray<UInt8>()
      swap(&next, &buffer)
      rest = try walkPart(next.span, into: &buffer)
      if rest != .link { return try makeEnd(next.span, rest) }
    }
    return try makeEnd(path, rest)
  }

  private enum Stop: Equatable {
    /// A link is in the way: what is to be walked now is in the buffer.
    case link
    /// The last component lies there in the text.
    case last(start: Int, end: Int, hasSlash: Bool)
    /// There is none.
    case nothing
  }

  private func makeEnd(_ path: Span<UInt8>, _ stop: Stop) throws(Errno) -> WalkEnd {
    guard case .last(let start, let end, let hasSlash) = stop else {
      return WalkEnd(directory: current, last: .none, hasSlash: true)
    }
    let name = path.extracting(start..<end)
    if name.count == 1 && name[0] == 0x2e { return WalkEnd(directory: current, last: .dot, hasSlash: true) }
    if name.count == 2 && name[0] == 0x2e && name[1] == 0x2e {
      return WalkEnd(directory: current, last: .dotDot, hasSlash: true)
    }
    return WalkEnd(directory: current, last: .name(try FileName(wanted: name)), hasSlash: hasSlash)
  }

  /// Walks `path` up to its last component, or to a symbolic link; then `buffer` becomes what it says and what is
  /// behind it.
  private mutating func walkPart(_ path: Span<UInt8>, into buffer: inout GrowableArray<UInt8>) throws(Errno) -> Stop {
    var position = 0
    if path.count > 0 && path[0] == 0x2f { try goToRoot() }
    while true {
      while position < path.count && path[position] == 0x2f { position += 1 }
      guard position < path.count else { return .nothing }
      try checkSearchable()
      let start = position
      var hash: UInt64 = 0xcbf2_9ce4_8422_2325
      while position < path.count && path[position] != 0x2f {
        hash = (hash ^ UInt64(path[position])) &* 0x100_0000_01b3
        position += 1
      }
      let end = position
      var behind = end
      while behind < path.count && path[behind] == 0x2f { behind += 1 }
      if behind == path.count { return .last(start: start, end: end, hasSlash: behind > end) }
      let name = path.extracting(start..<end)
      if name.count == 1 && name[0] == 0x2e { continue }
      if name.count == 2 && name[0] == 0x2e && name[1] == 0x2e {
        try goUp()
        continue
      }
      let found = try step(name, hash: hash, in: current)
      guard let inode = found.dentry.inode else { throw .ENOENT }
      switch inode.kind {
      case .directory: current = found
      case .symbolicLink:
        guard try follow(inode, found, into: &buffer) else { continue }
        try buffer.reserveCapacity(buffer.count + path.count - end)
        for index in end..<path.count { try buffer.append(path[index]) }
        return .link
      default: throw .ENOTDIR
      }
    }
  }

  // MARK: Single steps

  private func checkSearchable() throws(Errno) {
    let inode = current.inode
    guard inode.kind == .directory else { throw .ENOTDIR }
    try inode.check(.execute, by: credentials)
  }

  /// What `name` is in `directory`, with what is mounted upon it; its dentry may say that there is no such file.
  ///
  /// `directory` is a directory that the walk may search, as all are that it goes on from or ends in.
  mutating func step(_ name: Span<UInt8>, hash: UInt64, in directory: Path) throws(Errno) -> Path {
    let dentry = try Self.child(name, hash: hash, of: directory.dentry, directory.inode)
    let found = Path(mount: directory.mount, dentry: dentry)
    let top = namespace.top(of: found)
    if top.mount !== found.mount && resolve.contains(.RESOLVE_NO_XDEV) { throw .EXDEV }
    return top
  }

  @inline(__always)
  static func child(
    _ name: Span<UInt8>, hash: UInt64, of parent: Dentry, _ inode: Inode
  ) throws(Errno) -> Dentry {
    let fileSystem = parent.fileSystem
    if let known = fileSystem.names.find(name, hash: hash, in: parent), isCurrent(known, in: fileSystem) {
      return known
    }
    return try lookUp(name, hash, of: parent, inode)
  }

  /// Whether what the cache says of a name is what its directory would say.
  @inline(__always)
  private static func isCurrent(_ known: Dentry, in fileSystem: FileSystem) -> Bool {
    !fileSystem.isVolatile || known.inode?.isLasting ?? false
  }

  @inline(never)
  private static func lookUp(
    _ name: Span<UInt8>, _ hash: UInt64, of parent: Dentry, _ inode: Inode
  ) throws(Errno) -> Dentry {
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
    if let known, isCurrent(known, in: fileSystem) { return known }
    guard name.count <= fileSystem.nameLimit else { throw .ENAMETOOLONG }
    let found = try inode.lookUp(name)
    if let known {
      if known.inode === found { return known }
      fileSystem.names.remove(known)
    }
    let dentry = try Dentry(FileName(name), in: parent, inode: found, fileSystem: fileSystem)
    // A volatile name, or one that is not there, may be something else the next moment, and would only take memory.
    if isCurrent(dentry, in: fileSystem) { fileSystem.names.insert(dentry) }
    return dentry
  }

  /// Goes to the directory above, out of the mount if need be, and not above the root.
  private mutating func goUp() throws(Errno) {
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
      current = namespace.top(of: Path(mount: current.mount, dentry: parent))
      return
    }
  }

  private mutating func goToRoot() throws(Errno) {
    if resolve.contains(.RESOLVE_BENEATH) { throw .EXDEV }
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
    return try follow(inode, link, into: &target)
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
