public import Foundations
import LinuxABI
public import Machine
import Security
import Synchronization
public import VFS
import Waiting

import struct Waiting.PollEvents

/// Bytes on their way from writers to readers. pipe(7).
///
/// The content changes under a lock whose holder may wait, for programs' memory is touched under it; the counts are
/// read without.
public final class Pipe: SpecialFile {
  /// Writes of up to so many bytes are not mixed with others' (`PIPE_BUF`).
  public static let atomicByteCount = 4096
  /// Pages of a new pipe: 64 KiB.
  static let defaultCapacity = 16
  /// Bytes that everybody may make a pipe (`/proc/sys/fs/pipe-max-size`).
  public static let unprivilegedLimit = 1 << 20
  /// Pages that all pipes of a user may hold: who has more gets small ones (`/proc/sys/fs/pipe-user-pages-soft`).
  public static let userLimit = 16_384
  /// Pages of a small pipe.
  static let smallCapacity = 2
  /// Bytes that a privileged program may.
  private static let limit = 1 << 31

  let readerQueue = WaitQueue()
  let writerQueue = WaitQueue()
  let readers = Atomic<Int>(0)
  let writers = Atomic<Int>(0)
  /// How often an end was opened: who waits for the other end sees by it that there was one.
  let readerOpenings = Atomic<Int>(0)
  let writerOpenings = Atomic<Int>(0)
  let lock = SleepLock()
  // Guarded by the lock.
  var ring = PipeRing()
  // While an end is open: for whom the pages of the ring are counted, and how many of them are.
  private var owner: UserID?
  private var countedPages = 0
  // What `poll` tells of both ends, as bits of `PollEvents`. Written with the lock held, read without.
  private let state = Atomic<UInt32>(UInt32(PollEvents.ofRoom.union([.hangUp, .error]).rawValue))

  /// Gives the pipe room for pages, before it is used.
  ///
  /// - Throws: `ENOMEM`.
  func prepare() throws(Errno) {
    lock.lock()
    defer { lock.unlock() }
    if ring.capacity == 0 { ring = try PipeRing(capacity: Self.defaultCapacity) }
  }

  /// Lets all see what the ring holds now. The lock is held.
  func publish() {
    var events: PollEvents = ring.used > 0 ? .ofContent : []
    if ring.used < ring.capacity { events.formUnion(.ofRoom) }
    set(.ofContent.union(.ofRoom), to: events)
  }

  /// Lets all see whether somebody has the ends. The lock is held, and was taken after the counts changed.
  private func publishEnds() {
    var events: PollEvents = writers.load(ordering: .acquiring) == 0 ? .hangUp : []
    if readers.load(ordering: .acquiring) == 0 { events.insert(.error) }
    set([.hangUp, .error], to: events)
  }

  @inline(__always)
  private func set(_ events: PollEvents, to new: PollEvents) {
    let changed = (state.load(ordering: .relaxed) & UInt32(events.rawValue)) ^ UInt32(new.rawValue)
    if changed != 0 { state.bitwiseXor(changed, ordering: .sequentiallyConsistent) }
  }

  /// What there is at both ends: hang-up means no writers, and an error no readers.
  @inline(__always)
  var events: PollEvents { PollEvents(rawValue: UInt16(truncatingIfNeeded: state.load(ordering: .acquiring))) }

  var isEmpty: Bool { events.isDisjoint(with: .ofContent) }
  var isFull: Bool { events.isDisjoint(with: .ofRoom) }

  // MARK: Reading and writing

  /// Reads what there is; waits while there is nothing and there are writers.
  ///
  /// - Returns: how many bytes; 0 when there are no writers.
  /// - Throws: `EAGAIN`, `EINTR`, `EFAULT`.
  public func read(_ buffer: inout IOBuffer, isNonblocking: Bool) throws(Errno) -> Int {
    guard buffer.remaining > 0 else { return 0 }
    while true {
      // First without the lock: who reads a pipe that is empty mostly waits, and would take it for nothing.
      try waitForContent(isNonblocking: isNonblocking)
      let (count, hasWriters) = try readNow(&buffer)
      if count > 0 || !hasWriters { return count }
    }
  }

  /// Waits until there is something, or there are no writers.
  ///
  /// - Throws: `EAGAIN` instead of waiting, `EINTR`.
  func waitForContent(isNonblocking: Bool) throws(Errno) {
    if isNonblocking && isEmpty && writers.load(ordering: .acquiring) > 0 { throw .EAGAIN }
    try readerQueue.wait(for: [.input, .readNormal, .hangUp]) {
      !isEmpty || writers.load(ordering: .acquiring) == 0
    }
  }

  /// Waits until there is room, or there are no readers.
  ///
  /// - Throws: `EAGAIN` instead of waiting, `EINTR`.
  func waitForRoom(isNonblocking: Bool) throws(Errno) {
    if isNonblocking && isFull && readers.load(ordering: .acquiring) > 0 { throw .EAGAIN }
    try writerQueue.wait(for: [.output, .writeNormal, .error]) {
      !isFull || readers.load(ordering: .acquiring) == 0
    }
  }

  private func readNow(_ buffer: inout IOBuffer) throws(Errno) -> (count: Int, hasWriters: Bool) {
    lock.lock()
    // Before the content: what the last writer wrote is seen.
    let hasWriters = writers.load(ordering: .acquiring) > 0
    let wasFull = ring.used == ring.capacity
    var count = 0
    var failure: Errno?
    do throws(Errno) { count = try ring.read(into: &buffer) } catch { failure = error }
    publish()
    let wakes = wasFull && !isFull
    lock.unlock()
    if wakes { writerQueue.wakeAll([.output, .writeNormal]) }
    if let failure { throw failure }
    return (count, hasWriters)
  }

  /// Writes all of `buffer`; waits while there is no room.
  ///
  /// - Throws: `EPIPE` when there are no readers, `EAGAIN`, `EINTR`, `EFAULT`, `ENOMEM`: when nothing was written.
  public func write(_ buffer: inout IOBuffer, isNonblocking: Bool, isPacket: Bool) throws(Errno) -> Int {
    guard buffer.remaining > 0 else { return 0 }
    var count = 0
    do throws(Errno) {
      var isFirst = true
      while true {
        count += try writeNow(&buffer, isFirst: isFirst, isPacket: isPacket)
        isFirst = false
        if buffer.remaining == 0 { return count }
        try waitForRoom(isNonblocking: isNonblocking)
      }
    } catch {
      if count > 0 { return count }
      throw error
    }
  }

  /// Writes as much as there is room for.
  private func writeNow(_ buffer: inout IOBuffer, isFirst: Bool, isPacket: Bool) throws(Errno) -> Int {
    lock.lock()
    guard readers.load(ordering: .acquiring) > 0 else {
      lock.unlock()
      throw .EPIPE
    }
    var count = 0
    var failure: Errno?
    do throws(Errno) {
      if isFirst && !isPacket { count += try ring.merge(&buffer) }
      while buffer.remaining > 0 && ring.used < ring.capacity {
        count += try ring.append(&buffer, isPacket: isPacket)
      }
    } catch { failure = error }
    publish()
    lock.unlock()
    if count > 0 { readerQueue.wakeAll([.input, .readNormal]) }
    if let failure, count == 0 { throw failure }
    return count
  }

  // MARK: What else there is to know

  /// Bytes that can be read. FIONREAD.
  var byteCount: Int {
    lock.lock()
    defer { lock.unlock() }
    return ring.byteCount
  }

  /// Bytes that fit. F_GETPIPE_SZ.
  public var capacity: Int {
    lock.lock()
    defer { lock.unlock() }
    return ring.capacity * 4096
  }

  /// Makes room for at least `byteCount` bytes: a power of two of pages. F_SETPIPE_SZ.
  ///
  /// - Parameter isPrivileged: whether CAP_SYS_RESOURCE lets the pipe become larger than others.
  /// - Returns: how many fit now.
  /// - Throws: `EINVAL`, `EPERM` when it or all pipes of its owner would become too large, `EBUSY` when there is more in it,
  ///   `ENOMEM`.
  public func setCapacity(_ byteCount: Int, isPrivileged: Bool) throws(Errno) -> Int {
    guard byteCount >= 0, byteCount <= Self.limit else { throw .EINVAL }
    var pages = 1
    while pages * 4096 < byteCount { pages *= 2 }
    lock.lock()
    defer { lock.unlock() }
    if pages > ring.capacity && pages * 4096 > Self.unprivilegedLimit && !isPrivileged { throw .EPERM }
    try setCapacity(pages, userLimit: isPrivileged || pages <= ring.capacity ? .max : Self.userLimit)
    publish()
    writerQueue.wakeAll([.output, .writeNormal])
    return pages * 4096
  }

  /// Makes room for `pages` pages, and counts them. The lock is held.
  ///
  /// - Throws: `EPERM` when the owner has more than `userLimit` then, `EBUSY`, `ENOMEM`.
  private func setCapacity(_ pages: Int, userLimit: Int) throws(Errno) {
    let added = owner == nil ? 0 : pages - countedPages
    if let owner, added > 0, !PipeAccounts.take(added, for: owner, upTo: userLimit) { throw .EPERM }
    do throws(Errno) {
      try ring.setCapacity(pages)
    } catch {
      if let owner, added > 0 { PipeAccounts.give(added, of: owner) }
      throw error
    }
    if let owner, added < 0 { PipeAccounts.give(-added, of: owner) }
    countedPages += added
  }

  /// Counts the pages of a pipe that nobody had open, and makes it small if its owner has too many. The lock is held.
  private func beginCounting(_ credentials: borrowing Credentials) {
    let user = credentials.users.real
    let isPrivileged = credentials.has(.CAP_SYS_RESOURCE) || credentials.has(.CAP_SYS_ADMIN)
    var isCounted = PipeAccounts.take(ring.capacity, for: user, upTo: isPrivileged ? .max : Self.userLimit)
    if !isCounted {
      // Without memory for that it stays as it is.
      try? ring.setCapacity(Self.smallCapacity)
      isCounted = PipeAccounts.take(ring.capacity, for: user, upTo: .max)
    }
    if isCounted { (owner, countedPages) = (user, ring.capacity) }
  }

  /// Counts the pages no more, and gives the pipe room as before its first use. The lock is held.
  private func endCounting() {
    if let owner = owner.take() { PipeAccounts.give(countedPages, of: owner) }
    countedPages = 0
    if ring.capacity != Self.defaultCapacity { try? ring.setCapacity(Self.defaultCapacity) }
  }

  // MARK: Ends

  /// Notes that an end is open, by whoever has `credentials`.
  func noteOpened(_ mode: OpenMode, _ credentials: borrowing Credentials) {
    if mode.contains(.read) {
      readers.wrappingAdd(1, ordering: .acquiringAndReleasing)
      readerOpenings.wrappingAdd(1, ordering: .acquiringAndReleasing)
    }
    if mode.contains(.write) {
      writers.wrappingAdd(1, ordering: .acquiringAndReleasing)
      writerOpenings.wrappingAdd(1, ordering: .acquiringAndReleasing)
    }
    lock.lock()
    if owner == nil { beginCounting(credentials) }
    publishEnds()
    lock.unlock()
    readerQueue.wakeAll()
    writerQueue.wakeAll()
  }

  /// Notes that an end was closed. The last takes the content with it.
  func noteClosed(_ mode: OpenMode) {
    if mode.contains(.read) { readers.wrappingSubtract(1, ordering: .acquiringAndReleasing) }
    if mode.contains(.write) { writers.wrappingSubtract(1, ordering: .acquiringAndReleasing) }
    lock.lock()
    publishEnds()
    if readers.load(ordering: .acquiring) == 0 && writers.load(ordering: .acquiring) == 0 {
      ring.removeAll()
      endCounting()
      publish()
    }
    lock.unlock()
    readerQueue.wakeAll()
    writerQueue.wakeAll()
  }
}

extension PollEvents {
  /// What a reader is told when there is something in the pipe.
  static var ofContent: PollEvents { [.input, .readNormal] }
  /// What a writer is told when there is room in it.
  static var ofRoom: PollEvents { [.output, .writeNormal] }
}
