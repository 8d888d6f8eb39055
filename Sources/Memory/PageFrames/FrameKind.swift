/// What a frame is used for.
public enum FrameKind: UInt8, Sendable {
  /// Not memory, memory that was never given to the allocator (firmware, devices, the image), or inside a free block.
  case absent = 0
  /// The first frame of a free block in the buddy lists.
  case free
  /// Free, in a CPU's cache of single frames.
  case cached
  /// Taken from the allocator and not yet put to a use.
  case allocated
  /// Part of a slab of kernel objects; `owner` is the cache, `index` the slab's state.
  case slab
  /// Memory that the kernel allocated in whole pages; the first frame's `index` is the number of frames.
  case kernel
  /// A page table; `index` counts its entries in use.
  case pageTable
  /// Private memory of programs.
  case anonymous
  /// A page of a file; `owner` is the file's number in the page cache, `index` its page in the file.
  case file
  /// Memory of contained work; `owner` is the number of its heap.
  case compartment

  /// Whether a frame of the kind with this number is somebody's, who may give it back.
  @inline(__always)
  static func isInUse(_ rawKind: UInt8) -> Bool { rawKind > FrameKind.cached.rawValue }

  /// Whether the frame is untyped: it may be mapped into programs and given to devices.
  public var isUntyped: Bool { self == .anonymous || self == .file }
}
