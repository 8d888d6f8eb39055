public import PageFrames

/// Access to the memory of slabs, 64 bits at a time.
///
/// Machine has it over the physical map, tests over an array. A cache only asks for words of free objects and, when it
/// debugs, for the zones and notes between objects, so nobody else touches what it touches while it holds its lock.
/// Addresses are multiples of 8.
public protocol ObjectMemory {
  /// The 64 bits at `address`, the lowest byte first.
  func load(at address: UInt) -> UInt64
  /// Stores 64 bits at `address`, the lowest byte first.
  func store(_ value: UInt64, at address: UInt)
  /// The address of the first byte of `frame`. Addresses of neighbouring frames are 4,096 apart.
  func address(of frame: FrameNumber) -> UInt
  /// The frame that holds `address`, or a number beyond the table of descriptors when none does.
  func frame(containing address: UInt) -> FrameNumber
}

/// Where slabs get their frames from.
public protocol SlabPageSource: ~Copyable {
  /// Takes 2^`order` neighbouring frames of kind `.slab`, the first of which is at a multiple of their number.
  ///
  /// - Returns: nil when there is no memory.
  mutating func allocate(order: Int) -> FrameNumber?
  /// Takes back what `allocate` with the same `order` returned; the frames' kind is still `.slab`.
  mutating func release(_ frame: FrameNumber, order: Int)
}
