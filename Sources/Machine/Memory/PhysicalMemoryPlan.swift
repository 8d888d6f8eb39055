/// What boot found out about physical memory, which the kernel's first page tables are made from.
public struct PhysicalMemoryPlan: Sendable {
  /// How many ranges of memory a plan holds; firmware tables have a few dozen at most.
  public static let capacity = 256

  private var ranges = InlineArray<256, Range<UInt64>>(repeating: 0..<0)
  /// How many ranges were added.
  public private(set) var count = 0

  private var freeRanges = InlineArray<256, Range<UInt64>>(repeating: 0..<0)
  /// How many ranges of free memory there are.
  public private(set) var freeCount = 0

  private var modules = InlineArray<32, Range<UInt64>>(repeating: 0..<0)
  /// How many modules there are.
  public private(set) var moduleCount = 0

  /// The linear frame buffer, if there is one.
  public var frameBuffer: Range<UInt64>?

  /// Creates a plan without any memory.
  public init() {}

  /// Adds memory that the kernel shall reach through its physical map: usable memory, not devices and not what firmware keeps.
  ///
  /// - Returns: false when the plan is full.
  public mutating func add(_ range: Range<UInt64>) -> Bool {
    guard count < Self.capacity else { return false }
    ranges[count] = range
    count += 1
    return true
  }

  /// Adds memory, already added by `add`, that nobody uses.
  ///
  /// Only whole pages of it count.
  ///
  /// - Returns: false when the plan is full.
  public mutating func addFree(_ range: Range<UInt64>) -> Bool {
    let mask = PageTable.pageSize - 1
    let upper = min(range.upperBound, PhysicalMap.limit) & ~mask
    let lower = (range.lowerBound + mask) & ~mask
    guard lower < upper else { return true }
    guard freeCount < Self.capacity else { return false }
    freeRanges[freeCount] = lower..<upper
    freeCount += 1
    return true
  }

  /// Takes every page that `range` touches out of the free memory.
  public mutating func reserve(_ range: Range<UInt64>) {
    guard !range.isEmpty else { return }
    let mask = PageTable.pageSize - 1
    let (rounded, isPastEnd) = range.upperBound.addingReportingOverflow(mask)
    let reserved = (range.lowerBound & ~mask)..<(isPastEnd ? ~mask : rounded & ~mask)
    for index in 0..<freeCount where freeRanges[index].overlaps(reserved) {
      let old = freeRanges[index]
      let below = old.clamped(to: 0..<reserved.lowerBound)
      let above = old.clamped(to: reserved.upperBound..<UInt64.max)
      freeRanges[index] = below.isEmpty ? above : below
      // A plan that is full loses the upper part, which is safe.
      if !below.isEmpty && !above.isEmpty { _ = addFree(above) }
    }
  }

  /// Adds a file that the loader put into memory, and reserves it. `BootModule.take` takes it by the order of this; one that does
  /// not fit is reserved only.
  public mutating func addModule(_ range: Range<UInt64>) {
    reserve(range)
    guard moduleCount < modules.count else { return }
    modules[moduleCount] = range
    moduleCount += 1
  }

  /// The module number `index`, 0..<moduleCount.
  func module(_ index: Int) -> Range<UInt64> { modules[index] }

  /// Whether all pages that the module touches are memory above 1 MiB, and nothing else is in them: the image, another module,
  /// free memory.
  func isOwnMemory(ofModule index: Int) -> Bool {
    let range = modules[index]
    guard !range.isEmpty, range.lowerBound % PageTable.pageSize == 0, range.lowerBound >= 0x10_0000,
      range.upperBound <= PhysicalMap.limit
    else { return false }
    let pages = BootModules.pages(range)
    guard memoryByteCount(in: pages) == pages.upperBound - pages.lowerBound else { return false }
    if pages.overlaps(ImageLayout.physical) { return false }
    for other in 0..<freeCount where freeRanges[other].overlaps(pages) { return false }
    for other in 0..<moduleCount where other != index {
      if BootModules.pages(modules[other]).overlaps(pages) { return false }
    }
    return true
  }

  /// The range of free memory number `index`, 0..<freeCount; it may be empty.
  public func free(_ index: Int) -> Range<UInt64> { freeRanges[index] }

  /// The largest range of free memory below `limit`: for the kernel's first tables.
  func largestFree(below limit: UInt64) -> Range<UInt64> {
    var best: Range<UInt64> = 0..<0
    for index in 0..<freeCount {
      let range = freeRanges[index].clamped(to: 0x10_0000..<limit)
      if range.upperBound - range.lowerBound > best.upperBound - best.lowerBound { best = range }
    }
    return best
  }

  /// One past the highest frame of free memory, and of memory that will be when modules go.
  var frameCount: Int {
    var end: UInt64 = 0
    for index in 0..<freeCount { end = max(end, freeRanges[index].upperBound) }
    for index in 0..<moduleCount where isOwnMemory(ofModule: index) {
      end = max(end, BootModules.pages(modules[index]).upperBound)
    }
    return Int(end / PageTable.pageSize)
  }

  /// How many bytes of `range` are memory.
  func memoryByteCount(in range: Range<UInt64>) -> UInt64 {
    var sum: UInt64 = 0
    for index in 0..<count {
      let part = ranges[index].clamped(to: range)
      sum += part.upperBound - part.lowerBound
    }
    return sum
  }

  /// Whether no part of `range` is memory: what a frame buffer must be, lest it be another way to the kernel's own pages.
  func isOutsideMemory(_ range: Range<UInt64>) -> Bool {
    for index in 0..<count where ranges[index].overlaps(range) { return false }
    return !range.overlaps(ImageLayout.physical)
  }

  /// The range added as number `index`, 0..<count.
  public subscript(index: Int) -> Range<UInt64> { ranges[index] }
}
