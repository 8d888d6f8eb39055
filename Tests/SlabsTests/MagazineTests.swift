import TestSupport
import Testing

@testable import Slabs

@Suite("Magazine")
struct MagazineTests {
  @Test("A magazine of zeros is empty and has no room")
  func fresh() {
    var magazine = Magazine()
    let popped = magazine.pop()
    let isPushed = magazine.push(0x1000)
    #expect(popped == nil && !isPushed)
    #expect(magazine.count == 0 && magazine.limit == 0)
  }

  @Test("Pops and pushes agree with an array, whatever the limit, and the oldest leave first when flushed")
  func model() {
    var generator = SeededGenerator(seed: 31)
    for limit in [1, 2, 4, 16, 31, 32, 99] {
      var magazine = Magazine()
      magazine.limit = limit
      let room = min(limit, Magazine.capacity)
      #expect(magazine.limit == room)
      var model: [UInt] = []
      var pops: UInt64 = 0
      var mistakes = 0
      for step in 0..<20_000 {
        switch generator.next() % 16 {
        case 0:
          let number = Int(generator.next() % UInt64(model.count + 1))
          magazine.removeOldest(number)
          model.removeFirst(number)
        case 1...7:
          if magazine.pop() != model.last { mistakes += 1 }
          if model.popLast() != nil { pops += 1 }
        default:
          let object = UInt(step + 1) * 16
          if magazine.push(object) != (model.count < room) { mistakes += 1 }
          if model.count < room { model.append(object) }
        }
        if magazine.count != model.count { mistakes += 1 }
      }
      #expect(mistakes == 0)
      #expect((0..<model.count).allSatisfy { magazine[$0] == model[$0] })
      let counts = [magazine.takePopCount(), magazine.takePopCount()]
      #expect(counts == [pops, 0])
    }
  }

  @Test("The object that was put in last is not taken again")
  func twice() {
    var magazine = Magazine()
    magazine.limit = 32
    let results = [magazine.push(0x40), magazine.push(0x40), magazine.push(0x80)]
    #expect(results == [true, false, true])
    #expect(magazine.count == 2)
  }

  @Test("A rack refuses caches that there cannot be")
  func rack() {
    var rack = MagazineRack()
    for number in [-1, MagazineRack.count, Int.max, Int.min] {
      let isPushed = rack.push(0x40, number)
      let popped = rack.pop(number)
      #expect(!isPushed && popped == nil, "\(number)")
    }
    rack[95].limit = 4
    let isPushed = rack.push(0x40, 95)
    let popped = [rack.pop(94), rack.pop(95)]
    #expect(isPushed && popped == [nil, 0x40])
    _ = rack.push(0x40, 95)
    let counts = [rack.objectCount(94), rack.objectCount(95), rack[95].count]
    #expect(counts == [0, 1, 1])
  }
}
