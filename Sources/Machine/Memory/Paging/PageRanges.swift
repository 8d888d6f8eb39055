/// The pages whose translations a change has made invalid: a few ranges, or simply all.
struct PageRanges {
  /// Up to this many pages are dropped one by one, beyond it the whole TLB of the page table.
  ///
  /// Dropping one page costs about as much as loading one or two translations anew; dropping all costs one such load for each
  /// page that is still in use, of the few dozen that matter at a time. Linux measured where the two meet and uses 33 by
  /// default (Documentation/arch/x86/tlb.rst, tlb_single_page_flush_ceiling).
  static let ceiling: UInt64 = 33

  private static let pageSize: UInt64 = 4096
  private static let capacity = 4

  private var ranges = InlineArray<4, Range<UInt64>>(repeating: 0..<0)
  private(set) var count = 0
  private var pageCount: UInt64 = 0

  /// Whether all pages are meant.
  private(set) var isEverything = false

  /// Whether no page is meant.
  @inline(__always)
  var isEmpty: Bool { count == 0 && !isEverything }

  /// Range number `index`, 0..<count; meaningless when everything is meant.
  @inline(__always)
  subscript(index: Int) -> Range<UInt64> { ranges[index] }

  /// Adds all pages.
  mutating func addEverything() { isEverything = true }

  /// Adds one page of any size; a large one has one translation, whatever its size.
  @inline(__always)
  mutating func add(page address: UInt64) {
    guard !isEverything else { return }
    let end = address &+ Self.pageSize
    if count > 0, ranges[count &- 1].upperBound == address {
      ranges[count &- 1] = ranges[count &- 1].lowerBound..<end
      pageCount &+= 1
    } else if count < Self.capacity {
      ranges[count] = address..<end
      count &+= 1
      pageCount &+= 1
    } else {
      joinLast(address..<end)
    }
    if pageCount > Self.ceiling { isEverything = true }
  }

  /// Without room for another range, the last one grows over what lies between.
  private mutating func joinLast(_ page: Range<UInt64>) {
    let last = ranges[count &- 1]
    let joined = min(last.lowerBound, page.lowerBound)..<max(last.upperBound, page.upperBound)
    pageCount &+= (joined.upperBound &- joined.lowerBound &- (last.upperBound &- last.lowerBound)) / Self.pageSize
    ranges[count &- 1] = joined
  }
}
