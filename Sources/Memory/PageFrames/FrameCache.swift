/// Free single frames at one CPU's hand, so that most allocations take no lock.
///
/// Used by its CPU only, with interrupts off. Last in, first out: what was freed last is likely still in the CPU's caches.
public struct FrameCache: Sendable {
  /// How many frames a cache holds at most.
  public static let capacity = 64
  /// How many frames move between a cache and its node at a time.
  public static let batch = 32

  private var slots = InlineArray<64, UInt32>(repeating: 0)
  /// How many frames it holds.
  public private(set) var count = 0

  /// Creates an empty cache.
  public init() {}

  /// Takes a frame out, which becomes of `kind`, or returns nil when the cache is empty.
  @inline(__always)
  public mutating func take(for kind: FrameKind, in frames: Span<FrameDescriptor>) -> FrameNumber? {
    guard count != 0 else { return nil }
    count &-= 1
    let frame = FrameNumber(slots[count & (Self.capacity &- 1)])
    frames[frame].kind = kind
    return frame
  }

  /// Puts a free frame in.
  ///
  /// - Returns: false, changing nothing, when the cache is full.
  /// - Precondition: the frame is in use. One that is free already, or was never allocated, ends the kernel.
  @inline(__always)
  public mutating func put(_ frame: FrameNumber, in frames: Span<FrameDescriptor>) -> Bool {
    guard count < Self.capacity else { return false }
    let rawKind = frames[frame].rawKind
    precondition(FrameKind.isInUse(rawKind), "frame freed twice")
    frames[frame].kind = .cached
    slots[count & (Self.capacity &- 1)] = frame.rawValue
    count &+= 1
    return true
  }

  /// Puts `count` neighbouring frames in, which are marked as cached already and for which there is room.
  mutating func putBlock(_ first: FrameNumber, count added: Int) {
    var index = added
    while index > 0 {
      index &-= 1
      slots[count] = first.rawValue &+ UInt32(truncatingIfNeeded: index)
      count &+= 1
    }
  }

  /// Takes frames out, those first that were put in first, until `remaining` are left, and passes each, now absent, to `body`.
  @inline(__always)
  mutating func removeOldest(
    downTo remaining: Int, in frames: Span<FrameDescriptor>, _ body: (FrameNumber) -> Void
  ) {
    let removed = count &- remaining
    guard removed > 0 else { return }
    for index in 0..<removed {
      let frame = FrameNumber(slots[index])
      frames[frame].kind = .absent
      body(frame)
    }
    for index in 0..<remaining { slots[index] = slots[index &+ removed] }
    count = remaining
  }
}
