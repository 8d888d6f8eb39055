import Testing

@testable import PageCache

@Suite("ReadAhead")
struct ReadAheadTests {
  /// What a reader of `pages` reads when nothing was in memory, as windows in the order in which they are read.
  private func windows(_ pages: some Sequence<UInt64>, request: Int = 1) -> [Range<UInt64>] {
    var reader = ReadAhead()
    reader.requestCount = request
    var present: Set<UInt64> = []
    var windows: [Range<UInt64>] = []
    for page in pages {
      let last = reader.lastPage
      _ = reader.advance(to: page)
      if present.contains(page) {
        guard reader.isMarker(page) else { continue }
        windows.append(reader.nextWindow())
      } else {
        windows.append(reader.windowOfMissing(page, after: last))
      }
      present.formUnion(windows[windows.count - 1])
    }
    return windows
  }

  @Test("A sequential reader gets windows that double to 32 pages, each before it is needed")
  func sequential() {
    let windows = windows(0..<200)
    #expect(windows.map(\.count) == [4, 8, 16, 32, 32, 32, 32, 32, 32, 32])
    for (window, next) in zip(windows, windows.dropFirst()) { #expect(window.upperBound == next.lowerBound) }
  }

  @Test("A reader that begins in the middle is sequential from its second page on")
  func middle() {
    #expect(windows(700..<900).prefix(3) == [700..<701, 701..<705, 705..<713])
  }

  @Test("A random reader gets what it asks for and nothing more")
  func random() {
    let pages: [UInt64] = [9000, 12, 700, 709, 30, 1 << 40, 50]
    #expect(windows(pages).map(\.count) == [1, 1, 1, 1, 1, 1, 1])
    #expect(windows(pages, request: 8).map(\.count) == [8, 8, 8, 8, 8, 8, 8])
  }

  @Test("Large requests begin with large windows", arguments: [(1, 4), (2, 4), (3, 8), (8, 16), (16, 32), (500, 32)])
  func requests(request: Int, window: Int) {
    #expect(windows(0..<1, request: request)[0].count == window)
  }

  @Test("Every page of a sequential read is read once, whatever the request", arguments: 1...40)
  func onceEach(request: Int) {
    let windows = windows(0..<1000, request: request)
    #expect(windows.reduce(0) { $0 + $1.count } == Set(windows.flatMap { Array($0) }).count)
    #expect(windows.count < 1000 / 32 + 8)
  }

  @Test("Pages at the end of all numbers are no trouble")
  func ends() {
    #expect(windows([.max - 1, .max]).map(\.lowerBound) == [.max - 1, .max])
    var reader = ReadAhead()
    #expect(reader.windowOfMissing(.max, after: .max - 1) == UInt64.max..<UInt64.max)
    #expect(reader.nextWindow().isEmpty)
  }

  @Test("Reading on in a page is not another use of it")
  func uses() {
    var reader = ReadAhead()
    #expect(reader.advance(to: 0) && !reader.advance(to: 0) && reader.advance(to: 1) && reader.advance(to: 0))
  }
}
