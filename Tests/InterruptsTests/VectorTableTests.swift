import TestSupport
import Testing

@testable import Interrupts

@Suite("Vectors and lines")
struct VectorTableTests {
  @Test("Vectors are spread evenly, and none is given out twice")
  func spreads() throws {
    var table = VectorTable(48...239)
    var taken: Set<Int> = []
    for _ in 0..<192 * 4 {
      let found = table.take(on: 0b1111)
      let (vector, processor) = try #require(found)
      #expect((48...239).contains(vector) && processor < 4)
      #expect(taken.insert(Int(vector) << 8 | processor).inserted)
      let counts = (0..<4).map { table.count(on: $0) }
      #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
    }
    let none = table.take(on: 0b1111)
    #expect(none == nil)
    let fifth = table.take(on: 0b11111)
    #expect(fifth?.processor == 4)
  }

  @Test("Only CPUs that were asked for are chosen")
  func affinity() throws {
    var table = VectorTable(48...239)
    for _ in 0..<100 {
      let found = table.take(on: 1 << 63)
      #expect(found?.processor == 63)
    }
    let none = table.take(on: 0)
    #expect(none == nil)
    #expect(table.count(on: 0) == 0 && table.count(on: 63) == 100)
  }

  @Test("Random taking and giving back agrees with a set", arguments: 1...20 as ClosedRange<UInt64>)
  func model(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var table = VectorTable(48...60)
    var taken: Set<Int> = []
    for _ in 0..<5_000 {
      if random.next() % 3 < 2 {
        let mask = random.next() & 0b111
        let before = (0..<3).map { processor in taken.filter { $0 & 0xff == processor }.count }
        let found = table.take(on: mask)
        let hasRoom = (0..<3).contains { mask & 1 << UInt64($0) != 0 && before[$0] < 13 }
        #expect((found != nil) == hasRoom)
        if let (vector, processor) = found {
          #expect(mask & 1 << UInt64(processor) != 0)
          #expect(taken.insert(Int(vector) << 8 | processor).inserted)
        }
      } else {
        let vector = UInt8(48 + random.next() % 13)
        let processor = Int(random.next() % 3)
        #expect(table.isTaken(vector, on: processor) == taken.contains(Int(vector) << 8 | processor))
        table.release(vector, on: processor)
        taken.remove(Int(vector) << 8 | processor)
      }
    }
  }

  @Test("A line is given up when next to nobody claims its interrupts, and not before")
  func storms() {
    var detector = StormDetector()
    for number in 1...StormDetector.period {
      let isStorm = detector.note(isClaimed: false)
      #expect(isStorm == (number == StormDetector.period))
    }
    for number in 1...StormDetector.period {
      let isStorm = detector.note(isClaimed: number % 1_000 == 0)
      #expect(!isStorm)
    }
    for number in 1...StormDetector.period {
      let isStorm = detector.note(isClaimed: number % 1_001 == 0)
      #expect(isStorm == (number == StormDetector.period))
    }
  }
}
