public import Foundations
import Machine
public import PageCache
import RAMFileSystem
public import Security
public import VFS

/// The files of devices: /dev. A memory file system, in which drivers make and remove names.
public final class DeviceFileSystem {
  /// Where it is to be attached.
  public let mount: Mount
  private let actor: FileActor

  /// Creates the file system with what every program expects: `null` and its like, `fd` and the three standard files,
  /// and the places of `pts` and `shm`.
  ///
  /// - Throws: `ENOMEM`.
  public init(names: DentryCache, clock: FileClock, cache: PageCache) throws(Errno) {
    let fileSystem = RAMFileSystem(names: names, clock: clock, cache: cache, typeName: "devtmpfs")
    mount = try fileSystem.makeMount(permissions: 0o755)
    let context = FileSystemContext(root: mount.rootPath, directory: mount.rootPath, mask: 0)
    actor = FileActor(.root, context, try MountNamespace(root: mount))
    for device in MemoryDevice.allCases {
      try add(device.name, .characterDevice, DeviceNumber(MemoryDevice.major, device.rawValue), permissions: 0o666)
    }
    try addLink("fd", to: "/proc/self/fd")
    try addLink("stdin", to: "/proc/self/fd/0")
    try addLink("stdout", to: "/proc/self/fd/1")
    try addLink("stderr", to: "/proc/self/fd/2")
    try addDirectory("pts", permissions: 0o755)
    try addDirectory("shm", permissions: 0o1777)
  }

  /// Makes the file of a device, by its name or its path without a leading slash, in directories that exist.
  ///
  /// - Throws: `EEXIST`, `ENOENT`, `ENOMEM`.
  public func add(
    _ name: StaticString, _ kind: FileKind, _ device: DeviceNumber, permissions: UInt16, group: GroupID = .root
  ) throws(Errno) {
    let text: Message = "\(name.description)"
    try add(text.bytes, kind, device, permissions: permissions, group: group)
  }

  /// As the other, with a name that is made at run time: "ttyS0".
  public func add(
    _ name: Span<UInt8>, _ kind: FileKind, _ device: DeviceNumber, permissions: UInt16, group: GroupID = .root
  ) throws(Errno) {
    let path = try actor.makeNode(name, kind, permissions: permissions, device: device)
    if group != .root { try actor.setOwner(path, user: nil, group: group) }
  }

  /// Makes a symbolic link.
  ///
  /// - Throws: as `add`.
  public func addLink(_ name: StaticString, to target: StaticString) throws(Errno) {
    let targetText: Message = "\(target.description)"
    try addLink(name, to: targetText.bytes)
  }

  /// As the other, to a name that is made at run time.
  public func addLink(_ name: StaticString, to target: Span<UInt8>) throws(Errno) {
    let text: Message = "\(name.description)"
    try actor.makeLink(text.bytes, to: target)
  }

  /// Makes a directory, as for another file system to be attached at.
  ///
  /// - Throws: as `add`.
  public func addDirectory(_ name: StaticString, permissions: UInt16) throws(Errno) {
    let text: Message = "\(name.description)"
    try actor.makeDirectory(text.bytes, permissions: permissions)
  }

  /// Makes the file of a device that has come, and the directories on the way to it; a program that has something else there keeps it.
  ///
  /// - Returns: what was made; nil where what programs have made of /dev leaves no place for it, which says nothing against the device.
  /// - Throws: `ENOMEM`.
  public func place(
    _ name: Span<UInt8>, _ kind: FileKind, _ device: DeviceNumber, permissions: UInt16, group: GroupID = .root
  ) throws(Errno) -> PlacedName? {
    for index in 0..<name.count where name[index] == 0x2f {
      // Most are there. Whatever else there is in the way, the file will not get past it.
      do throws(Errno) { try actor.makeDirectory(name.extracting(0..<index), permissions: 0o755) } catch {
        if error == .ENOMEM { throw error }
      }
    }
    let path: Path
    do throws(Errno) { path = try actor.makeNode(name, kind, permissions: permissions, device: device) } catch {
      guard error != .ENOMEM else { throw error }
      return nil
    }
    if group != .root { try actor.setOwner(path, user: nil, group: group) }
    return PlacedName(path.inode)
  }

  /// Makes a symbolic link for a device that has come, as `place`.
  public func placeLink(_ name: StaticString, to target: Span<UInt8>) throws(Errno) -> PlacedName? {
    do throws(Errno) { try addLink(name, to: target) } catch {
      guard error != .ENOMEM else { throw error }
      return nil
    }
    let text: Message = "\(name.description)"
    // Somebody may have been quick to remove it.
    do throws(Errno) { return PlacedName(try actor.find(text.bytes, followsLink: false).inode) } catch { return nil }
  }

  /// Removes a name of a device that is gone. Those who have it open are told by its driver.
  ///
  /// - Throws: `ENOENT` when it is not there any more, and also when a program has put something else in its place.
  public func remove(_ name: Span<UInt8>, _ placed: PlacedName) throws(Errno) {
    guard PlacedName(try actor.find(name, followsLink: false).inode) == placed else { throw .ENOENT }
    try actor.remove(name, .file)
  }

  /// Removes a name, whatever has it.
  ///
  /// - Throws: `ENOENT`.
  public func remove(_ name: Span<UInt8>) throws(Errno) { try actor.remove(name, .file) }
}

/// What was made in /dev for a device: tells it from what a program puts in its place.
public struct PlacedName: Equatable, Sendable {
  private let number: UInt64

  init(_ inode: Inode) { number = inode.number }
}
