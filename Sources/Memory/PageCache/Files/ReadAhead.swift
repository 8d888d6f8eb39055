/// Which pages to read before they are asked for: the state of one reader of a file.
///
/// A reader that asks for pages in order is given windows that double, up to `maximum` pages. The first page of a window's
/// later part is a marker: when the reader comes to it, the next window is read, so that it is there in time. Any other order
/// reads what is asked for and nothing more.
///
/// Source: Linux Documentation/core-api/mm-api.rst, readahead; the sizes are those of Linux with a window of 128 KiB.
public struct ReadAhead: Sendable {
  /// Pages of the largest window: 128 KiB.
  public static let maximum = 32

  /// How many pages the reader asks for at a time; at least 1.
  public var requestCount = 1

  /// The last window: its first page, its length, and the length of its later part.
  private var start: UInt64 = 0
  private var count = 0
  private var laterCount = 0
  /// The page that was asked for last; one that does not exist at first, so that page 0 follows it.
  private var previous = UInt64.max

  /// The state of a reader that has not read yet.
  public init() {}

  /// Notes that `page` is asked for.
  ///
  /// - Returns: whether it is another page than last time. Reading on in a page is not another use of it.
  @inline(__always)
  mutating func advance(to page: UInt64) -> Bool {
    let isNew = page != previous
    previous = page
    return isNew
  }

  /// Whether `page`, which is there, begins the later part of the window.
  @inline(__always)
  func isMarker(_ page: UInt64) -> Bool { count != 0 && page == start &+ UInt64(count &- laterCount) }

  /// The next window, after its marker was read.
  mutating func nextWindow() -> Range<UInt64> {
    let (first, isTooFar) = start.addingReportingOverflow(UInt64(count))
    guard !isTooFar else { return 0..<0 }
    open(at: first, count: Self.next(after: count), laterCount: nil)
    return window
  }

  /// What to read because `page` is not there, after `last` was asked for before it: the page, and those behind it that will
  /// be wanted.
  mutating func windowOfMissing(_ page: UInt64, after last: UInt64) -> Range<UInt64> {
    let request = max(1, min(requestCount, Self.maximum))
    if count != 0 && (page == start &+ UInt64(count) || isMarker(page)) {
      open(at: page, count: Self.next(after: count), laterCount: nil)
    } else if page == last &+ 1 || page == 0 {
      let first = Self.first(for: request)
      open(at: page, count: first, laterCount: first > request ? first - request : nil)
    } else {
      return Self.range(from: page, count: request)
    }
    return window
  }

  /// The page that was asked for last.
  var lastPage: UInt64 { previous }

  private var window: Range<UInt64> { Self.range(from: start, count: count) }

  private static func range(from page: UInt64, count: Int) -> Range<UInt64> {
    page..<page &+ min(UInt64(count), UInt64.max - page)
  }

  private mutating func open(at page: UInt64, count newCount: Int, laterCount newLaterCount: Int?) {
    start = page
    count = newCount
    laterCount = newLaterCount ?? newCount
  }

  /// The first window for a request: the next power of two, and more of it the smaller it is.
  private static func first(for request: Int) -> Int {
    let rounded = 1 << (Int.bitWidth - (request - 1).leadingZeroBitCount)
    if rounded <= maximum / 32 { return rounded * 4 }
    if rounded <= maximum / 4 { return rounded * 2 }
    return maximum
  }

  /// The window after one of `count` pages.
  private static func next(after count: Int) -> Int { min(maximum, count < maximum / 16 ? count * 4 : count * 2) }
}
