import Foundations
import Machine
import TestSupport
import Testing

@testable import VirtualMemory

@Suite("Address spaces under random calls", .serialized)
struct AddressSpaceFuzzTests {
  /// Two families' worth of programs, each beside its model.
  private struct World {
    static let base: UInt64 = 0x4000_0000
    static let pageCount: UInt64 = 96

    var programs: [(space: AddressSpace, model: PageModel)] = []
    var random: SeededGenerator

    init(seed: UInt64) throws {
      random = SeededGenerator(seed: seed)
      programs = [(try AddressSpace.make(), PageModel())]
    }

    mutating func below(_ limit: UInt64) -> UInt64 { random.next() % limit }

    mutating func range() -> Range<UInt64> {
      let start = below(Self.pageCount)
      let count = 1 + below(min(12, Self.pageCount - start))
      return Self.base + start * 4096..<Self.base + (start + count) * 4096
    }

    mutating func protection() -> Protection {
      [[.read, .write], [.read, .write], [.read], [], [.read, .execute]][Int(below(5))]
    }

    /// One call of one program, in the real one and in the model.
    mutating func step() throws {
      let who = Int(below(UInt64(programs.count)))
      let space = programs[who].space
      let (range, protection) = (range(), protection())
      let count = UInt64(range.pages.count)
      switch below(16) {
      case 0..<3:
        let result = error { () throws(Errno) in _ = try space.mapPrivate(count, at: range.lowerBound, protection) }
        if result == nil { programs[who].model.map(range, protection) }
      case 3:
        var request = MapRequest(
          address: range.lowerBound, byteCount: count * 4096, protection: protection,
          flags: [.shared, .anonymous, .fixed])
        request.object = SharedMemory(pageCount: count)
        let result = error { () throws(Errno) in _ = try space.map(request) }
        if result == nil { programs[who].model.map(range, protection, .init(pageCount: count)) }
      case 4:
        let result = error { () throws(Errno) in try space.unmap(range.lowerBound, count * 4096) }
        if result == nil { programs[who].model.unmap(range) }
      case 5..<7:
        var model = programs[who].model
        let isWhole = model.protect(range, protection)
        let result = error { () throws(Errno) in try space.protect(range.lowerBound, count * 4096, protection) }
        if result == (isWhole ? nil : .ENOMEM) {
          programs[who].model = model
        } else if !Self.mayFail {
          try #require(Bool(false), "\(String(describing: result))")
        }
      case 7: try discard(who, range)
      case 8: try move(who, range)
      case 9:
        guard programs.count < 4 else { break }
        var child: AddressSpace?
        let result = error { () throws(Errno) in child = try space.clone() }
        if result == nil, let child { programs.append((child, programs[who].model.clone())) }
      case 10:
        if programs.count > 1 { programs.remove(at: who).space.tearDown() }
      default: try access(who)
      }
    }

    /// Whether allocations fail now, so that a call may.
    static var mayFail: Bool { isFailing }
    static let isFailing = false

    private mutating func discard(_ who: Int, _ range: Range<UInt64>) throws {
      var model = programs[who].model
      let isWhole = model.discard(range)
      let space = programs[who].space
      let result = error { () throws(Errno) in
        try space.advise(range.lowerBound, range.upperBound - range.lowerBound, .dontNeed)
      }
      programs[who].model = model
      try #require(result == (isWhole ? nil : .ENOMEM) || Self.mayFail)
    }

    private mutating func move(_ who: Int, _ range: Range<UInt64>) throws {
      let target = self.range().lowerBound
      let size = (1 + below(12)) * 4096
      let oldSize = range.upperBound - range.lowerBound
      let space = programs[who].space
      var start: UInt64 = 0
      let isFixed = below(2) == 0
      let result = error { () throws(Errno) in
        start = try space.remap(
          range.lowerBound, oldSize, size, isFixed ? [.mayMove, .fixed] : .mayMove, to: isFixed ? target : 0)
      }
      if result == nil {
        if start == range.lowerBound {
          if size < oldSize { programs[who].model.unmap(start + size..<range.upperBound) }
          if size > oldSize, var last = programs[who].model.pages[range.upperBound - 4096] {
            for page in (range.upperBound..<start + size).pages {
              last = last.next
              programs[who].model.pages[page] = last
            }
          }
        } else {
          programs[who].model.move(range, to: start..<start + size)
        }
      }
    }

    private mutating func access(_ who: Int) throws {
      for _ in 0..<6 {
        let page = Self.base + below(Self.pageCount) * 4096
        let (space, model) = programs[who]
        if below(2) == 0 {
          let value = UInt8(truncatingIfNeeded: random.next())
          let isWritten = space.setByte(value, at: page)
          if isWritten || !Self.mayFail { try #require(isWritten == model.write(value, page)) }
        } else {
          let value = space.byte(at: page)
          if value != nil || !Self.mayFail { try #require(value == model.read(page)) }
        }
      }
    }

    /// Compares all of it.
    func check() throws {
      for (space, model) in programs {
        let areas = space.areaList
        for page in 0..<Self.pageCount {
          let address = Self.base + page * 4096
          let area = areas.first { $0.range.contains(address) }
          try #require((area != nil) == (model.pages[address] != nil), "page \(page)")
          try #require(area?.protection == model.pages[address]?.protection)
          try #require(area?.isShared == model.pages[address]?.isShared)
          if !Self.mayFail { try #require(space.byte(at: address) == model.read(address), "page \(page)") }
        }
        for (left, right) in zip(areas, areas.dropFirst()) {
          try #require(left.end <= right.start)
          try #require(!left.joins(right), "neighbours that are alike were not joined")
        }
        var usage = AddressSpaceUsage()
        for area in areas { usage.count(area, sign: 1) }
        let actual = space.usage
        try #require(usage.total == actual.total && usage.data == actual.data && usage.locked == actual.locked)
        try #require(usage.stack == actual.stack && usage.code == actual.code)
      }
    }
  }

  @Test("Areas, protections and contents agree with a dictionary of pages", arguments: [1, 2, 3, 4])
  func random(seed: UInt64) throws {
    try withMachine {
      var world = try World(seed: seed)
      for step in 0..<4_000 {
        try world.step()
        if step % 100 == 0 { try world.check() }
      }
      try world.check()
      for program in world.programs { program.space.tearDown() }
    }
  }
}
