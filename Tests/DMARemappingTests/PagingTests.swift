import Foundations
import Machine
import PCI
import PageFrames
import TestSupport
import Testing

@testable import DMARemapping

@Suite("Page tables of IOMMUs")
struct PagingTests {
  @Test("What is mapped is what was asked for, whatever came before, and no table is left over", arguments: 1...6)
  func random(seed: Int) throws {
    try SimulatedMemory.exclusive {
      var generator = SeededGenerator(seed: UInt64(seed))
      let before = SimulatedMemory.freeCount
      do {
        let unit = FakeUnit()
        let domain = try unit.makeDomain()
        // Clusters across the borders of tables at each level.
        let bases: [UInt64] = [1, 500, 0x3_fff0, 0x7ff_fff0, 0x3ff_ff00]
        var reference: [UInt64: Int] = [:]
        for _ in 0..<400 {
          let first = bases.randomElement(using: &generator)! + UInt64.random(in: 0..<600, using: &generator)
          let count = Int.random(in: 1...700, using: &generator)
          let pages = first..<first + UInt64(count)
          if reference[first] == nil, !reference.contains(where: { pages.overlaps($0.key..<$0.key + UInt64($0.value)) })
          {
            try domain.map(first: FrameNumber(UInt32(first)), count: count)
            reference[first] = count
          } else if let victim = reference.randomElement(using: &generator) {
            let (first, count) = victim
            unit.remembered.formUnion(first..<first + UInt64(count))
            #expect(domain.unmap(first: FrameNumber(UInt32(first)), count: count))
            // Nothing of it is remembered when the frames may be used again.
            #expect(unit.remembered.isDisjoint(with: first..<first + UInt64(count)))
            reference[first] = nil
          }
          let probe = bases.randomElement(using: &generator)! + UInt64.random(in: 0..<1400, using: &generator)
          let expected = reference.contains { ($0.key..<$0.key + UInt64($0.value)).contains(probe) }
          #expect(unit.walk(domain.tableAddress, probe) == expected)
        }
        #expect(TableWalk(unit.format).count(from: domain.tableAddress) == reference.values.reduce(0, +))
        for (first, count) in reference { #expect(domain.unmap(first: FrameNumber(UInt32(first)), count: count)) }
        #expect(TableWalk(unit.format).count(from: domain.tableAddress) == 0)
        // Only the topmost table is left.
        #expect(SimulatedMemory.freeCount == before - 1)
      }
      #expect(SimulatedMemory.freeCount == before)
    }
  }

  @Test("A table that is unlinked is forgotten as a table, one that stays is not")
  func extents() throws {
    try SimulatedMemory.exclusive {
      let unit = FakeUnit()
      let domain = try unit.makeDomain()
      try domain.map(first: FrameNumber(8), count: 4)
      #expect(domain.unmap(first: FrameNumber(8), count: 2))
      #expect(unit.forgotten.map(\.tables) == [false] && unit.forgotten[0].pages == 8..<10)
      #expect(domain.unmap(first: FrameNumber(10), count: 2))
      #expect(unit.forgotten.map(\.tables) == [false, true] && unit.forgotten[1].pages == 10..<12)
    }
  }

  @Test("Without memory nothing is mapped, whichever table is missing")
  func noMemory() throws {
    try SimulatedMemory.exclusive {
      let unit = FakeUnit()
      let domain = try unit.makeDomain()
      // Three tables for the first page, one more for the last ones.
      for allowed in 0..<8 {
        var isOut = false
        AllocationFaults.fail(after: allowed)
        do throws(Errno) { try domain.map(first: FrameNumber(500), count: 100) } catch {
          #expect(error == .ENOMEM)
          isOut = true
        }
        AllocationFaults.fail(after: nil)
        #expect(TableWalk(unit.format).count(from: domain.tableAddress) == (isOut ? 0 : 100))
        if !isOut { #expect(domain.unmap(first: FrameNumber(500), count: 100)) }
      }
      try domain.map(first: FrameNumber(500), count: 100)
      #expect(TableWalk(unit.format).count(from: domain.tableAddress) == 100)
    }
  }

  @Test("A page that is mapped several times stays until the last has gone")
  func counting() throws {
    try SimulatedMemory.exclusive {
      let unit = FakeUnit()
      let domain = try unit.makeDomain()
      try domain.map(first: FrameNumber(8), count: 4)
      try domain.map(first: FrameNumber(10), count: 4)
      #expect(domain.unmap(first: FrameNumber(8), count: 4))
      #expect((8..<14).map { unit.walk(domain.tableAddress, $0) } == [false, false, true, true, true, true])
      #expect(unit.forgotten.count == 1)
      #expect(domain.unmap(first: FrameNumber(10), count: 4) && unit.forgotten.last?.tables == true)
      #expect((8..<14).allSatisfy { !unit.walk(domain.tableAddress, $0) })
      // Taking back what was not given changes nothing.
      #expect(domain.unmap(first: FrameNumber(10), count: 4) && unit.forgotten.count == 2)
    }
  }

  @Test("Memory of programs is mapped for requests, and given back behind the last")
  func mappings() throws {
    try SimulatedMemory.exclusive {
      let unit = FakeUnit()
      let domain = try unit.makeDomain()
      let before = SimulatedMemory.freeCount
      do {
        let frame = try UserFrame.allocate(isZeroed: true)
        let page = UInt64(frame.number.rawValue)
        let first = try DMAMapping(frame.share(), in: domain)
        do {
          let second = try DMAMapping(frame, in: domain)
          #expect(second.segment(at: 512, count: 1024)?.deviceAddress == page << 12 + 512)
          #expect(second.segment(at: 512, count: 4096) == nil && second.segment(at: -1, count: 1) == nil)
        }
        #expect(unit.walk(domain.tableAddress, page) && first.segment()?.byteCount == 4096)
      }
      #expect(SimulatedMemory.freeCount == before && TableWalk(unit.format).count(from: domain.tableAddress) == 0)
      let kept = try UserFrame.allocate(isZeroed: true)
      unit.forgetAnswers = false
      do { #expect(try DMAMapping(kept.share(), in: domain).segment() != nil) }
      let isShared = kept.isShared
      #expect(isShared)
    }
  }

  @Test("Pages out of reach are refused")
  func reach() throws {
    try SimulatedMemory.exclusive {
      let unit = FakeUnit(
        IOPageTableFormat(levelCount: 2, addressBits: 30, pageBits: 3, tableBits: 3, isCoherent: true))
      let domain = try unit.makeDomain()
      let last = FrameNumber(1 << 18 - 1)
      try domain.map(first: last, count: 1)
      #expect(throws: Errno.EINVAL) { try domain.map(first: last, count: 2) }
      #expect(throws: Errno.EINVAL) { try domain.map(first: FrameNumber(.max), count: 1) }
      #expect(throws: Errno.EINVAL) { try domain.map(first: FrameNumber(1), count: 0) }
      #expect(domain.unmap(first: FrameNumber(.max), count: 1) && domain.unmap(first: last, count: 1))
    }
  }

  @Test("A unit that does not confirm keeps the frames, and the tables with them")
  func unconfirmed() throws {
    try SimulatedMemory.exclusive {
      let before = SimulatedMemory.freeCount
      do {
        let unit = FakeUnit()
        let domain = try unit.makeDomain()
        try domain.map(first: FrameNumber(8), count: 4)
        unit.forgetAnswers = false
        #expect(!domain.unmap(first: FrameNumber(8), count: 4))
        #expect(SimulatedMemory.freeCount == before - 4)
        #expect(!unit.walk(domain.tableAddress, 8))
      }
    }
  }

  @Test("Numbers of domains are given once, and again when they are back")
  func identifiers() throws {
    var numbers = try DomainIdentifiers(limit: 130)
    var all: Set<UInt16> = []
    while let number = numbers.take() { #expect(all.insert(number).inserted) }
    #expect(all == Set(1..<130))
    numbers.give(64)
    numbers.give(0)
    numbers.give(.max)
    #expect(numbers.take() == 64)
    let none = numbers.take()
    #expect(none == nil)
  }
}
