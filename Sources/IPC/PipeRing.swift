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
  mutating func read(into buffer: inout IOBuffer) throws(Errno) -> Int {
    var count = 0
    while used > 0 && buffer.remaining > 0 {
      let place = place(first)
      let extent = extents[place]
      let range = extent.start..<min(extent.end, extent.start + buffer.remaining)
      guard let frame = frames[place].take() else { break }
      var moved = 0
      var failure: Errno?
      do throws(Errno) { moved = try buffer.write(frame, range) } catch { failure = error }
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
  mutating func append(_ buffer: inout IOBuffer, isPacket: Bool) throws(Errno) -> Int {
    let wanted = min(buffer.remaining, UserFrame.byteCount)
    var frame = spare.take()
    if frame == nil {
      frame = try FrameAllocator.retrying { () throws(Errno) in try UserFrame.allocate(.anonymous, isZeroed: false) }
    }
    guard let new = frame.take() else { throw .ENOMEM }
    var moved = 0
    var failure: Errno?
    do throws(Errno) { moved = try buffer.read(into: new, 0..<wanted) } catch { failure = error }
    if let failure {
      spare = consume new
      throw failure
    }
    let place = place(end)
    frames[place] = consume new
    extents[place] = Extent(start: 0, end: moved, isPacket: isPacket)
    end += 1
    return moved
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
