/// A doubly linked list of frames, its links kept in the frames' descriptors.
///
/// Every operation takes constant time. A frame is on one list at most, and the caller holds the lock that the list is under.
public struct FrameList: Sendable {
  /// The first frame, or `.none`.
  public private(set) var first = FrameNumber.none
  /// The last frame, or `.none`.
  public private(set) var last = FrameNumber.none
  /// How many frames are on the list.
  public private(set) var count = 0

  /// Creates an empty list.
  public init() {}

  /// Puts `frame`, which is on no list, at the front.
  @inline(__always)
  public mutating func prepend(_ frame: FrameNumber, in frames: Span<FrameDescriptor>) {
    let next = first
    frames[frame].previous = .none
    frames[frame].next = next
    if next == .none { last = frame } else { frames[next].previous = frame }
    first = frame
    count &+= 1
  }

  /// Puts `frame`, which is on no list, at the end.
  @inline(__always)
  public mutating func append(_ frame: FrameNumber, in frames: Span<FrameDescriptor>) {
    let previous = last
    frames[frame].next = .none
    frames[frame].previous = previous
    if previous == .none { first = frame } else { frames[previous].next = frame }
    last = frame
    count &+= 1
  }

  /// Takes `frame`, which is on this list, off it.
  @inline(__always)
  public mutating func remove(_ frame: FrameNumber, in frames: Span<FrameDescriptor>) {
    let next = frames[frame].next
    let previous = frames[frame].previous
    if previous == .none { first = next } else { frames[previous].next = next }
    if next == .none { last = previous } else { frames[next].previous = previous }
    count &-= 1
  }

  /// Takes the first frame off the list.
  ///
  /// - Returns: nil when the list is empty.
  @inline(__always)
  public mutating func takeFirst(in frames: Span<FrameDescriptor>) -> FrameNumber? {
    let frame = first
    guard frame != .none else { return nil }
    remove(frame, in: frames)
    return frame
  }

  /// Takes the last frame off the list.
  ///
  /// - Returns: nil when the list is empty.
  @inline(__always)
  public mutating func takeLast(in frames: Span<FrameDescriptor>) -> FrameNumber? {
    let frame = last
    guard frame != .none else { return nil }
    remove(frame, in: frames)
    return frame
  }
}

extension Span where Element: ~Copyable {
  /// The descriptor of `frame`.
  ///
  /// - Precondition: the table reaches that far.
  @inline(__always)
  public subscript(frame: FrameNumber) -> Element {
    _read { yield self[Int(frame.rawValue)] }
  }
}
