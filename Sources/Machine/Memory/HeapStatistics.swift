/// What the heap behind Swift's allocations holds.
public struct HeapStatistics: Sendable {
  /// Bytes in use, the blocks' headers included.
  public let usedByteCount: Int
  /// Bytes that the heap was given.
  public let totalByteCount: Int

  /// The figures now.
  public static var current: HeapStatistics {
    HeapStatistics(usedByteCount: KernelHeap.usedByteCount, totalByteCount: KernelHeap.totalByteCount)
  }
}
