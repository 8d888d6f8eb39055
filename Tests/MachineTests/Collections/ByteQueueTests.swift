import Foundations
import Testing

@testable import Machine

@Suite("Bytes in order", .serialized)
struct ByteQueueTests {
  @Test("What is put in comes out in order, whatever wraps, and no more than there is room for")
  func order() throws {
    try SimulatedMemory.exclusive {
      var queue = try ByteQueue(limit: 7)
      var expected: [UInt8] = []
      var next: UInt8 = 0
      for round in 0..<200 {
        let wanted = round * 5 % 9
        let bytes = (0..<wanted).map { next &+ UInt8($0) }
        let taken = queue.append(bytes.span)
        #expect(taken == min(wanted, 7 - expected.count))
        expected += bytes[..<taken]
        next &+= UInt8(taken)
        let (held, room) = (queue.count, queue.room)
        #expect(held == expected.count && room == 7 - expected.count)
        var found = [UInt8](repeating: 0, count: 4)
        var span = found.mutableSpan
        let count = queue.peek(into: &span)
        #expect(Array(found[..<count]) == Array(expected.prefix(4)))
        let removed = round % 4
        queue.removeFirst(removed)
        expected.removeFirst(min(removed, expected.count))
      }
      queue.removeFirst(-1)
      let kept = queue.count
      #expect(kept == expected.count)
      queue.removeFirst(100)
      let isEmpty = queue.isEmpty
      #expect(isEmpty)
    }
  }

  @Test("Single bytes and spans share the order, and what is cut off is the last")
  func pieces() throws {
    try SimulatedMemory.exclusive {
      var queue = try ByteQueue(limit: 20)
      for byte in UInt8(0)..<5 { queue.append(byte) }
      let bytes: [UInt8] = [90, 91, 92, 93]
      let count = queue.append(bytes.span, from: 2)
      #expect(count == 2)
      queue.truncate(to: 6)
      queue.truncate(to: 10)
      let first = queue.removeFirst()
      #expect(first == 0)
      var found = [UInt8](repeating: 0, count: 8)
      var span = found.mutableSpan
      let moved = queue.remove(into: &span, from: 1)
      #expect(moved == 5 && found == [0, 1, 2, 3, 4, 92, 0, 0])
      let isEmpty = queue.isEmpty
      #expect(isEmpty)
      for _ in 0..<20 { queue.append(1) }
      let room = queue.room
      let none = queue.append(bytes.span)
      let behind = queue.append(bytes.span, from: 9)
      #expect(room == 0 && none == 0 && behind == 0)
      queue.removeAll()
      let all = queue.room
      #expect(all == 20)
    }
  }
}
