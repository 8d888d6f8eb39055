import Machine

/// Up to 32 references to frames, without memory of its own: reclaim uses it when there is none.
struct FrameBatch: ~Copyable {
  static let capacity = 32

  // Places that are not used hold the frame of zeros, which costs nothing to hold.
  private var frames = InlineArray<32, UserFrame> { _ in UserFrame.zero }
  private(set) var count = 0

  init() {}

  var isFull: Bool { count == Self.capacity }

  /// Adds a reference. The batch is not full.
  mutating func append(_ frame: consuming UserFrame) {
    frames[count] = frame
    count += 1
  }

  /// Drops the references.
  mutating func removeAll() {
    while count > 0 {
      count -= 1
      frames[count] = UserFrame.zero
    }
  }

  var span: Span<UserFrame> {
    @_lifetime(borrow self) get { frames.span.extracting(0..<count) }
  }
}
