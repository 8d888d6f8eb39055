import Foundations
import Machine
import PageCache
import Testing

@Suite("PageIndex")
struct PageIndexTests {
  /// Pages around every place where the tree changes its shape.
  private static let corners: [UInt64] =
    [0, 1, 62, 63, 64, 65, .max, .max - 1, .max - 63, .max - 64, 1 << 63, (1 << 63) - 1]
    + (1..<11).flatMap { level -> [UInt64] in
      let span: UInt64 = 1 << UInt64(6 * level)
      return [span - 1, span, span + 1, span &* 63, span | 1 << 60]
    }

  @Test("An empty index has nothing, gives nothing and takes no memory")
  func empty() {
    var index = PageIndex<Int>()
    for page in Self.corners {
      #expect(!index.contains(page) && index.next(from: page) == nil && index.remove(at: page) == nil)
      #expect(index.next(from: page, tagged: .dirty) == nil && !index.set(.dirty, at: page))
      #expect(!index.clear(.dirty, at: page) && !index.has(.dirty, at: page))
    }
    #expect(index.isEmpty && index.byteCount == 0 && !index.hasAny(.dirty))
  }

  @Test("Any two pages, however far apart, are found again, walked in order and removed without a trace")
  func pairs() throws {
    for first in Self.corners {
      for second in Self.corners where second != first {
        var index = PageIndex<UInt64>()
        try index.insert(first, at: first)
        try index.insert(second, at: second)
        #expect(index.withElement(at: first) { $0 } == first && index.withElement(at: second) { $0 } == second)
        #expect(index.count == 2 && index.next(from: 0) == min(first, second))
        let (low, high) = (min(first, second), max(first, second))
        #expect(index.next(from: low) == low && index.next(from: low + 1) == high && index.next(from: high) == high)
        if high != .max { #expect(index.next(from: high + 1) == nil) }
        #expect(index.set(.dirty, at: high) && index.next(from: 0, tagged: .dirty) == high)
        #expect(index.next(from: 0, tagged: .writeback) == nil)
        #expect(index.remove(at: first) == first && !index.contains(first) && index.contains(second))
        #expect(index.hasAny(.dirty) == (second == high))
        // Nothing is left of the nodes that only the two together needed.
        #expect(index.byteCount < 2300)
        #expect(index.remove(at: second) == second)
        #expect(index.isEmpty && index.byteCount == 0)
      }
    }
  }

  @Test("A page that is there is not replaced")
  func exists() throws {
    var index = PageIndex<Int>()
    try index.insert(1, at: 700)
    #expect(throws: Errno.EEXIST) { try index.insert(2, at: 700) }
    #expect(index.withElement(at: 700) { $0 } == 1 && index.count == 1)
  }

  @Test("Pages within 64 of each other need one leaf, wherever they are")
  func oneLeaf() throws {
    var near = PageIndex<UInt32>()
    var far = PageIndex<UInt32>()
    for page in 0..<64 as Range<UInt64> {
      try near.insert(7, at: page)
      try far.insert(7, at: page + 1 << 51)
    }
    #expect(near.byteCount == far.byteCount && near.byteCount < 1024)
  }

  @Test("An index of many pages takes less than ten bytes a page of four-byte elements, and gives them back")
  func memory() throws {
    var index = PageIndex<UInt32>()
    for page in 0..<65_536 as Range<UInt64> { try index.insert(1, at: page) }
    #expect(index.byteCount < 65_536 * 10)
    for page in 0..<65_536 as Range<UInt64> where page % 4096 != 0 { _ = index.remove(at: page) }
    #expect(index.count == 16 && index.byteCount < 32_768)
  }

  @Test("An insertion that finds no memory, at whichever step, leaves everything as it was")
  func noMemory() throws {
    try SimulatedMemory.exclusive {
      defer { AllocationFaults.fail(after: nil) }
      let ledger = Ledger()
      var failures = 0
      for base in Self.corners {
        for page in Self.corners where page != base {
          var index = PageIndex<Owned>()
          try index.insert(Owned(ledger), at: base)
          index.set(.dirty, at: base)
          let byteCount = index.byteCount
          for allocations in 0...30 {
            AllocationFaults.fail(after: allocations)
            do throws(Errno) {
              try index.insert(Owned(ledger), at: page)
              AllocationFaults.fail(after: nil)
              break
            } catch {
              AllocationFaults.fail(after: nil)
              failures += 1
              #expect(error == .ENOMEM && index.count == 1 && ledger.alive == 1 && !index.contains(page))
              #expect(index.next(from: 0) == base && index.next(from: 0, tagged: .dirty) == base)
              // A chunk may have grown, by less than another node.
              #expect(index.byteCount < byteCount + 4096)
            }
          }
          #expect(index.count == 2 && index.next(from: 0, tagged: .dirty) == base && index.contains(page))
          _ = index.remove(at: page)
          _ = index.remove(at: base)
          #expect(index.byteCount == 0)
        }
      }
      #expect(failures > Self.corners.count * Self.corners.count)
    }
  }

  @Test("Elements are dropped once: when they are taken out, when they do not fit in, and with the index")
  func ownership() throws {
    let ledger = Ledger()
    do {
      var index = PageIndex<Owned>()
      for page in [0, 5, 64, 1 << 40] as [UInt64] { try index.insert(Owned(ledger), at: page) }
      #expect(ledger.alive == 4)
      #expect(throws: Errno.EEXIST) { try index.insert(Owned(ledger), at: 64) }
      #expect(ledger.alive == 4)
      _ = index.remove(at: 5)
      #expect(ledger.alive == 3)
    }
    #expect(ledger.alive == 0 && ledger.dropped == 5)
  }
}

/// Counts what is alive.
final class Ledger {
  var alive = 0
  var dropped = 0
}

/// Something that must be dropped exactly once.
struct Owned: ~Copyable {
  private let ledger: Ledger

  init(_ ledger: Ledger) {
    self.ledger = ledger
    ledger.alive += 1
  }

  deinit {
    ledger.alive -= 1
    ledger.dropped += 1
  }
}
