import Boot

/// The return addresses on a kernel stack, found by following saved frame pointers.
///
/// Every read is checked to lie on a known kernel stack, above the last one, and aligned, so a smashed stack ends the walk
/// and never faults. The kernel is compiled with frame pointers throughout.
public struct StackWalk: Sequence, IteratorProtocol {
  private var framePointer: UInt64
  private let stack: Range<UInt64>?

  /// Starts at a saved frame pointer, such as a trap frame's.
  public init(from framePointer: UInt64) {
    self.framePointer = framePointer
    stack = KernelStack.containing(framePointer)
  }

  /// Starts at the caller.
  @inline(__always)
  public static var here: StackWalk { StackWalk(from: apus_read_frame_pointer()) }

  /// The next caller's return address, or nil at the end.
  public mutating func next() -> UInt64? {
    // SAFETY: the checks before the pointer is made put both words on a kernel stack, which is always mapped.
    guard let stack, framePointer & 7 == 0, framePointer >= stack.lowerBound, stack.upperBound - framePointer >= 16,
      let words = unsafe UnsafePointer<UInt64>(bitPattern: UInt(framePointer))
    else { return nil }
    let callerFrame = unsafe words[0]
    let returnAddress = unsafe words[1]
    guard returnAddress != 0 else { return nil }
    framePointer = callerFrame > framePointer ? callerFrame : 0
    return returnAddress
  }
}

/// The kernel's stacks: those of the image, and those that are mapped page by page.
public enum KernelStack {
  /// The part of a stack from `address`, rounded down to its page, to the stack's top; nil when it is on none.
  static func containing(_ address: UInt64) -> Range<UInt64>? {
    ImageLayout.stack(containing: address) ?? DynamicMap.pages(from: address)
  }

  /// The guard page that holds `address`, if one does: what a stack overflow runs into.
  public static func guardPage(containing address: UInt64) -> Range<UInt64>? {
    ImageLayout.guardPage(containing: address) ?? DynamicMap.guardPage(containing: address)
  }
}

/// Bytes of memory that a fault report may look at.
public enum CodeBytes {
  /// Up to eight bytes of kernel code at `address`, lowest first, or nil outside the code.
  public static func at(_ address: UInt64) -> UInt64? {
    // SAFETY: the checks before the pointer is made put all eight bytes inside the code, which is mapped and readable.
    let text = ImageLayout.text
    guard address >= text.lowerBound, address < text.upperBound, text.upperBound - address >= 8,
      let pointer = unsafe UnsafeRawPointer(bitPattern: UInt(address))
    else { return nil }
    return unsafe pointer.loadUnaligned(as: UInt64.self)
  }
}
