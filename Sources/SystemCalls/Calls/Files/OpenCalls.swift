import Foundations
import LinuxABI
import Machine
import Processes
import VFS

/// open(2), close(2), and their relatives.
extension SystemCallContext {
  /// open(2)
  @inline(__always)
  func open(_ path: UserPath, _ flags: OpenFlags, _ mode: UInt16) throws(Errno) -> Int32 {
    try openat(Self.workingDirectory, path, flags, mode)
  }

  /// creat(2)
  func creat(_ path: UserPath, _ mode: UInt16) throws(Errno) -> Int32 {
    try openat(Self.workingDirectory, path, [.O_CREAT, .O_WRONLY, .O_TRUNC], mode)
  }

  /// openat(2)
  func openat(_ directory: Int32, _ path: UserPath, _ flags: OpenFlags, _ mode: UInt16) throws(Errno) -> Int32 {
    // Bits that mean nothing are left out, as Linux does; openat2 is the one that refuses them.
    let known = OpenFlags(rawValue: flags.rawValue & ~flags.unknownBits)
    return try path.withBytes { bytes throws(Errno) in
      try open(bytes, known.union(.O_LARGEFILE), mode & Permissions.all, [], from: directory)
    }
  }

  /// openat2(2)
  func openat2(_ directory: Int32, _ path: UserPath, _ how: UserBuffer) throws(Errno) -> Int32 {
    let how = try OpenHow(how)
    return try path.withBytes { bytes throws(Errno) in
      try open(bytes, how.flags.union(.O_LARGEFILE), how.mode, how.resolve, from: directory)
    }
  }

  private func open(
    _ path: Span<UInt8>, _ flags: OpenFlags, _ mode: UInt16, _ resolve: ResolveFlags, from directory: Int32
  ) throws(Errno) -> Int32 {
    // A flag of two bits is either there or not.
    if flags.rawValue & OpenFlags.temporaryBit != 0 && !flags.contains(.O_TMPFILE) { throw .EINVAL }
    let files = task.files
    let descriptor = try files.reserve(limit: descriptorLimit, closesOnExecution: flags.contains(.O_CLOEXEC))
    do throws(Errno) {
      // Where paths are held below a directory, an absolute one begins there, too.
      let isHeld = !resolve.isDisjoint(with: [.RESOLVE_BENEATH, .RESOLVE_IN_ROOT])
      let start =
        isHeld && directory != Self.workingDirectory ? try file(directory).path : try start(directory, path)
      let file = try task.actor.open(path, from: start, flags, permissions: mode, resolve: resolve)
      files.fill(descriptor, with: file)
    } catch {
      files.cancel(descriptor)
      throw error
    }
    return descriptor.rawValue
  }

  // MARK: Closing

  /// close(2)
  @inline(__always)
  func close(_ descriptor: Int32) throws(Errno) { try task.files.close(Descriptor(rawValue: descriptor)) }

  /// close_range(2)
  func closeRange(_ first: UInt32, _ last: UInt32, _ flags: CloseRangeFlags) throws(Errno) {
    guard first <= last else { throw .EINVAL }
    if flags.contains(.CLOSE_RANGE_UNSHARE) && task.files.userCount > 1 { task.setFiles(try task.files.copy()) }
    if flags.contains(.CLOSE_RANGE_CLOEXEC) {
      task.files.setClosesOnExecution(in: first...last)
    } else {
      task.files.close(first...last)
    }
  }

  // MARK: Duplicating

  /// dup(2)
  func dup(_ descriptor: Int32) throws(Errno) -> Int32 {
    try task.files.add(file(descriptor), limit: descriptorLimit, closesOnExecution: false).rawValue
  }

  /// dup2(2)
  func dup2(_ old: Int32, _ new: Int32) throws(Errno) -> Int32 {
    let file = try file(old)
    if old == new { return new }
    return try replace(new, by: file, closesOnExecution: false)
  }

  /// dup3(2)
  func dup3(_ old: Int32, _ new: Int32, _ flags: DuplicateFlags) throws(Errno) -> Int32 {
    if old == new { throw .EINVAL }
    return try replace(new, by: file(old), closesOnExecution: flags.contains(.O_CLOEXEC))
  }

  private func replace(_ descriptor: Int32, by file: OpenFile, closesOnExecution: Bool) throws(Errno) -> Int32 {
    let replaced = try task.files.replace(
      Descriptor(rawValue: descriptor), by: file, limit: descriptorLimit, closesOnExecution: closesOnExecution)
    // Nobody is told what the file that was closed by this could not write. Source: dup(2), NOTES.
    if let replaced { try? task.files.finishClosing(replaced) }
    return descriptor
  }
}

extension OpenFlags {
  /// The bit that O_TMPFILE has besides O_DIRECTORY.
  static var temporaryBit: UInt64 { OpenFlags.O_TMPFILE.rawValue & ~OpenFlags.O_DIRECTORY.rawValue }
}

/// `struct open_how`. Source: openat2(2).
private struct OpenHow {
  let flags: OpenFlags
  let mode: UInt16
  let resolve: ResolveFlags

  /// What is known of the structure, all of which it must have.
  private static let byteCount = 24

  /// Reads the structure, which a newer program may have made longer: then what is behind must be zeros.
  ///
  /// - Throws: `EINVAL`, `E2BIG`, `EFAULT`.
  init(_ buffer: UserBuffer) throws(Errno) {
    guard buffer.count >= UInt64(Self.byteCount) else { throw .EINVAL }
    guard buffer.count <= 4096 else { throw .E2BIG }
    let memory = try buffer.bytes()
    var bytes = InlineArray<24, UInt8>(repeating: 0)
    var span = bytes.mutableSpan
    guard memory.read(into: &span) == Self.byteCount else { throw .EFAULT }
    try Self.checkZeros(memory)
    let (flags, mode) = (StructureBytes.get(bytes.span, at: 0), StructureBytes.get(bytes.span, at: 8))
    self.flags = OpenFlags(rawValue: flags)
    resolve = ResolveFlags(rawValue: StructureBytes.get(bytes.span, at: 16))
    let makesFile = self.flags.contains(.O_CREAT) || flags & OpenFlags.temporaryBit != 0
    guard self.flags.unknownBits == 0, resolve.unknownBits == 0, mode <= UInt64(Permissions.all) else { throw .EINVAL }
    guard makesFile || mode == 0, !resolve.isSuperset(of: [.RESOLVE_BENEATH, .RESOLVE_IN_ROOT]) else { throw .EINVAL }
    if self.flags.contains(.O_PATH) {
      guard self.flags.isSubset(of: [.O_PATH, .O_DIRECTORY, .O_NOFOLLOW, .O_CLOEXEC]) else { throw .EINVAL }
    }
    // No path is known to need no disk, so whoever must not wait for one asks again without.
    if resolve.contains(.RESOLVE_CACHED) { throw .EAGAIN }
    self.mode = UInt16(mode)
  }

  private static func checkZeros(_ memory: UserBytes) throws(Errno) {
    for offset in byteCount..<memory.count {
      guard try UserPointer<UInt8>(memory.address + UInt64(offset)).load() == 0 else { throw .E2BIG }
    }
  }
}
