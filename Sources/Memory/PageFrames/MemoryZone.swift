/// A binary buddy allocator over the frames of one zone.
///
/// Free memory is kept in blocks of 2^order frames at multiples of their size. Taking a smaller block halves a larger one;
/// a block given back joins its other half whenever that is free too, so that free memory is always in blocks as large as
/// they can be. Both take at most `orderCount` steps.
public struct MemoryZone: Sendable {
  /// Orders 0 to 10: blocks of 4 KiB to 4 MiB.
  public static let orderCount = 11
  /// Frames of the largest block.
  public static let largestBlock = 1 << (orderCount - 1)

  /// Which zone this is.
  public let kind: ZoneKind
  /// Frames that were given to the zone.
  public internal(set) var managedCount = 0
  /// Frames that are free now.
  public private(set) var freeCount = 0
  /// The lowest and one past the highest frame ever given to the zone.
  public private(set) var span: Range<UInt32> = 0..<0
  /// When to call for help.
  public internal(set) var watermarks = Watermarks(minimum: 0)
  /// Frames kept from requests that could be served by a higher zone, by the highest zone that the request allows.
  var reserves = InlineArray<3, Int>(repeating: 0)
  /// Blocks that were taken, in all.
  public internal(set) var allocationCount: UInt64 = 0
  /// Times that nothing could be taken although `freeCount` would have sufficed.
  public internal(set) var fragmentationFailureCount: UInt64 = 0

  private var blocks = InlineArray<11, FrameList>(repeating: FrameList())

  /// Creates a zone without memory.
  init(_ kind: ZoneKind) { self.kind = kind }

  /// Frames that are kept from requests that could have been served by zones up to `limit`.
  public func reserve(forRequestsUpTo limit: ZoneKind) -> Int { reserves[limit.rawValue] }

  /// How many free blocks of `order` there are.
  public func freeBlockCount(order: Int) -> Int { blocks[order].count }

  /// Gives the zone `range`, which it never had.
  mutating func add(_ range: Range<UInt32>, in frames: Span<FrameDescriptor>) {
    span = span.isEmpty ? range : min(span.lowerBound, range.lowerBound)..<max(span.upperBound, range.upperBound)
    managedCount += range.count
    forEachBlock(of: range) { zone, frame, order in zone.join(frame, order: order, in: frames) }
  }

  /// Takes a block of 2^`order` frames, which become of `kind`.
  @inline(__always)
  mutating func take(order: Int, for kind: FrameKind, in frames: Span<FrameDescriptor>) -> FrameNumber? {
    var larger = order
    while larger < Self.orderCount {
      if let frame = blocks[larger].takeFirst(in: frames) {
        split(frame, from: larger, to: order, for: kind, in: frames)
        return frame
      }
      larger &+= 1
    }
    return nil
  }

  /// Takes the smallest free block, or a piece of 2^`limit` frames of it if it is larger; the frames become of `kind`.
  ///
  /// So many frames are had at once, and the largest blocks stay whole.
  @inline(__always)
  mutating func takeSmallest(
    upTo limit: Int, for kind: FrameKind, in frames: Span<FrameDescriptor>
  ) -> (frame: FrameNumber, order: Int)? {
    var order = 0
    while order < Self.orderCount {
      if let frame = blocks[order].takeFirst(in: frames) {
        split(frame, from: order, to: min(order, limit), for: kind, in: frames)
        return (frame, min(order, limit))
      }
      order &+= 1
    }
    return nil
  }

  /// Keeps the first 2^`order` frames of a block that was taken off its list, and gives the rest back.
  @inline(__always)
  private mutating func split(
    _ frame: FrameNumber, from larger: Int, to order: Int, for kind: FrameKind, in frames: Span<FrameDescriptor>
  ) {
    var larger = larger
    while larger > order {
      larger &-= 1
      insert(frame + (1 &<< larger), order: larger, in: frames)
    }
    let count = 1 &<< order
    var index = 0
    repeat {
      frames[frame + index].kind = kind
      index &+= 1
    } while index < count
    freeCount &-= count
    allocationCount &+= 1
  }

  /// Gives back the block of 2^`order` frames that begins at `frame`, a multiple of its size.
  ///
  /// - Precondition: all of it is in use. What is free already, or was never given to the zone, ends the kernel.
  @inline(__always)
  mutating func release(_ frame: FrameNumber, order: Int, in frames: Span<FrameDescriptor>) {
    let count = 1 &<< order
    precondition(Int(frame.rawValue) & (count &- 1) == 0, "no block begins here")
    var index = 0
    repeat {
      let rawKind = frames[frame + index].rawKind
      precondition(FrameKind.isInUse(rawKind), "frame freed twice")
      frames[frame + index].kind = .absent
      index &+= 1
    } while index < count
    join(frame, order: order, in: frames)
  }

  /// Makes a block free whose frames are absent.
  @inline(__always)
  mutating func join(_ frame: FrameNumber, order: Int, in frames: Span<FrameDescriptor>) {
    var block = frame.rawValue
    var order = order
    freeCount &+= 1 &<< order
    while order < Self.orderCount - 1 {
      let buddy = block ^ (1 &<< UInt32(truncatingIfNeeded: order))
      guard Int(buddy) < frames.count, frames[Int(buddy)].isKind(.free), frames[Int(buddy)].order == order else {
        break
      }
      frames[Int(buddy)].kind = .absent
      blocks[order].remove(FrameNumber(buddy), in: frames)
      block &= ~(1 &<< UInt32(truncatingIfNeeded: order))
      order &+= 1
    }
    insert(FrameNumber(block), order: order, in: frames)
  }

  /// Gives back all of `range`, which need not be a block.
  ///
  /// - Precondition: all of it is in use.
  mutating func release(_ range: Range<UInt32>, in frames: Span<FrameDescriptor>) {
    forEachBlock(of: range) { zone, frame, order in zone.release(frame, order: order, in: frames) }
  }

  /// Divides `range` into blocks that begin at multiples of their sizes, as large as possible.
  @inline(__always)
  private mutating func forEachBlock(of range: Range<UInt32>, _ body: (inout Self, FrameNumber, Int) -> Void) {
    var next = range.lowerBound
    while next < range.upperBound {
      let left = range.upperBound &- next
      let order = min(next.trailingZeroBitCount, 31 &- left.leadingZeroBitCount, Self.orderCount &- 1)
      body(&self, FrameNumber(next), order)
      next &+= 1 &<< UInt32(truncatingIfNeeded: order)
    }
  }

  /// Takes `count` neighbouring frames, more than the largest block, beginning at a multiple of the largest block.
  ///
  /// Walks the zone's span in steps of the largest block.
  mutating func takeRun(count: Int, for kind: FrameKind, in frames: Span<FrameDescriptor>) -> FrameNumber? {
    guard count <= freeCount else { return nil }
    let step = UInt32(Self.largestBlock)
    let wanted = (count + Self.largestBlock - 1) / Self.largestBlock
    var start = (span.lowerBound + step - 1) & ~(step - 1)
    var next = start
    let end = min(span.upperBound, UInt32(clamping: frames.count))
    while next < end && end - next >= step {
      guard frames[Int(next)].isKind(.free), frames[Int(next)].order == Self.orderCount - 1 else {
        next += step
        start = next
        continue
      }
      next += step
      guard next - start == UInt32(wanted) * step else { continue }
      var block = start
      while block < next {
        blocks[Self.orderCount - 1].remove(FrameNumber(block), in: frames)
        for index in block..<block + step { frames[Int(index)].kind = kind }
        block += step
      }
      freeCount -= Int(next - start)
      allocationCount &+= 1
      release(start + UInt32(count)..<next, in: frames)
      return FrameNumber(start)
    }
    return nil
  }

  /// Whether `count` frames may be taken and leave `floor` frames, and those kept from requests that reach up to `limit`.
  @inline(__always)
  func allows(count: Int, limit: ZoneKind, floor: Int) -> Bool {
    freeCount &- count >= floor &+ reserves[limit.rawValue]
  }

  @inline(__always)
  private mutating func insert(_ frame: FrameNumber, order: Int, in frames: Span<FrameDescriptor>) {
    frames[frame].kind = .free
    frames[frame].order = order
    blocks[order].prepend(frame, in: frames)
  }
}
