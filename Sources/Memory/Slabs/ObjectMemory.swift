public import PageFrames

/// Access to the memory of objects that are free, where a slab keeps its links and, when debugging, its marks.
///
/// Machine has it over the physical map; tests over an array. Addresses are multiples of 8.
public protocol ObjectMemory {
  /// The 64 bits at `address`.
  func load(at address: UInt) -> UInt64
  /// Stores 64 bits at `address`.
  func store(_ value: UInt64, at address: UInt)
  /// The address of a frame's first byte.
  func address(of frame: FrameNumber) -> UInt
  /// The frame that holds `address`.
  func frame(containing address: UInt) -> FrameNumber
}

/// Where slabs get their frames.
public protocol SlabPageSource {
  /// Takes 2^`order` frames in one piece at a multiple of their size, or returns nil.
  mutating func allocate(order: Int) -> FrameNumber?
  /// Takes such a piece back.
  mutating func release(_ frame: FrameNumber, order: Int)
}
