import Boot
import PageFrames

/// What the kernel itself keeps memory for, in bytes.
public struct KernelMemoryUsage: Sendable {
  /// The image's code.
  public let code: UInt64
  /// The image's constants and symbol table.
  public let constants: UInt64
  /// The image's variables and boot stacks, without the first heap.
  public let variables: UInt64
  /// The heap of the time before the frame allocator.
  public let earlyHeap: UInt64
  /// The table of frame descriptors and the first page tables.
  public let bootTables: UInt64
  /// Page tables made since.
  public let pageTables: UInt64
  /// Slabs of kernel objects.
  public let slabs: UInt64
  /// Whole pages that the kernel allocated.
  public let pages: UInt64
  /// Memory that belongs to programs and files.
  public let untyped: UInt64
  /// Free memory.
  public let free: UInt64

  /// Everything that the kernel keeps for itself.
  public var total: UInt64 {
    code + constants + variables + earlyHeap + bootTables + pageTables + slabs + pages
  }

  /// The figures now.
  public static var current: KernelMemoryUsage {
    let figures = FrameAllocator.figures
    let arena = UInt64(APUS_FIRST_ARENA_SIZE)
    func size(_ range: Range<UInt64>) -> UInt64 { range.upperBound - range.lowerBound }
    func bytes(_ kind: FrameKind) -> UInt64 { UInt64(max(0, figures.usage[kind])) * FrameNumber.byteCount }
    return KernelMemoryUsage(
      code: size(ImageLayout.text), constants: size(ImageLayout.constants) + UInt64(SymbolTableBytes.loadedByteCount),
      variables: size(ImageLayout.data) - arena, earlyHeap: arena,
      bootTables: KernelAddressSpace.bootMemoryUsed, pageTables: bytes(.pageTable), slabs: bytes(.slab),
      pages: bytes(.kernel), untyped: bytes(.anonymous) + bytes(.file),
      free: UInt64(figures.freeCount) * FrameNumber.byteCount)
  }
}
