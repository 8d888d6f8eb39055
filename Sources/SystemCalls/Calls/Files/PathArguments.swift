import Foundations
import LinuxABI
import Machine
import Processes
import VFS

/// What the calls that take paths and descriptors have in common.
extension SystemCallContext {
  /// The directory descriptor that stands for the working directory (`AT_FDCWD`).
  static let workingDirectory: Int32 = -100

  /// The open file of a descriptor, for calls that O_PATH is enough for.
  ///
  /// - Throws: `EBADF`.
  @inline(__always)
  func file(_ descriptor: Int32) throws(Errno) -> OpenFile { try task.files.file(Descriptor(rawValue: descriptor)) }

  /// The open file of a descriptor, if it is open for more than O_PATH.
  ///
  /// - Throws: `EBADF`.
  @inline(__always)
  func usableFile(_ descriptor: Int32) throws(Errno) -> OpenFile {
    try task.files.usableFile(Descriptor(rawValue: descriptor))
  }

  /// Runs `body` with the open file of a descriptor, for calls that O_PATH is enough for; it may wait.
  ///
  /// - Throws: `EBADF`, and what `body` throws.
  @inline(__always)
  func use<Answer>(
    _ descriptor: Int32, _ body: (OpenFile) throws(Errno) -> Answer
  ) throws(Errno) -> Answer {
    try task.withFiles { files throws(Errno) in try files.use(Descriptor(rawValue: descriptor), body) }
  }

  /// As `use`, with a file that is open for `use`.
  ///
  /// - Throws: `EBADF`, and what `body` throws.
  @inline(__always)
  func use<Answer>(
    _ descriptor: Int32, for use: OpenMode, _ body: (OpenFile) throws(Errno) -> Answer
  ) throws(Errno) -> Answer {
    try task.withFiles { files throws(Errno) in try files.use(Descriptor(rawValue: descriptor), for: use, body) }
  }

  /// As `use`, with a file that is open for more than O_PATH.
  ///
  /// - Throws: `EBADF`, and what `body` throws.
  @inline(__always)
  func useUsable<Answer>(
    _ descriptor: Int32, _ body: (OpenFile) throws(Errno) -> Answer
  ) throws(Errno) -> Answer {
    try use(descriptor) { file throws(Errno) in
      guard !file.mode.contains(.path) else { throw .EBADF }
      return try body(file)
    }
  }

  /// Where `path` begins if it is relative; nil for the working directory. That of an absolute path is not looked at.
  ///
  /// - Throws: `EBADF`.
  @inline(__always)
  func start(_ directory: Int32, _ path: Span<UInt8>) throws(Errno) -> Path? {
    if directory == Self.workingDirectory || (path.count > 0 && path[0] == UInt8(ascii: "/")) { return nil }
    return try file(directory).path
  }

  /// Finds what a path names, and follows a symbolic link at its end.
  ///
  /// - Throws: as `FileActor.find`; `EFAULT`.
  @inline(__always)
  func find(_ path: UserPath) throws(Errno) -> Path {
    try path.withBytes { bytes throws(Errno) in try task.actor.find(bytes) }
  }

  /// Finds what a path names; a symbolic link at its end itself.
  ///
  /// - Throws: as `FileActor.find`; `EFAULT`.
  @inline(__always)
  func findLink(_ path: UserPath) throws(Errno) -> Path {
    try path.withBytes { bytes throws(Errno) in try task.actor.find(bytes, followsLink: false) }
  }

  /// Finds what a path below a directory names.
  ///
  /// - Parameter flags: AT_SYMLINK_NOFOLLOW, and AT_EMPTY_PATH, with which NULL is an empty path, too.
  /// - Throws: as `FileActor.find`; `EBADF`, `EFAULT`.
  @inline(__always)
  func find(_ directory: Int32, _ path: UserPath, _ flags: AtFlags) throws(Errno) -> Path {
    let isEmptyAllowed = flags.contains(.AT_EMPTY_PATH)
    if isEmptyAllowed && path.isNull { return try place(of: directory) }
    return try path.withBytes(empty: isEmptyAllowed ? .allowed : .refused) { bytes throws(Errno) in
      if bytes.isEmpty { return try place(of: directory) }
      let followsLink = !flags.contains(.AT_SYMLINK_NOFOLLOW)
      return try task.actor.find(bytes, from: start(directory, bytes), followsLink: followsLink)
    }
  }

  /// Where the file of a descriptor is; for AT_FDCWD, the working directory.
  ///
  /// - Throws: `EBADF`.
  func place(of directory: Int32) throws(Errno) -> Path {
    directory == Self.workingDirectory ? task.context.directory : try file(directory).path
  }

  /// How many descriptors the task may have.
  @inline(__always)
  var descriptorLimit: UInt64 { task.process.limit(.RLIMIT_NOFILE) }
}

extension AtFlags {
  /// Refuses those that a call does not take.
  ///
  /// - Throws: `EINVAL`.
  @inline(__always)
  func require(only allowed: AtFlags) throws(Errno) {
    guard isSubset(of: allowed) else { throw .EINVAL }
  }
}
