import Boot
import Foundations
public import PageFrames
import Synchronization

/// One reference to a frame of untyped memory: what programs, files and devices may share.
///
/// A frame never holds a Swift object or a kernel structure while it is untyped, so whatever anybody writes into it cannot
/// hurt the kernel. Dropping the value gives the reference back; the last one frees the frame. Contents are copied in and out,
/// never borrowed, because a program may write at any moment.
@frozen
public struct UserFrame: ~Copyable {
  /// At this count a frame is never freed again: the frame of zeros, and any frame whose counter a program drives that far.
  static let immortal: UInt32 = 1 << 31
  /// Bytes of a frame.
  public static let byteCount = 4096

  /// Which frame it is.
  public let number: FrameNumber

  /// Takes over a reference that is already counted.
  @inline(__always)
  init(adopting number: FrameNumber) {
    self.number = number
  }

  @inline(__always)
  deinit {
    Self.dropReference(to: number)
  }

  /// Gives the reference up without dropping it: to a page-table entry.
  @inline(__always)
  consuming func relinquish() -> FrameNumber {
    let number = number
    discard self
    return number
  }

  /// Takes a new frame.
  ///
  /// - Parameters:
  ///   - kind: `.anonymous` or `.file`.
  ///   - isZeroed: whether to fill it with zeros; if not it holds what its last owner left, and must be written in full
  ///     before a program sees it.
  /// - Throws: `ENOMEM`.
  @inline(__always)
  public static func allocate(_ kind: FrameKind = .anonymous, isZeroed: Bool) throws(Errno) -> UserFrame {
    precondition(kind.isUntyped, "a frame for programs must be untyped")
    let frame = try UserFrame(new: FrameAllocator.allocateForUser(kind))
    if isZeroed { frame.clear() }
    return frame
  }

  /// Prepares the descriptor of a frame that was just taken.
  @inline(__always)
  init(new number: FrameNumber) {
    let descriptors = FrameTable.descriptors
    descriptors[number].flags = []
    descriptors[number].references.store(1, ordering: .relaxed)
    descriptors[number].mappings.store(0, ordering: .relaxed)
    self.init(adopting: number)
  }

  /// Another reference to the same frame.
  @inline(__always)
  public borrowing func share() -> UserFrame {
    Self.addReference(to: number)
    return UserFrame(adopting: number)
  }

  /// Whether there is more than this reference. Always so for the frame of zeros.
  @inline(__always)
  public var isShared: Bool { FrameTable.descriptors[number].references.load(ordering: .acquiring) != 1 }

  /// Counts one more reference to a frame that the caller knows to have one.
  @inline(__always)
  static func addReference(to number: FrameNumber) {
    let descriptors = FrameTable.descriptors
    guard descriptors[number].references.load(ordering: .relaxed) < immortal else { return }
    descriptors[number].references.wrappingAdd(1, ordering: .relaxed)
  }

  /// Counts one reference less and frees the frame with the last.
  @inline(__always)
  static func dropReference(to number: FrameNumber) {
    let descriptors = FrameTable.descriptors
    let count = descriptors[number].references.load(ordering: .acquiring)
    // A count of 1 is this reference, and nobody can add one who does not have one.
    if count == 1 { return FrameAllocator.release(number) }
    guard count < immortal else { return }
    let left = descriptors[number].references.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue
    if left == 0 { FrameAllocator.release(number) }
  }

  // SAFETY (section): a frame's 4096 bytes are in the physical map for ever, this value keeps the frame from being given to
  // anybody else, and untyped memory has no invariant that a racing write could break. Every range is checked.

  /// Copies `bytes.count` bytes from `offset` on into `bytes`.
  ///
  /// - Precondition: they lie in the frame.
  public borrowing func read(at offset: Int, into bytes: inout MutableSpan<UInt8>) {
    read(at: offset, into: &bytes, 0..<bytes.count)
  }

  /// Copies as many bytes as `part` has from `offset` on into `part` of `bytes`.
  ///
  /// - Precondition: they lie in the frame, and `part` in `bytes`.
  public borrowing func read(at offset: Int, into bytes: inout MutableSpan<UInt8>, _ part: Range<Int>) {
    precondition(offset >= 0 && offset <= Self.byteCount - part.count, "outside the frame")
    precondition(part.lowerBound >= 0 && part.upperBound <= bytes.count, "outside the span")
    let source = unsafe pointer.advanced(by: offset)
    unsafe bytes.withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      let target = unsafe UnsafeMutableRawPointer(start).advanced(by: part.lowerBound)
      unsafe target.copyMemory(from: source, byteCount: part.count)
    }
  }

  /// Copies `bytes` into the frame from `offset` on.
  ///
  /// - Precondition: they fit.
  public borrowing func write(at offset: Int, from bytes: Span<UInt8>) {
    let count = bytes.count
    precondition(offset >= 0 && offset <= Self.byteCount - count, "outside the frame")
    let target = unsafe pointer.advanced(by: offset)
    unsafe bytes.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      unsafe target.copyMemory(from: start, byteCount: count)
    }
  }

  /// Fills `range` of the frame with zeros.
  ///
  /// - Precondition: it lies in the frame.
  public borrowing func zeroFill(_ range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= Self.byteCount, "outside the frame")
    let target = unsafe pointer.advanced(by: range.lowerBound)
    unsafe target.initializeMemory(as: UInt8.self, repeating: 0, count: range.count)
  }

  /// Fills the whole frame with zeros.
  @inline(__always)
  public borrowing func clear() {
    FrameMemory.clear(number)
  }

  /// Copies all of `other`.
  public borrowing func copy(from other: borrowing UserFrame) {
    unsafe apus_copy_page(pointer, other.pointer)
  }

  private var pointer: UnsafeMutableRawPointer { unsafe FrameMemory.pointer(to: number) }
}
