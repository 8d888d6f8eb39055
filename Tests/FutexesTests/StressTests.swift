import Foundations
import Machine
import Synchronization
import TestSupport
import Testing
import Time

@testable import Futexes

/// A lock as the C library has it: 0 is free, 1 is held, 2 is held and somebody may wait. Source: U. Drepper, Futexes Are Tricky.
private struct ProgramLock {
  let world: World
  let index: UInt64

  func lock(_ thread: FutexThread, _ word: FutexWord) {
    if world.exchange(index, 0, 1) == 0 { return }
    while world.swap(index, 2) != 0 { try? world.table.wait(thread, at: word, while: 2) }
  }

  func unlock(_ word: FutexWord) {
    guard world.swap(index, 0) == 2 else { return }
    _ = try? world.table.wake(word, limit: 1)
  }
}

@Suite("Futexes among threads")
struct StressTests {
  @Test("A lock made of a futex lets one in at a time, and nobody is forgotten", arguments: [1, 16])
  func mutualExclusion(bucketCount: Int) throws {
    try withWorld(bucketCount: bucketCount) { world in
      let word = try world.word(0)
      let lock = ProgramLock(world: world, index: 0)
      let tally = Tally()
      let crew = Crew()
      for number in 1...4 {
        let thread = world.threads.make(UInt32(number))
        crew.start {
          for _ in 0..<2_000 {
            lock.lock(thread, word)
            tally.count += 1
            lock.unlock(word)
          }
        }
      }
      crew.join()
      #expect(tally.count == 8_000)
      #expect(world.population == 0)
    }
  }

  @Test("Rounds with requeue, timeouts and wakes of all leave nobody waiting")
  func rounds() throws {
    try withWorld { world in
      let (gate, next) = (try world.word(0), try world.word(8))
      let crew = Crew()
      let passed = Atomic<Int>(0)
      let (threadCount, roundCount) = (5, 300)
      for number in 1...threadCount {
        let thread = world.threads.make(UInt32(number))
        crew.start {
          for round in 0..<UInt32(roundCount) {
            while world.value(0) == round {
              // Every other one gives up now and then, just when it may be woken.
              let deadline = number % 2 == 0 ? ClockDeadline(.monotonic, HostThread.nanoseconds + 20_000) : nil
              try? world.table.wait(thread, at: gate, while: round, until: deadline)
            }
            passed.add(1, ordering: .sequentiallyConsistent)
          }
        }
      }
      for round in 0..<roundCount {
        while passed.load(ordering: .sequentiallyConsistent) < round * threadCount { HostThread.yield() }
        world.add(0, 1)
        if round % 2 == 0 {
          _ = try world.table.wake(gate, limit: .max)
        } else {
          _ = try world.table.requeue(gate, to: next, wakeLimit: 1, moveLimit: .max, while: nil)
          _ = try world.table.wake(next, limit: .max)
        }
      }
      crew.join()
      #expect(world.population == 0)
    }
  }
}
