public import Foundations
public import Machine
import Synchronization
import VFS
import Waiting

/// Moving pages between pipes and other files. Source: splice(2), tee(2).
///
/// What is on the other side of a pipe is read and written with the pipe's lock held, so that nobody sees bytes twice or
/// not at all.
extension Pipe {
  /// Moves up to `count` bytes out of the pipe; waits while there is nothing and there are writers.
  ///
  /// - Parameter body: takes bytes of a frame, and returns how many.
  /// - Returns: how many bytes; 0 when there are no writers.
  /// - Throws: `EAGAIN`, `EINTR`; what `body` throws at the first.
  public func drain(
    _ count: Int, isNonblocking: Bool, _ body: (borrowing UserFrame, Range<Int>) throws(Errno) -> Int
  ) throws(Errno) -> Int {
    while true {
      try waitForContent(isNonblocking: isNonblocking)
      let (moved, mayCome) = try moveOut(count, body)
      // If there was nothing, somebody else was faster.
      if moved > 0 || !mayCome { return moved }
    }
  }

  /// Moves up to `count` bytes into the pipe, a page at a time; waits while there is no room.
  ///
  /// - Parameter body: fills the beginning of a range of a frame, and returns how much of it; less ends the call.
  /// - Returns: how many bytes.
  /// - Throws: `EPIPE`, `EAGAIN`, `EINTR`, `ENOMEM`; what `body` throws at the first.
  public func fill(
    _ count: Int, isNonblocking: Bool, _ body: (borrowing UserFrame, Range<Int>) throws(Errno) -> Int
  ) throws(Errno) -> Int {
    try waitForRoom(isNonblocking: isNonblocking)
    return try moveIn(count, body)
  }

  /// Moves up to `count` bytes on to another pipe; otherwise as `drain` and `fill`.
  ///
  /// - Throws: `EINVAL` for the pipe itself.
  public func splice(_ count: Int, to other: Pipe, isNonblocking: Bool) throws(Errno) -> Int {
    try pass(count, to: other, isNonblocking: isNonblocking, .moved)
  }

  /// Copies up to `count` bytes to another pipe, and leaves them here; otherwise as `splice`.
  public func tee(_ count: Int, to other: Pipe, isNonblocking: Bool) throws(Errno) -> Int {
    try pass(count, to: other, isNonblocking: isNonblocking, .kept)
  }
}

extension Pipe {
  private func moveOut(
    _ count: Int, _ body: (borrowing UserFrame, Range<Int>) throws(Errno) -> Int
  ) throws(Errno) -> (moved: Int, mayCome: Bool) {
    lock.lock()
    // Before the content: what the last writer wrote is seen.
    let mayCome = writers.load(ordering: .acquiring) > 0 && ring.used == 0
    var moved = 0
    var failure: Errno?
    do throws(Errno) { moved = try ring.drain(count, body) } catch { failure = error }
    publish()
    lock.unlock()
    if moved > 0 { writerQueue.wakeAll([.output, .writeNormal]) }
    if let failure { throw failure }
    return (moved, mayCome)
  }

  private func moveIn(
    _ count: Int, _ body: (borrowing UserFrame, Range<Int>) throws(Errno) -> Int
  ) throws(Errno) -> Int {
    lock.lock()
    guard readers.load(ordering: .acquiring) > 0 else {
      lock.unlock()
      throw .EPIPE
    }
    var moved = 0
    var failure: Errno?
    do throws(Errno) {
      while moved < count && ring.used < ring.capacity {
        let wanted = min(count - moved, UserFrame.byteCount)
        let part = try ring.append(wanted, isPacket: false, body)
        moved += part
        if part < wanted { break }
      }
    } catch { failure = error }
    publish()
    lock.unlock()
    if moved > 0 { readerQueue.wakeAll([.input, .readNormal]) }
    if let failure, moved == 0 { throw failure }
    return moved
  }

  /// What becomes of bytes that another pipe gets.
  private enum Remains {
    /// They are there only.
    case moved
    /// They are here, too.
    case kept
  }

  private func pass(
    _ count: Int, to other: Pipe, isNonblocking: Bool, _ remains: Remains
  ) throws(Errno) -> Int {
    guard other !== self else { throw .EINVAL }
    while true {
      try other.waitForRoom(isNonblocking: isNonblocking)
      try waitForContent(isNonblocking: isNonblocking)
      let (moved, hasWriters) = try passNow(count, to: other, remains)
      // What was there a moment ago may be gone.
      if moved > 0 || !hasWriters { return moved }
    }
  }

  private func passNow(
    _ count: Int, to other: Pipe, _ remains: Remains
  ) throws(Errno) -> (moved: Int, hasWriters: Bool) {
    // Of two pipes, the one with the lower address is locked first.
    let isFirst = ObjectIdentifier(self) < ObjectIdentifier(other)
    (isFirst ? self : other).lock.lock()
    (isFirst ? other : self).lock.lock()
    let hasWriters = writers.load(ordering: .acquiring) > 0
    var moved = 0
    var failure: Errno?
    if other.readers.load(ordering: .acquiring) == 0 {
      failure = .EPIPE
    } else {
      var index = 0
      do throws(Errno) {
        while moved < count && index < ring.used && other.ring.used < other.ring.capacity {
          moved += try other.ring.receive(index, of: &ring, limit: count - moved, isKept: remains == .kept)
          if remains == .kept { index += 1 }
        }
      } catch { failure = error }
    }
    publish()
    other.publish()
    lock.unlock()
    other.lock.unlock()
    if moved > 0 {
      other.readerQueue.wakeAll([.input, .readNormal])
      if remains == .moved { writerQueue.wakeAll([.output, .writeNormal]) }
    }
    if let failure, moved == 0 { throw failure }
    return (moved, hasWriters)
  }
}
