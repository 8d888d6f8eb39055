public import Foundations
public import Machine
public import Security
import Synchronization
public import VFS
public import Waiting

public import struct LinuxABI.OpenFlags

/// An end of a pipe, or of a FIFO, that is open.
public final class PipeFile: OpenFile {
  /// The pipe.
  public let pipe: Pipe
  private var isCounted = false
  /// How many writers there had been when this end was opened: a FIFO that never had one is not hung up.
  private var openingsBefore = 0

  /// Opens an end of `pipe`.
  ///
  /// - Throws: as `OpenFile.init`.
  init(_ request: OpenRequest, _ inode: Inode, _ pipe: Pipe) throws(Errno) {
    self.pipe = pipe
    let mode = OpenMode(request.flags)
    var events: PollEvents = mode.contains(.read) ? .ofContent.union(.hangUp) : []
    if mode.contains(.write) { events.formUnion(.ofRoom.union(.error)) }
    ownEvents = events
    try super.init(request, inode)
    isOfFIFO = !(inode.fileSystem is AnonymousFileSystem)
    pipe.noteOpened(mode, request.credentials)
    openingsBefore = pipe.writerOpenings.load(ordering: .acquiring)
    isCounted = true
  }

  deinit { if isCounted { pipe.noteClosed(mode) } }

  public override func readContent(_ buffer: inout IOBuffer, at offset: Int64) throws(Errno) -> Int {
    try pipe.read(&buffer, isNonblocking: isNonblocking)
  }

  public override func writeContent(
    _ buffer: inout IOBuffer, at offset: inout Int64, sizeLimit: UInt64
  ) throws(Errno) -> Int {
    try pipe.write(&buffer, isNonblocking: isNonblocking, isPacket: flags.contains(.O_DIRECT))
  }

  public override var canPoll: Bool { true }

  public override func poll() -> PollEvents {
    let events = pipe.events.intersection(ownEvents)
    return events.contains(.hangUp) && !sawWriter ? events.subtracting(.hangUp) : events
  }

  /// What may be told of the ends that this file has.
  private let ownEvents: PollEvents

  /// Whether there ever was a writer that it could miss.
  private var sawWriter: Bool {
    !isOfFIFO || hadWriter || pipe.writerOpenings.load(ordering: .acquiring) != openingsBefore
  }

  /// Whether there was a writer when this end was opened: one that a blocking open has waited for, too.
  fileprivate var hadWriter = false
  /// Whether it is an end of a FIFO rather than of a pipe.
  private var isOfFIFO = false

  public override func forEachWaitQueue(_ body: (borrowing WaitQueue) -> Void) {
    if mode.contains(.read) { body(pipe.readerQueue) }
    if mode.contains(.write) { body(pipe.writerQueue) }
  }

  public override var readinessSignals: ReadinessSignals { .all }

  /// The other side is gone, which ends waiting for content or room. Source: Linux fs/pipe.c, `pipe_release`.
  public override func readinessAfterChange() -> PollEvents {
    let events = poll()
    var told: PollEvents = []
    if events.contains(.hangUp) { told.insert(.input) }
    if events.contains(.error) { told.insert(.output) }
    return told
  }

  public override func control(_ request: UInt32, _ argument: UInt64) throws(Errno) -> Int {
    // FIONREAD of asm-generic/ioctls.h.
    guard request == 0x541b else { throw .ENOTTY }
    try UserPointer<Int32>(argument).store(Int32(clamping: pipe.byteCount))
    return 0
  }
}

/// Where pipes come from: pipe2(2).
public final class PipeMaker {
  private let fileSystem: AnonymousFileSystem

  /// Creates a maker. There is one.
  ///
  /// - Throws: `ENOMEM`.
  public init(names: DentryCache, clock: FileClock) throws(Errno) {
    // PIPEFS_MAGIC of linux/magic.h.
    fileSystem = try AnonymousFileSystem(typeName: "pipefs", magic: 0x5049_5045, names: names, clock: clock)
  }

  /// Makes a pipe and opens both ends.
  ///
  /// - Parameter flags: O_NONBLOCK and O_DIRECT.
  /// - Throws: `ENOMEM`.
  public func makePipe(
    _ credentials: Credentials, _ flags: OpenFlags
  ) throws(Errno) -> (reader: OpenFile, writer: OpenFile) {
    try ObjectMemory.check()
    let pipe = Pipe()
    try pipe.prepare()
    let new = NewFile(
      .fifo, permissions: 0o600, user: credentials.users.fileSystem, group: credentials.groups.fileSystem)
    let inode = Inode(fileSystem, number: fileSystem.takeNumber(), new)
    // Whoever opens it by its link in /proc/self/fd gets another end of the same pipe.
    inode.attachment.withLock { $0 = pipe }
    let path = try AnonymousFileSystem.makePath(to: inode, prefix: "pipe")
    let kept = flags.intersection([.O_NONBLOCK, .O_DIRECT])
    let reader = try PipeFile(OpenRequest(path, kept.subtracting(.O_DIRECT), credentials), inode, pipe)
    let writer = try PipeFile(OpenRequest(path, kept.union(.O_WRONLY), credentials), inode, pipe)
    return (reader, writer)
  }
}

/// Opens FIFOs, and pipes by their links in /proc/self/fd: given to `SpecialFiles.setFIFOOpener`. fifo(7).
public final class FIFOOpener: SpecialFileOpener {
  /// Waits for the other end, unless both are wanted or O_NONBLOCK says not to; never for that of a pipe: it was open.
  ///
  /// - Throws: `ENXIO` for writing without waiting when nobody reads, `EINTR`.
  public override func open(_ request: OpenRequest, _ inode: Inode) throws(Errno) -> OpenFile {
    let pipe = try Self.pipe(of: inode)
    let mode = OpenMode(request.flags)
    if inode.fileSystem is AnonymousFileSystem { return try PipeFile(request, inode, pipe) }
    let isNonblocking = request.flags.contains(.O_NONBLOCK)
    if mode == .write && isNonblocking && pipe.readers.load(ordering: .acquiring) == 0 { throw .ENXIO }
    let (readersBefore, writersBefore) = (
      pipe.readerOpenings.load(ordering: .acquiring), pipe.writerOpenings.load(ordering: .acquiring)
    )
    // Who waits for this end goes on as soon as it is there, and may be gone before anybody looks again. The ends are counted before the
    // openings, and looked at after them, so that none is missed.
    let (hasReader, hasWriter) = (
      pipe.readers.load(ordering: .acquiring) > 0, pipe.writers.load(ordering: .acquiring) > 0
    )
    let file = try PipeFile(request, inode, pipe)
    if mode == .read && !isNonblocking {
      if !hasWriter {
        try pipe.readerQueue.wait {
          pipe.writers.load(ordering: .acquiring) > 0 || pipe.writerOpenings.load(ordering: .acquiring) != writersBefore
        }
      }
      file.hadWriter = true
    }
    if mode == .write && !isNonblocking && !hasReader {
      try pipe.writerQueue.wait {
        pipe.readers.load(ordering: .acquiring) > 0 || pipe.readerOpenings.load(ordering: .acquiring) != readersBefore
      }
    }
    if hasWriter || pipe.writers.load(ordering: .acquiring) > 0 { file.hadWriter = true }
    return file
  }

  /// The pipe of a FIFO, made with the first use and kept with the inode.
  private static func pipe(of inode: Inode) throws(Errno) -> Pipe {
    if let pipe = inode.attachment.withLock({ $0 }) as? Pipe { return pipe }
    let new = Pipe()
    try new.prepare()
    let kept = inode.attachment.withLock { attachment in
      if let old = attachment { return old }
      attachment = new
      return new
    }
    guard let pipe = kept as? Pipe else { throw .ENXIO }
    return pipe
  }
}
