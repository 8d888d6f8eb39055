import Boot

/// The lock and the first memory of the early heap.
enum KernelHeap {
  private static let heap = SpinLock(EarlyHeap())

  /// Gives the heap its first memory, part of the image's zeroed storage.
  static func start() {
    add(start: UInt(apus_first_arena_address()), count: UInt(APUS_FIRST_ARENA_SIZE))
  }

  static func add(start: UInt, count: UInt) {
    heap.withLock { $0.add(start: start, count: count) }
  }

  static func allocate(count: UInt, alignment: UInt) -> UnsafeMutableRawPointer? {
    // SAFETY: the pointer is new memory that only the caller knows.
    unsafe heap.withLock { heap in unsafe heap.allocate(count: count, alignment: alignment) }
  }

  static func release(_ memory: UnsafeMutableRawPointer) {
    // SAFETY: the heap tells its own blocks from anything else before it touches one.
    let isBlock = heap.withLock { heap in unsafe heap.release(memory) }
    if !isBlock { fatalError("freed memory that is not allocated") }
  }

  static var usedByteCount: Int { heap.withLock { $0.usedByteCount } }
  static var totalByteCount: Int { heap.withLock { $0.totalByteCount } }
}
