import Foundations
import LinuxABI
import Machine
import Processes
import VFS

/// read(2), write(2) and their relatives.
extension SystemCallContext {
  /// read(2)
  @inline(__always)
  func read(_ descriptor: Int32, _ bytes: UserBuffer) throws(Errno) -> Int {
    try use(descriptor, for: .read) { file throws(Errno) in
      var buffer = try bytes.buffer()
      return try file.read(&buffer)
    }
  }

  /// write(2)
  @inline(__always)
  func write(_ descriptor: Int32, _ bytes: UserBuffer) throws(Errno) -> Int {
    try use(descriptor, for: .write) { file throws(Errno) in
      var buffer = try bytes.buffer()
      return try write(&buffer, to: file)
    }
  }

  /// pread64(2)
  func pread64(_ descriptor: Int32, _ bytes: UserBuffer, _ offset: Int64) throws(Errno) -> Int {
    guard offset >= 0 else { throw .EINVAL }
    return try useUsable(descriptor) { file throws(Errno) in
      guard file.isSeekable else { throw .ESPIPE }
      guard file.mode.contains(.read) else { throw .EBADF }
      var buffer = try bytes.buffer()
      return try file.read(&buffer, at: offset)
    }
  }

  /// pwrite64(2)
  func pwrite64(_ descriptor: Int32, _ bytes: UserBuffer, _ offset: Int64) throws(Errno) -> Int {
    guard offset >= 0 else { throw .EINVAL }
    return try useUsable(descriptor) { file throws(Errno) in
      guard file.isSeekable else { throw .ESPIPE }
      guard file.mode.contains(.write) else { throw .EBADF }
      var buffer = try bytes.buffer()
      return try write(&buffer, to: file, at: offset)
    }
  }

  /// readv(2)
  func readv(_ descriptor: Int32, _ vectors: UserPointer<Iovec>, _ count: UInt64) throws(Errno) -> Int {
    try use(descriptor, for: .read) { file throws(Errno) in
      var buffer = try Iovec.buffer(vectors, count: count)
      return try file.read(&buffer)
    }
  }

  /// writev(2)
  func writev(_ descriptor: Int32, _ vectors: UserPointer<Iovec>, _ count: UInt64) throws(Errno) -> Int {
    try use(descriptor, for: .write) { file throws(Errno) in
      var buffer = try Iovec.buffer(vectors, count: count)
      return try write(&buffer, to: file)
    }
  }

  /// preadv(2). Here the offset is in one register, and the other is not looked at.
  func preadv(
    _ descriptor: Int32, _ vectors: UserPointer<Iovec>, _ count: UInt64, _ offset: UInt64, _: UInt64
  ) throws(Errno) -> Int {
    let offset = Int64(bitPattern: offset)
    guard offset >= 0 else { throw .EINVAL }
    return try useUsable(descriptor) { file throws(Errno) in
      guard file.isSeekable else { throw .ESPIPE }
      guard file.mode.contains(.read) else { throw .EBADF }
      var buffer = try Iovec.buffer(vectors, count: count)
      return try file.read(&buffer, at: offset)
    }
  }

  /// pwritev(2)
  func pwritev(
    _ descriptor: Int32, _ vectors: UserPointer<Iovec>, _ count: UInt64, _ offset: UInt64, _: UInt64
  ) throws(Errno) -> Int {
    let offset = Int64(bitPattern: offset)
    guard offset >= 0 else { throw .EINVAL }
    return try useUsable(descriptor) { file throws(Errno) in
      guard file.isSeekable else { throw .ESPIPE }
      guard file.mode.contains(.write) else { throw .EBADF }
      var buffer = try Iovec.buffer(vectors, count: count)
      return try write(&buffer, to: file, at: offset)
    }
  }

  /// preadv2(2): offset -1 is the file's position.
  func preadv2(
    _ descriptor: Int32, _ vectors: UserPointer<Iovec>, _ count: UInt64, _ offset: UInt64, _ high: UInt64,
    _ flags: ReadWriteFlags
  ) throws(Errno) -> Int {
    guard flags.isSubset(of: .RWF_HIPRI) else { throw .EOPNOTSUPP }
    if offset == .max { return try readv(descriptor, vectors, count) }
    return try preadv(descriptor, vectors, count, offset, high)
  }

  /// pwritev2(2): offset -1 is the file's position.
  func pwritev2(
    _ descriptor: Int32, _ vectors: UserPointer<Iovec>, _ count: UInt64, _ offset: UInt64, _ high: UInt64,
    _ flags: ReadWriteFlags
  ) throws(Errno) -> Int {
    let synchronizing: ReadWriteFlags = [.RWF_DSYNC, .RWF_SYNC]
    guard flags.isSubset(of: synchronizing.union(.RWF_HIPRI)) else { throw .EOPNOTSUPP }
    let written =
      offset == .max
      ? try writev(descriptor, vectors, count) : try pwritev(descriptor, vectors, count, offset, high)
    if !flags.isDisjoint(with: synchronizing) {
      let file = try usableFile(descriptor)
      if file.isSeekable { try file.synchronize(dataOnly: !flags.contains(.RWF_SYNC)) }
    }
    return written
  }

  // MARK: Writing

  /// How long the task may make files.
  @inline(__always)
  var fileSizeLimit: UInt64 { task.process.limit(.RLIMIT_FSIZE) }

  /// Writes at the position, or at `offset`, and sends the signal that belongs to a failure.
  @inline(__always)
  private func write(_ buffer: inout IOBuffer, to file: OpenFile, at offset: Int64? = nil) throws(Errno) -> Int {
    let limit = fileSizeLimit
    do throws(Errno) {
      if let offset { return try file.write(&buffer, at: offset, sizeLimit: limit) }
      return try file.write(&buffer, sizeLimit: limit)
    } catch {
      if error != .EPIPE || file.signalsBrokenPipe { raiseSignal(for: error, limit) }
      throw error
    }
  }

  /// Sends the signal that comes with the failure of a write. Source: write(2), `EPIPE`; setrlimit(2), `RLIMIT_FSIZE`.
  @inline(never)
  func raiseSignal(for error: Errno, _ sizeLimit: UInt64) {
    if error == .EPIPE { task.raise(.SIGPIPE) }
    if error == .EFBIG && sizeLimit != .max { task.raise(.SIGXFSZ) }
  }
}
