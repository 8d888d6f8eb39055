import Boot
import Foundations
import PageFrames
import Synchronization

/// A file that the loader put into memory, such as an initial file system. Whoever has it owns its memory.
///
/// The memory is the allocator's once the value goes.
public struct BootModule: ~Copyable {
  private static let modules = BootCell<SpinLock<BootModules>>()

  /// Whole pages.
  private let pages: Range<UInt64>
  private let count: Int

  /// Takes the module that was added to the plan as number `index`.
  ///
  /// - Returns: nil when there is none, when it was taken before, or when it does not lie in memory of its own.
  /// - Context: once the kernel has its own page tables.
  public static func take(_ index: Int) -> BootModule? {
    let range = modules.withValue { modules in modules.withLock { $0.take(index) } }
    guard let range = range ?? nil else { return nil }
    return BootModule(range)
  }

  /// Notes which modules there are.
  static func start(_ modules: BootModules) { Self.modules.fill(SpinLock(modules)) }

  init(_ range: Range<UInt64>) {
    pages = BootModules.pages(range)
    count = Int(range.upperBound - range.lowerBound)
  }

  deinit { FrameAllocator.add(pages) }

  /// What is in it.
  public var bytes: Span<UInt8> {
    @_lifetime(borrow self) get {
      // SAFETY: `BootModules` found the pages to be memory that the physical map reaches and that nobody else has, and they
      // stay so until `deinit`. A module begins with a page.
      let start = unsafe UnsafePointer<UInt8>(bitPattern: UInt(PhysicalMap.address(of: pages.lowerBound)))
      let bytes = unsafe UnsafeBufferPointer(start: start, count: count)
      return unsafe _overrideLifetime(Span(_unsafeElements: bytes), borrowing: self)
    }
  }
}

/// Where the loader's modules lie, each to be taken once.
struct BootModules: Sendable {
  private var ranges = InlineArray<32, Range<UInt64>>(repeating: 0..<0)

  /// The modules of `plan`, without those that share a page with something else.
  init(_ plan: borrowing PhysicalMemoryPlan) {
    for index in 0..<plan.moduleCount where plan.isOwnMemory(ofModule: index) { ranges[index] = plan.module(index) }
  }

  mutating func take(_ index: Int) -> Range<UInt64>? {
    guard index >= 0, index < ranges.count, !ranges[index].isEmpty else { return nil }
    let range = ranges[index]
    ranges[index] = 0..<0
    return range
  }

  /// Every page that `range` touches.
  static func pages(_ range: Range<UInt64>) -> Range<UInt64> {
    let mask = PageTable.pageSize - 1
    return (range.lowerBound & ~mask)..<((range.upperBound + mask) & ~mask)
  }
}
