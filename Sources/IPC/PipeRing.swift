import Foundations
import Machine
import PageFrames

/// The pages of a pipe, oldest first. One frame is kept when it is empty, so that short messages allocate nothing.
struct PipeRing: ~Copyable {
  private struct Extent {
    var start = 0
    var end = 0
    /// Whether it is read at once or not at all. O_DIRECT.
    var isPacket = false
  }

  // Both have room for `capacity` pages; page number `n` since the beginning is at `n & (capacity - 1)`.
  private var frames = GrowableArray<UserFrame?>()
  private var extents = GrowableArray<Extent>()
  private var first: UInt64 = 0
  private var end: UInt64 = 0
  private var spare: UserFrame?

  /// How many pages there may be: a power of two.
  var capacity: Int { extents.count }
  /// How many there are.
  var used: Int { Int(end - first) }

  /// Creates a ring without room.
  init() {}

  /// Creates an empty ring.
  ///
  /// - Throws: `ENOMEM`.
  init(capacity: Int) throws(Errno) {
    var frames = GrowableArray<UserFrame?>()
    try frames.reserveCapacity(capacity)
    for _ in 0..<capacity { try frames.append(nil) }
    self.frames = frames
    try extents.resize(to: capacity, filledWith: Extent())
  }

  private func place(_ number: UInt64) -> Int { Int(truncatingIfNeeded: number & UInt64(extents.count - 1)) }

  /// Bytes that can be read.
  var byteCount: Int {
    var count = 0
    var number = first
    while number < end {
      count += extents[place(number)].end - extents[place(number)].start
      number += 1
    }
    return count
  }

  // MARK: Moving bytes

  /// Moves what fits into `buffer`: one packet, or as much as there is.
  ///
  /// - Throws: `EFAULT` when nothing could be moved.
  @inline(__always)
  mutating func read(into buffer: inout IOBuffer) throws(Errno) -> Int {
    try drain(buffer.remaining) { frame, range throws(Errno) in try buffer.write(frame, range) }
  }

  /// Moves up to `limit` bytes by `move`, which returns how many of a range it has taken: one packet, or as much as
  /// there is.
  ///
  /// - Throws: what `move` throws when nothing was moved before.
  @inline(__always)
  mutating func drain(
    _ limit: Int, _ move: (borrowing UserFrame, Range<Int>) throws(Errno) -> Int
  ) throws(Errno) -> Int {
    var count = 0
    while used > 0 && count < limit {
      let place = place(first)
      let extent = extents[place]
      let range = extent.start..<min(extent.end, extent.start + limit - count)
      guard let frame = frames[place].take() else { break }
      var moved = 0
      var failure: Errno?
      do throws(Errno) { moved = try move(frame, range) } catch { failure = error }
      frames[place] = consume frame
      if let failure {
        if count == 0 { throw failure }
        break
      }
      count += moved
      extents[place].start += moved
      if extent.isPacket || extents[place].start == extent.end { dropFirst() }
      if extent.isPacket || moved < range.count { break }
    }
    return count
  }

  /// Lets go of the first page.
  private mutating func dropFirst() {
    if let frame = frames[place(first)].take(), spare == nil { spare = consume frame }
    first += 1
  }

  /// Adds bytes of `buffer` to the last page, if all of a part that is no whole page fit there.
  mutating func merge(_ buffer: inout IOBuffer) throws(Errno) -> Int {
    let wanted = buffer.remaining & 4095
    guard wanted > 0, used > 0 else { return 0 }
    let place = place(end - 1)
    let extent = extents[place]
    guard !extent.isPacket, extent.end + wanted <= UserFrame.byteCount, let frame = frames[place].take() else {
      return 0
    }
    var moved = 0
    var failure: Errno?
    do throws(Errno) { moved = try buffer.read(into: frame, extent.end..<extent.end + wanted) } catch {
      failure = error
    }
    frames[place] = consume frame
    if let failure { throw failure }
    extents[place].end += moved
    return moved
  }

  /// Adds a page of what comes next in `buffer`, which is not at its end. There is room for a page.
  ///
  /// - Throws: `ENOMEM`, `EFAULT`.
  @inline(__always)
  mutating func append(_ buffer: inout IOBuffer, isPacket: Bool) throws(Errno) -> Int {
    try append(min(buffer.remaining, UserFrame.byteCount), isPacket: isPacket) { frame, range throws(Errno) in
      try buffer.read(into: frame, range)
    }
  }

  /// Adds a page whose first `wanted` bytes `fill` fills, or fewer, and then as many as it returns; none for 0.
  ///
  /// - Throws: `ENOMEM`, and what `fill` throws.
  @inline(__always)
  mutating func append(
    _ wanted: Int, isPacket: Bool, _ fill: (borrowing UserFrame, Range<Int>) throws(Errno) -> Int
  ) throws(Errno) -> Int {
    var frame = spare.take()
    if frame == nil {
      frame = try FrameAllocator.retrying { () throws(Errno) in try UserFrame.allocate(.anonymous, isZeroed: false) }
    }
    guard let new = frame.take() else { throw .ENOMEM }
    var moved = 0
    var failure: Errno?
    do throws(Errno) { moved = try fill(new, 0..<wanted) } catch { failure = error }
    guard moved > 0 else {
      spare = consume new
      if let failure { throw failure }
      return 0
    }
    let place = place(end)
    frames[place] = consume new
    extents[place] = Extent(start: 0, end: moved, isPacket: isPacket)
    end += 1
    return moved
  }

  /// Takes page number `index` of another ring, counted from its oldest, or what it begins with. There is room for a
  /// page.
  ///
  /// - Parameters:
  ///   - limit: how many bytes at most.
  ///   - isKept: whether the other keeps them; if not, `index` is 0.
  /// - Returns: how many bytes.
  /// - Throws: `ENOMEM`.
  mutating func receive(_ index: Int, of other: inout PipeRing, limit: Int, isKept: Bool) throws(Errno) -> Int {
    let source = other.place(other.first + UInt64(index))
    let extent = other.extents[source]
    let count = min(limit, extent.end - extent.start)
    guard let frame = other.frames[source].take() else { return 0 }
    if !isKept && count == extent.end - extent.start {
      frames[place(end)] = consume frame
      extents[place(end)] = extent
      end += 1
      other.first += 1
      return count
    }
    var failure: Errno?
    do throws(Errno) {
      _ = try append(count, isPacket: extent.isPacket) { target, range throws(Errno) in
        try IOBuffer.withBuffer(target, range) { buffer throws(Errno) in
          try buffer.write(frame, extent.start..<extent.start + count)
        }
      }
    } catch { failure = error }
    other.frames[source] = consume frame
    if let failure { throw failure }
    if !isKept {
      other.extents[source].start += count
      // What is left of a packet that was not wanted whole is dropped.
      if extent.isPacket { other.dropFirst() }
    }
    return count
  }

  /// Lets go of everything.
  mutating func removeAll() {
    while used > 0 { dropFirst() }
    spare = nil
  }

  /// Makes room for `capacity` pages, a power of two.
  ///
  /// - Throws: `EBUSY` when there are more, `ENOMEM`.
  mutating func setCapacity(_ capacity: Int) throws(Errno) {
    guard used <= capacity else { throw .EBUSY }
    var larger = try PipeRing(capacity: capacity)
    while used > 0 {
      let (from, to) = (place(first), larger.place(larger.end))
      larger.frames[to] = frames[from].take()
      larger.extents[to] = extents[from]
      larger.end += 1
      first += 1
    }
    larger.spare = spare.take()
    self = larger
  }
}
