import Boot
import PageFrames

/// Up to 32 references to frames, without memory of its own: reclaim uses it when there is none.
///
/// The references are kept as numbers, because the compiler cannot destroy an `InlineArray` of elements that are not copyable in
/// every module that it is inlined into.
@safe
public struct FrameBatch: ~Copyable {
  /// How many references a batch holds at most.
  public static let capacity = 32

  private var numbers = InlineArray<32, FrameNumber>(repeating: .none)
  /// How many references it holds.
  public private(set) var count = 0

  /// Creates an empty batch.
  public init() {}

  deinit {
    for index in 0..<count { UserFrame.dropReference(to: numbers[index]) }
  }

  /// Whether there is no room.
  public var isFull: Bool { count == Self.capacity }

  /// Adds a reference. The batch is not full.
  public mutating func append(_ frame: consuming UserFrame) {
    precondition(count < Self.capacity, "the batch is full")
    numbers[count] = frame.relinquish()
    count += 1
  }

  /// Drops the references.
  public mutating func removeAll() {
    while count > 0 {
      count -= 1
      UserFrame.dropReference(to: numbers[count])
    }
  }

  /// The references.
  public var span: Span<UserFrame> {
    @_lifetime(borrow self) get {
      // SAFETY: a `UserFrame` is its number and nothing else, which is checked; the batch has the references, and the span
      // lives no longer than the one that it is made from.
      precondition(MemoryLayout<UserFrame>.size == MemoryLayout<FrameNumber>.size)
      let held = numbers.span
      let start = unsafe held.withUnsafeBufferPointer { buffer in unsafe UnsafeRawPointer(buffer.baseAddress) }
      let frames = unsafe UnsafeBufferPointer(start: start?.assumingMemoryBound(to: UserFrame.self), count: count)
      return unsafe _overrideLifetime(Span(_unsafeElements: frames), copying: held)
    }
  }
}
