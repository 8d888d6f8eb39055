import Foundations
import Synchronization
import Testing

import class Foundation.DispatchSemaphore
import class Foundation.Thread

@testable import Machine

/// How many things there are, and whether one was seen that is gone.
private final class Census: Sendable {
  let made = Atomic<Int>(0)
  let gone = Atomic<Int>(0)
  let ghosts = Atomic<Int>(0)
  let seen = Atomic<Int>(0)
}

private final class Thing {
  static let life = 0x11fe
  let census: Census
  let number: Int
  var state = Thing.life

  init(_ census: Census, _ number: Int = 0) {
    (self.census, self.number) = (census, number)
    census.made.wrappingAdd(1, ordering: .relaxed)
  }

  deinit {
    state = 0xdead
    census.gone.wrappingAdd(1, ordering: .relaxed)
  }

  func look() {
    census.seen.wrappingAdd(1, ordering: .relaxed)
    if state != Thing.life { census.ghosts.wrappingAdd(1, ordering: .relaxed) }
  }
}

@Suite("References that are used without counting")
struct PinnedTableTests {
  private final class Table: Sendable {
    let things = PinnedTable<Thing, Int>(0)

    deinit { things.removeAll() }

    func put(_ thing: Thing, at index: Int) throws(Errno) -> Thing? {
      try things.withLock { _, places throws(Errno) in
        try places.reserve(max(index + 1, places.count))
        let old = places.take(index)
        places.fill(index, with: thing)
        return old
      }
    }

    func take(_ index: Int) -> Thing? { things.withLock { _, places in places.take(index) } }
  }

  @Test("What is there is found, what is not there is not, and all goes with the table")
  func finding() throws {
    let census = Census()
    do {
      let table = Table()
      #expect(table.things.withReferences(.pinning) { $0.use(0) { _ in 1 } } == nil)
      for index in [3, 0, 70] { #expect(try table.put(Thing(census, index), at: index) == nil) }
      for way in [PinnedTable<Thing, Int>.Way.pinning, .counting] {
        table.things.withReferences(way) { things in
          for index in [3, 0, 70] { #expect(things.use(index) { $0.number } == index) }
          for index in [1, 71, 1_000, -1, Int.min, Int.max] { #expect(things.use(index) { $0.number } == nil) }
        }
      }
      #expect(table.take(1) == nil && table.take(-1) == nil && table.take(71) == nil)
      #expect(table.take(3)?.number == 3)
      #expect(census.gone.load(ordering: .relaxed) == 1)
      #expect(table.things.withLock { _, places in places.isFilled(70) && !places.isFilled(3) && !places.isFilled(-1) })
    }
    #expect(census.gone.load(ordering: .relaxed) == 3)
  }

  @Test("What is removed while it is used goes when the last is through, and until then others count what they use")
  func aside() throws {
    let (census, table) = (Census(), Table())
    _ = try table.put(Thing(census, 7), at: 2)
    _ = try table.put(Thing(census, 8), at: 3)
    table.things.withReferences(.pinning) { things in
      things.use(2) { thing in
        #expect(table.take(2)?.number == 7)
        thing.look()
        #expect(census.gone.load(ordering: .relaxed) == 0)
        #expect(things.use(2) { _ in 1 } == nil)
        // Something is aside: these count, and do not keep it from going.
        table.things.withReferences(.pinning) { others in
          #expect(others.use(2) { _ in 1 } == nil)
          #expect(others.use(3) { $0.number } == 8)
          others.use(3) { other in
            #expect(table.take(3)?.number == 8)
            other.look()
          }
        }
        thing.look()
      }
      #expect(census.gone.load(ordering: .relaxed) == 0)
    }
    #expect(census.gone.load(ordering: .relaxed) == 2 && census.ghosts.load(ordering: .relaxed) == 0)
    // And it is as it was: what is removed now goes at once.
    _ = try table.put(Thing(census), at: 2)
    _ = table.take(2)
    #expect(census.gone.load(ordering: .relaxed) == 3)
    #expect(table.things.pins.load(ordering: .relaxed) == 0)
  }

  @Test("Those who use an old block may go on while the table grows, and any number may be put aside")
  func growth() throws {
    let (census, table) = (Census(), Table())
    for index in 0..<4 { _ = try table.put(Thing(census, index), at: index) }
    try table.things.withReferences(.pinning) { things in
      for round in 1...5 {
        for index in 0..<(4 << round) { _ = try table.put(Thing(census, index), at: index) }
      }
      // It still sees what it saw.
      for index in 0..<4 {
        things.use(index) { thing in
          thing.look()
          #expect(thing.number == index)
        }
      }
      #expect(things.use(4) { _ in 1 } == nil)
      #expect(census.gone.load(ordering: .relaxed) == 0)
    }
    let made = census.made.load(ordering: .relaxed)
    #expect(census.gone.load(ordering: .relaxed) == made - 128)
    #expect(census.ghosts.load(ordering: .relaxed) == 0)
    for index in 0..<128 { #expect(table.take(index)?.number == index) }
    #expect(census.gone.load(ordering: .relaxed) == made)
  }

  @Test("Without memory a table stays as it was")
  func noMemory() throws {
    try SimulatedMemory.exclusive {
      let (census, table) = (Census(), Table())
      _ = try table.put(Thing(census, 1), at: 0)
      AllocationFaults.fail(after: 0)
      #expect(throws: Errno.ENOMEM) { try table.put(Thing(census), at: 100) }
      AllocationFaults.fail(after: nil)
      #expect(table.things.withReferences(.pinning) { $0.use(0) { $0.number } } == 1)
    }
  }

  @Test("An error gets out, and ends the use")
  func errors() throws {
    let (census, table) = (Census(), Table())
    _ = try table.put(Thing(census), at: 0)
    for way in [PinnedTable<Thing, Int>.Way.pinning, .counting] {
      #expect(throws: Errno.EIO) {
        try table.things.withReferences(way) { things throws(Errno) in
          _ = try things.use(0) { _ throws(Errno) -> Int in throw .EIO }
        }
      }
    }
    #expect(table.things.pins.load(ordering: .relaxed) == 0)
    _ = table.take(0)
    #expect(census.gone.load(ordering: .relaxed) == 1)
  }

  @Test("Threads that use, remove, exchange and grow at once never see what is gone, and lose nothing")
  func threads() throws {
    let (census, table) = (Census(), Table())
    let (isOver, done) = (Flag(), DispatchSemaphore(value: 0))
    for index in 0..<8 { _ = try table.put(Thing(census, index), at: index) }
    for reader in 0..<3 {
      Thread.detachNewThread {
        while !isOver.isSet.load(ordering: .acquiring) {
          table.things.withReferences(reader == 2 ? .counting : .pinning) { things in
            for index in 0..<96 { things.use(index) { $0.look() } }
          }
        }
        done.signal()
      }
    }
    for writer in 0..<2 {
      Thread.detachNewThread {
        var random = UInt64(writer + 1)
        for round in 0..<20_000 {
          random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
          let index = Int(random >> 40) % min(8 + round / 200, 96)
          _ = random >> 33 & 1 == 0 ? table.take(index) : try? table.put(Thing(census, index), at: index)
        }
        done.signal()
      }
    }
    for _ in 0..<2 { done.wait() }
    isOver.isSet.store(true, ordering: .releasing)
    for _ in 0..<3 { done.wait() }
    #expect(census.ghosts.load(ordering: .relaxed) == 0 && census.seen.load(ordering: .relaxed) > 0)
    #expect(table.things.pins.load(ordering: .relaxed) == 0)
    for index in 0..<96 { _ = table.take(index) }
    #expect(census.gone.load(ordering: .relaxed) == census.made.load(ordering: .relaxed))
  }

  private final class Flag: Sendable { let isSet = Atomic<Bool>(false) }

  @Test("An owner's reference is used, exchanged, and dropped once")
  func reference() throws {
    let census = Census()
    do {
      let reference = PinnedReference(Thing(census, 1))
      #expect(reference.use { $0.number } == 1)
      #expect(throws: Errno.EIO) { try reference.use { _ throws(Errno) in throw .EIO } }
      #expect(reference.exchange(Thing(census, 2)).number == 1)
      #expect(census.gone.load(ordering: .relaxed) == 1)
      #expect(reference.use { $0.number } == 2)
    }
    #expect(census.gone.load(ordering: .relaxed) == 2)
  }
}
