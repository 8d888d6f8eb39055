import Archives
import Foundations
import Machine
import Security
import VFS

import struct LinuxABI.OpenFlags

/// Makes the files of an archive. Source: Linux, init/initramfs.c, for what happens to archives that contradict themselves.
struct Unpacker: ArchiveReceiver, ~Copyable {
  private let actor: FileActor
  private(set) var summary = InitialFileSystem.Summary()

  /// The file whose content comes, and when it was changed.
  private var file: OpenFile?
  private var time: UInt32 = 0

  private var linked = PathList()
  private var directories = PathList()

  init(_ actor: FileActor) { self.actor = actor }

  // MARK: Receiving

  mutating func receive(
    _ entry: ArchiveEntry, name: Span<UInt8>, target: Span<UInt8>
  ) throws(ArchiveError.Reason) {
    file = nil
    do throws(Errno) {
      try make(entry, name, target)
      summary.fileCount += 1
    } catch {
      switch error {
      case .ENOMEM: throw .noMemory
      case .ENOSPC: throw .noSpace
      default:
        summary.skippedCount += 1
        if summary.firstFailure == nil { summary.firstFailure = error }
      }
    }
  }

  mutating func receive(content: Span<UInt8>) throws(ArchiveError.Reason) {
    guard let file else { return }
    do throws(Errno) {
      let count = try IOBuffer.withBuffer(draining: content) { buffer throws(Errno) in try file.write(&buffer) }
      summary.byteCount &+= UInt64(count)
      // What stops a write short is told by the next.
      guard count == content.count else { return try receiveRest(of: content, from: count, into: file) }
    } catch {
      throw Self.reason(error)
    }
  }

  private mutating func receiveRest(of content: Span<UInt8>, from start: Int, into file: OpenFile) throws(Errno) {
    let rest = content.extracting(start..<content.count)
    let count = try IOBuffer.withBuffer(draining: rest) { buffer throws(Errno) in try file.write(&buffer) }
    guard count == rest.count else { throw .EIO }
    summary.byteCount &+= UInt64(count)
  }

  private static func reason(_ error: Errno) -> ArchiveError.Reason {
    switch error {
    case .ENOMEM: .noMemory
    case .ENOSPC: .noSpace
    default: .writeFailed
    }
  }

  mutating func contentEnded() throws(ArchiveError.Reason) {
    guard let file else { return }
    do throws(Errno) { try setTimes(file.path, time) } catch { throw Self.reason(error) }
    self.file = nil
  }

  mutating func archiveEnded() throws(ArchiveError.Reason) { linked.removeAll() }

  /// Closes what is open, and gives directories the times that they had before anything was put into them.
  mutating func finish() {
    file = nil
    for index in 0..<directories.count {
      // A directory that is gone by now has no time to be set.
      guard let place = try? actor.find(directories.path(index), followsLink: false) else { continue }
      try? setTimes(place, directories.time(index))
    }
    directories.removeAll()
  }

  // MARK: Making

  private mutating func make(_ entry: ArchiveEntry, _ name: Span<UInt8>, _ target: Span<UInt8>) throws(Errno) {
    guard let kind = FileKind(mode: UInt16(truncatingIfNeeded: entry.mode)) else { throw .EINVAL }
    // A link, of either kind, replaces whatever there is.
    let isLink = kind == .symbolicLink || (kind != .directory && isLinked(entry))
    clear(name, for: isLink ? nil : kind)
    switch kind {
    case .regular: try makeFile(entry, name)
    case .directory: try makeDirectory(entry, name)
    case .symbolicLink:
      try actor.makeLink(name, to: target)
      let place = try actor.find(name, followsLink: false)
      try setOwner(place, entry)
      try setTimes(place, entry.modificationTime)
    case .characterDevice, .blockDevice, .fifo, .socket: try makeNode(entry, kind, name)
    }
  }

  /// Removes what is at `name` if it is of another kind; nil removes anything.
  private func clear(_ name: Span<UInt8>, for kind: FileKind?) {
    guard let old = try? actor.find(name, followsLink: false).inode.kind, old != kind else { return }
    // What cannot be removed is in the way of what comes, which says so.
    try? actor.remove(name, old == .directory ? .directory : .file)
  }

  private mutating func makeFile(_ entry: ArchiveEntry, _ name: Span<UInt8>) throws(Errno) {
    let isLink = try link(entry, name)
    let flags: OpenFlags = isLink ? [.O_CREAT, .O_WRONLY] : [.O_CREAT, .O_WRONLY, .O_TRUNC]
    let file = try actor.open(name, flags, permissions: 0o600)
    try setOwner(file.path, entry)
    try actor.setPermissions(file.path, Self.permissions(entry))
    // Only one of a file's links need have its content.
    if isLink && entry.size > 0 { try file.truncate(to: Int64(entry.size)) }
    self.file = file
    time = entry.modificationTime
  }

  private mutating func makeDirectory(_ entry: ArchiveEntry, _ name: Span<UInt8>) throws(Errno) {
    do throws(Errno) {
      try actor.makeDirectory(name, permissions: 0o700)
    } catch {
      // Also the root itself, which archives often begin with.
      guard error == .EEXIST else { throw error }
    }
    let place = try actor.find(name, followsLink: false)
    guard place.inode.kind == .directory else { throw .ENOTDIR }
    try setOwner(place, entry)
    try actor.setPermissions(place, Self.permissions(entry))
    try directories.add(name, time: entry.modificationTime)
  }

  private mutating func makeNode(_ entry: ArchiveEntry, _ kind: FileKind, _ name: Span<UInt8>) throws(Errno) {
    guard try !link(entry, name) else { return }
    let device = DeviceNumber(entry.representedDevice.major, entry.representedDevice.minor)
    let isDevice = kind == .characterDevice || kind == .blockDevice
    let place: Path
    do throws(Errno) {
      place = try actor.makeNode(name, kind, permissions: 0o600, device: isDevice ? device : .none)
    } catch {
      guard error == .EEXIST else { throw error }
      place = try actor.find(name, followsLink: false)
    }
    try setOwner(place, entry)
    try actor.setPermissions(place, Self.permissions(entry))
    try setTimes(place, entry.modificationTime)
  }

  // MARK: Links

  private static func key(_ entry: ArchiveEntry) -> PathList.Key {
    PathList.Key(
      inode: entry.inode, major: entry.device.major, minor: entry.device.minor, kind: entry.kind)
  }

  private mutating func isLinked(_ entry: ArchiveEntry) -> Bool {
    entry.linkCount >= 2 && linked.find(Self.key(entry)) != nil
  }

  /// Makes `name` one more name of a file that was made already.
  ///
  /// - Returns: false when the file is yet to be made.
  private mutating func link(_ entry: ArchiveEntry, _ name: Span<UInt8>) throws(Errno) -> Bool {
    guard entry.linkCount >= 2 else { return false }
    guard let first = linked.find(Self.key(entry)) else {
      try linked.add(name, key: Self.key(entry))
      return false
    }
    try actor.link(actor.find(linked.path(first), followsLink: false), to: name)
    return true
  }

  // MARK: Attributes

  private static func permissions(_ entry: ArchiveEntry) -> UInt16 {
    UInt16(truncatingIfNeeded: entry.mode) & Permissions.all
  }

  private func setOwner(_ place: Path, _ entry: ArchiveEntry) throws(Errno) {
    let user = entry.user == .max ? nil : UserID(rawValue: entry.user)
    let group = entry.group == .max ? nil : GroupID(rawValue: entry.group)
    try actor.setOwner(place, user: user, group: group)
  }

  private func setTimes(_ place: Path, _ seconds: UInt32) throws(Errno) {
    let time = FileTime(seconds: Int64(seconds), nanoseconds: 0)
    try actor.setTimes(place, access: .at(time), modification: .at(time))
  }
}
