public import Foundations
public import Machine
public import Security
import Synchronization
public import VirtualMemory
public import Waiting

import enum LinuxABI.Capability
public import struct LinuxABI.OpenFlags

/// An open file description: what descriptors refer to, and what dup(2) and fork(2) share.
///
/// Kinds of files override what they can do. What is called `content…` is called with the access checked, by many at
/// once unless the file has a position; a file that blocks does so itself, and does not if `isNonblocking`. The last
/// reference closes it: `deinit`.
open class OpenFile {
  /// Where it was opened.
  public let path: Path
  /// The file.
  public let inode: Inode
  /// What may be done with it.
  public let mode: OpenMode
  /// Who opened it.
  public let credentials: Credentials
  /// Who is told of input and output, and by which signal. F_SETOWN, F_SETSIG, O_ASYNC.
  public let notification = SpinLock(FileNotification())
  private let statusBits: Atomic<UInt32>
  private let position = Atomic<Int64>(0)
  private let positionLock = SleepLock()
  final let descriptorCount = Atomic<Int>(0)
  final let watchers = SpinLock(FileWatchers())

  /// Creates an open file.
  ///
  /// - Throws: `ETXTBSY` for writing to a program that runs.
  public init(_ request: OpenRequest, _ inode: Inode) throws(Errno) {
    path = request.path
    self.inode = inode
    mode = OpenMode(request.flags)
    credentials = request.credentials
    statusBits = Atomic(UInt32(truncatingIfNeeded: request.flags.subtracting(.transient).rawValue))
    path.mount.beginUse()
    if mode.contains(.write) && inode.kind == .regular {
      // Noted afterwards: `deinit` runs when this throws, too.
      try inode.beginWriting()
      countsAsWriter = true
    }
  }

  private final var countsAsWriter = false

  deinit {
    if let locks = inode.locks {
      locks.releaseRecords(of: LockOwner(self))
      locks.releaseWhole(of: LockOwner(self))
    }
    if countsAsWriter { inode.endWriting() }
    path.mount.endUse()
  }

  // MARK: Flags

  /// The flags that F_GETFL tells, the access mode among them.
  public final var flags: OpenFlags { OpenFlags(rawValue: UInt64(statusBits.load(ordering: .relaxed))) }

  /// Sets the flags that may change. F_SETFL.
  ///
  /// - Parameter descriptor: by which it is set: what signals say of it if O_ASYNC is set.
  /// - Throws: `EPERM` for O_NOATIME on another's file, `ENOMEM` for O_ASYNC.
  /// - Context: a thread without locks; may wait.
  public final func setFlags(_ new: OpenFlags, by descriptor: Descriptor = Descriptor(rawValue: -1)) throws(Errno) {
    if new.contains(.O_NOATIME) && !flags.contains(.O_NOATIME) {
      let owner = inode.attributes.withLock { $0.user }
      guard credentials.users.fileSystem == owner || credentials.has(.CAP_FOWNER) else { throw .EPERM }
    }
    if new.contains(.O_ASYNC) != flags.contains(.O_ASYNC) {
      if new.contains(.O_ASYNC) { try FileReadiness.start(self, descriptor) } else { FileReadiness.stop(self) }
    }
    let flags = flags.subtracting(.changeable).union(new.intersection(.changeable))
    statusBits.store(UInt32(truncatingIfNeeded: flags.rawValue), ordering: .relaxed)
  }

  /// Whether what would block fails with `EAGAIN` instead.
  @inline(__always)
  public final var isNonblocking: Bool { flags.contains(.O_NONBLOCK) }

  /// Whether it has a position: ordinary files, directories, block devices.
  open var isSeekable: Bool { false }

  // MARK: Reading and writing

  /// Reads at the position, and moves it. read(2), readv(2).
  ///
  /// - Returns: how many bytes; 0 at the end.
  /// - Throws: `EBADF` when it is not open for reading, and what `content` throws.
  @inline(__always)
  public final func read(_ buffer: inout IOBuffer) throws(Errno) -> Int {
    guard mode.contains(.read) else { throw .EBADF }
    guard isSeekable else { return try readContent(&buffer, at: 0) }
    positionLock.lock()
    defer { positionLock.unlock() }
    let start = position.load(ordering: .relaxed)
    try Self.checkEnd(of: buffer, at: start)
    let count = try readContent(&buffer, at: start)
    position.store(start + Int64(count), ordering: .relaxed)
    return count
  }

  /// Reads at `offset`. pread(2).
  ///
  /// - Throws: `ESPIPE` for what has no position, `EINVAL` for a negative offset.
  public final func read(_ buffer: inout IOBuffer, at offset: Int64) throws(Errno) -> Int {
    guard offset >= 0 else { throw .EINVAL }
    guard isSeekable else { throw .ESPIPE }
    guard mode.contains(.read) else { throw .EBADF }
    try Self.checkEnd(of: buffer, at: offset)
    return try readContent(&buffer, at: offset)
  }

  /// Writes at the position, or at the end with O_APPEND, and moves it. write(2), writev(2).
  ///
  /// - Parameter sizeLimit: how long the file may become. RLIMIT_FSIZE.
  /// - Throws: `EBADF` when it is not open for writing, `EFBIG` at the limit, and what `content` throws.
  @inline(__always)
  public final func write(_ buffer: inout IOBuffer, sizeLimit: UInt64 = .max) throws(Errno) -> Int {
    guard mode.contains(.write) else { throw .EBADF }
    var offset: Int64 = 0
    guard isSeekable else { return try writeContent(&buffer, at: &offset, sizeLimit: sizeLimit) }
    positionLock.lock()
    defer { positionLock.unlock() }
    offset = position.load(ordering: .relaxed)
    try Self.checkEnd(of: buffer, at: offset)
    let count = try writeContent(&buffer, at: &offset, sizeLimit: sizeLimit)
    position.store(offset, ordering: .relaxed)
    return count
  }

  /// Writes at `offset`; at the end with O_APPEND, as on Linux. pwrite(2).
  ///
  /// - Throws: as `write`; `ESPIPE` for what has no position, `EINVAL` for a negative offset.
  public final func write(
    _ buffer: inout IOBuffer, at offset: Int64, sizeLimit: UInt64 = .max
  ) throws(Errno) -> Int {
    guard offset >= 0 else { throw .EINVAL }
    guard isSeekable else { throw .ESPIPE }
    guard mode.contains(.write) else { throw .EBADF }
    try Self.checkEnd(of: buffer, at: offset)
    var offset = offset
    return try writeContent(&buffer, at: &offset, sizeLimit: sizeLimit)
  }

  /// Refuses what would end behind the last offset that there is.
  @inline(__always)
  private static func checkEnd(of buffer: borrowing IOBuffer, at offset: Int64) throws(Errno) {
    if offset > Int64.max - Int64(buffer.remaining) { throw .EINVAL }
  }

  /// Reads at `offset`, which means nothing for what has no position.
  ///
  /// - Throws: `EINVAL` for what cannot be read, `EAGAIN`, `EINTR`, `EFAULT`, `EIO`.
  open func readContent(_ buffer: inout IOBuffer, at offset: Int64) throws(Errno) -> Int { throw .EINVAL }

  /// Writes at `offset`, and moves it behind what was written.
  ///
  /// - Throws: `EINVAL` for what cannot be written, `EAGAIN`, `EINTR`, `EFAULT`, `EIO`, `ENOSPC`, `EFBIG`, `EPIPE`.
  open func writeContent(
    _ buffer: inout IOBuffer, at offset: inout Int64, sizeLimit: UInt64
  ) throws(Errno) -> Int { throw .EINVAL }

  // MARK: Position

  /// Where lseek(2) may look for data.
  public enum Landmark: Sendable {
    /// SEEK_DATA.
    case data
    /// SEEK_HOLE.
    case hole
  }

  /// The position.
  public final var offset: Int64 { position.load(ordering: .relaxed) }

  /// Sets the position.
  ///
  /// - Throws: `ESPIPE`, `EINVAL`.
  public final func seek(to offset: Int64) throws(Errno) -> Int64 {
    try seek { _, _ throws(Errno) in offset }
  }

  /// Moves the position by `distance`. SEEK_CUR.
  public final func seek(by distance: Int64) throws(Errno) -> Int64 {
    try seek { position, _ throws(Errno) in
      let (sum, isOverflow) = position.addingReportingOverflow(distance)
      guard !isOverflow else { throw .EINVAL }
      return sum
    }
  }

  /// Sets the position relative to the end. SEEK_END.
  public final func seek(fromEnd distance: Int64) throws(Errno) -> Int64 {
    try seek { _, file throws(Errno) in
      let (sum, isOverflow) = try file.endOffset().addingReportingOverflow(distance)
      guard !isOverflow else { throw .EINVAL }
      return sum
    }
  }

  /// Sets the position to the next data or hole from `offset` on.
  ///
  /// - Throws: `ENXIO` behind the end.
  public final func seek(to landmark: Landmark, from offset: Int64) throws(Errno) -> Int64 {
    try seek { _, file throws(Errno) in
      guard offset >= 0, offset < (try file.endOffset()) else { throw .ENXIO }
      return try file.find(landmark, from: offset)
    }
  }

  private final func seek(_ target: (Int64, OpenFile) throws(Errno) -> Int64) throws(Errno) -> Int64 {
    guard !mode.contains(.path) else { throw .EBADF }
    guard isSeekable else { throw .ESPIPE }
    positionLock.lock()
    defer { positionLock.unlock() }
    let new = try target(position.load(ordering: .relaxed), self)
    guard new >= 0, new <= maximumOffset else { throw .EINVAL }
    position.store(new, ordering: .relaxed)
    return new
  }

  /// The largest position.
  open var maximumOffset: Int64 { .max }

  /// Where the end is, for SEEK_END.
  open func endOffset() throws(Errno) -> Int64 { try inode.currentAttributes().size }

  /// The next data or hole, `offset` or behind; `offset` lies before the end.
  open func find(_ landmark: Landmark, from offset: Int64) throws(Errno) -> Int64 {
    // Without knowledge of holes all is data, and the end is a hole.
    landmark == .data ? offset : try endOffset()
  }

  // MARK: Directories

  /// Calls `emit` with each entry from the position on, `.` and `..` included, until it says false, and moves the
  /// position behind what was taken.
  ///
  /// - Throws: `ENOTDIR`, `ENOENT` for a directory that was removed, and what `emit` throws at the first.
  public final func readEntries(
    _ emit: (_ name: Span<UInt8>, UInt64, FileKind, _ next: Int64) throws(Errno) -> Bool
  ) throws(Errno) {
    try withEntryPosition { position throws(Errno) in
      try listEntries(from: position) { name, number, kind, following throws(Errno) in
        guard try emit(name, number, kind, following) else { return false }
        position = following
        return true
      }
    }
  }

  /// Runs `body` with the position in a directory, which is kept as `body` leaves it, also where it throws.
  ///
  /// - Throws: `EBADF`, `ENOTDIR`, and what `body` throws.
  @inline(__always)
  final func withEntryPosition(_ body: (inout Int64) throws(Errno) -> Void) throws(Errno) {
    guard !mode.contains(.path) else { throw .EBADF }
    guard inode.kind == .directory else { throw .ENOTDIR }
    positionLock.lock()
    defer { positionLock.unlock() }
    var next = position.load(ordering: .relaxed)
    defer { position.store(next, ordering: .relaxed) }
    try body(&next)
  }

  /// Calls `emit` with each entry from `position` on, `.` and `..` included, until it says false.
  open func listEntries(
    from position: Int64, _ emit: (_ name: Span<UInt8>, UInt64, FileKind, _ next: Int64) throws(Errno) -> Bool
  ) throws(Errno) { throw .ENOTDIR }

  /// Adds entries from `position` on, `.` and `..` included, to `records`, until there is no room for one.
  ///
  /// - Throws: as `listEntries`; what was added before is there.
  open func listEntries(from position: Int64, into records: inout DirectoryRecords) throws(Errno) {
    try listEntries(from: position) { name, number, kind, next throws(Errno) in
      records.append(name, number, kind, next: next)
    }
  }

  /// Notes that entries were read by `listEntries(from:into:)`.
  open func noteListed() {}

  // MARK: Everything else

  /// ioctl(2) with a request that is this file's own.
  ///
  /// - Throws: `ENOTTY` for an unknown request.
  open func control(_ request: UInt32, _ argument: UInt64) throws(Errno) -> Int { throw .ENOTTY }

  /// Opens what a request of ioctl(2) asks a descriptor for, such as TIOCGPTPEER.
  ///
  /// - Returns: the file, and the flags that it was asked for with, O_CLOEXEC among them; nil when the request is for `control`.
  open func openRelated(
    _ request: UInt32, _ argument: UInt64, by credentials: Credentials
  ) throws(Errno) -> (file: OpenFile, flags: OpenFlags)? { nil }

  /// What it is ready for now.
  open func poll() -> PollEvents { [.input, .output, .readNormal, .writeNormal] }

  /// Calls `body` with each queue that is woken when what `poll` says changes, in the same order each time.
  ///
  /// Nothing is called for files that are always ready.
  open func forEachWaitQueue(_ body: (borrowing WaitQueue) -> Void) {}

  /// Whose queues `forEachWaitQueue` means when the thread that runs asks; nil if they are the file's own.
  open var queueOwner: AnyObject? { nil }

  /// As `forEachWaitQueue`, but the queues that `owner` had been asked for, whoever runs now.
  open func forEachWaitQueue(of owner: AnyObject?, _ body: (borrowing WaitQueue) -> Void) { forEachWaitQueue(body) }

  /// Of what its owner is told by signals. O_ASYNC.
  open var readinessSignals: ReadinessSignals { .none }

  /// What its owner is to be told after a change of which those who wait were told no more than that there was one.
  ///
  /// - Context: any, interrupts too, without locks; no reference may be dropped that could be the last.
  open func readinessAfterChange() -> PollEvents { [] }

  /// Whether there is room to write, for those that tell of it `roomWhenWanted`: not every wake-up for room means that there is enough.
  ///
  /// - Context: as `readinessAfterChange`.
  open var hasRoom: Bool { true }

  /// Which group is its owner if O_ASYNC is set while it has none: 0 for the caller instead; nil for nobody.
  open var defaultOwnerGroup: Int32? { nil }

  /// Whether poll(2) can wait for it; epoll refuses others.
  open var canPoll: Bool { false }

  /// What mmap(2) maps.
  ///
  /// - Throws: `ENODEV`.
  open func mappedObject() throws(Errno) -> MappedObject { throw .ENODEV }

  /// Writes what was changed. fsync(2), fdatasync(2).
  ///
  /// - Throws: `EINVAL` for what is nowhere but in memory.
  open func synchronize(dataOnly: Bool) throws(Errno) { throw .EINVAL }

  /// Makes the file that long. ftruncate(2).
  ///
  /// - Parameter sizeLimit: how long it may become. RLIMIT_FSIZE.
  /// - Throws: `EINVAL` when it is not open for writing, or is not an ordinary file; `EFBIG` at the limit.
  open func truncate(to size: Int64, sizeLimit: UInt64 = .max) throws(Errno) {
    guard size >= 0, mode.contains(.write), inode.kind == .regular else { throw .EINVAL }
    try path.mount.checkWritable()
    inode.lock.lock()
    defer { inode.lock.unlock() }
    try inode.checkGrowth(to: size, limit: sizeLimit)
    try inode.setSize(size)
    inode.dropPrivileges(unlessMayKeep: credentials)
  }

  /// Reserves, or with flags frees or clears, part of the file. fallocate(2).
  ///
  /// - Parameters:
  ///   - sizeLimit: how long it may become. RLIMIT_FSIZE.
  ///   - isKilled: asked after every few pages whether the caller is on its way out.
  /// - Throws: `EOPNOTSUPP`, `EFBIG`, `ENOSPC`; `EINTR` if the caller is on its way out: the file is no longer than before then.
  open func allocate(
    _ range: Range<Int64>, _ way: AllocationWay, sizeLimit: UInt64 = .max, unless isKilled: () -> Bool = { false }
  ) throws(Errno) {
    guard mode.contains(.write) else { throw .EBADF }
    throw inode.kind == .fifo ? .ESPIPE : .ENODEV
  }

  /// Whether SIGPIPE comes with `EPIPE`. Source: pipe(7), unix(7).
  open var signalsBrokenPipe: Bool { true }

  /// Called each time a descriptor of it is closed, by whoever closes.
  open func flush() throws(Errno) {}
}

/// What fallocate(2) does.
public enum AllocationWay: Sendable {
  /// Reserves space, and makes the file longer.
  case reserve
  /// Reserves space only. FALLOC_FL_KEEP_SIZE.
  case reserveKeepingSize
  /// Frees space. FALLOC_FL_PUNCH_HOLE.
  case punchHole
  /// Makes it read as zeros. FALLOC_FL_ZERO_RANGE.
  case clear
  /// As `clear`, with the size as it is.
  case clearKeepingSize
}
