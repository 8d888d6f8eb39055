/// What boot found out about physical memory, which the kernel's first page tables are made from.
public struct PhysicalMemoryPlan: Sendable {
  /// How many ranges of memory a plan holds; firmware tables have a few dozen at most.
  public static let capacity = 256

  private var ranges = InlineArray<256, Range<UInt64>>(repeating: 0..<0)
  /// How many ranges were added.
  public private(set) var count = 0

  /// Free memory below 4 GiB for the kernel's tables and first heap.
  public var bootMemory: Range<UInt64> = 0..<0
  /// The linear frame buffer, if there is one.
  public var frameBuffer: Range<UInt64>?

  /// Creates a plan without any memory.
  public init() {}

  /// Adds memory that the kernel shall reach through its physical map: usable memory and firmware tables, not devices.
  ///
  /// - Returns: false when the plan is full.
  public mutating func add(_ range: Range<UInt64>) -> Bool {
    guard count < Self.capacity else { return false }
    ranges[count] = range
    count += 1
    return true
  }

  /// Whether no part of `range` is memory: what a frame buffer must be, lest it be another way to the kernel's own pages.
  func isOutsideMemory(_ range: Range<UInt64>) -> Bool {
    for index in 0..<count where ranges[index].overlaps(range) { return false }
    return !range.overlaps(ImageLayout.physical)
  }

  /// The range added as number `index`, 0..<count.
  public subscript(index: Int) -> Range<UInt64> { ranges[index] }
}
