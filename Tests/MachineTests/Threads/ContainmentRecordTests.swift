import Testing

@testable import Machine

@Suite("Orders to end contained work")
struct ContainmentRecordTests {
  /// A record, and what a thread and those who watch it do with it, step by step.
  private final class World {
    let record = ContainmentRecord()

    /// Work begins, on the stack.
    func begin(_ number: UInt64) {
      record.begin(number)
      record.stackPointer = 0x1000
    }

    func end() {
      record.stackPointer = 0
      record.finish()
    }

    /// What the end of an interrupt that finds the work in its own code decides.
    var isToEnd: Bool { record.isEndAsked && record.isEndable }
  }

  @Test("An order ends the work that it names, for as long as that runs")
  func named() {
    let world = World()
    world.begin(5)
    #expect(!world.isToEnd)
    world.record.askForEnd(of: 5)
    #expect(world.isToEnd)
    world.record.depth.wrappingAdd(1, ordering: .relaxed)
    #expect(!world.isToEnd, "the kernel's own work is not ended half-way")
    world.record.depth.wrappingSubtract(1, ordering: .relaxed)
    #expect(world.isToEnd)
    world.end()
    #expect(!world.isToEnd)
  }

  @Test("An order for work that ends in that very moment does not end what begins in its place")
  func interleaving() {
    // The watch has judged work 1. The order comes at each point of what the thread does meanwhile.
    for point in 0..<4 {
      let world = World()
      world.begin(1)
      if point == 0 { world.record.askForEnd(of: 1) }
      let wasEnded = world.isToEnd
      #expect(wasEnded == (point == 0))
      world.end()
      if point == 1 { world.record.askForEnd(of: 1) }
      #expect(!world.isToEnd)
      world.record.begin(3)
      if point == 2 { world.record.askForEnd(of: 1) }
      #expect(!world.isToEnd)
      world.record.stackPointer = 0x1000
      if point == 3 { world.record.askForEnd(of: 1) }
      #expect(!world.isToEnd, "the order is for work that is over")
      world.record.askForEnd(of: 3)
      #expect(world.isToEnd)
    }
  }

  @Test("A thread without work is not ended, whatever is asked")
  func idle() {
    let world = World()
    for number: UInt64 in 0..<4 {
      world.record.askForEnd(of: number)
      #expect(!world.isToEnd && !world.record.isEndAsked)
    }
  }
}
