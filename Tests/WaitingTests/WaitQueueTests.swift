import Foundation
import Foundations
import Machine
import Synchronization
import Testing
import Waiting

/// Counts what it is told.
private final class Counter: Waiter {
  var told: [Int] = []
  var acts = true

  override func notify(_ entry: WaitEntry, _ events: PollEvents) -> Bool {
    told.append(entry.tag)
    return acts
  }
}

/// A queue in a place that tests can share.
private final class Holder: Sendable {
  let queue = WaitQueue()
  let value = Atomic<Int>(0)
  var isIdle: Bool { queue.isEmpty }
}

@Suite("WaitQueue")
struct WaitQueueTests {
  private func entry(_ counter: Counter, _ tag: Int, exclusive: Bool = false, _ events: PollEvents = .all) -> WaitEntry
  {
    let entry = WaitEntry(counter)
    (entry.tag, entry.isExclusive, entry.events) = (tag, exclusive, events)
    return entry
  }

  @Test("All that are not exclusive are told, and as many of the others as asked for, first come first")
  func exclusive() {
    let queue = WaitQueue()
    let counter = Counter()
    let entries = [
      entry(counter, 1, exclusive: true), entry(counter, 2), entry(counter, 3, exclusive: true), entry(counter, 4),
      entry(counter, 5, exclusive: true),
    ]
    for entry in entries { queue.add(entry) }
    let firstCount = queue.wake()
    #expect(firstCount == 3)
    #expect(counter.told == [4, 2, 1])
    counter.told = []
    let secondCount = queue.wake(exclusiveLimit: 2)
    #expect(secondCount == 4)
    #expect(counter.told == [4, 2, 1, 3])
    queue.remove(entries[0])
    counter.told = []
    queue.wake()
    #expect(counter.told == [4, 2, 3])
    for entry in entries { queue.remove(entry) }
    let (isEmpty, told) = (queue.isEmpty, queue.wakeAll())
    #expect(isEmpty && told == 0)
    queue.add(entries[0])
    let thirdCount = queue.wakeAll()
    #expect(thirdCount == 1)
    queue.remove(entries[0])
  }

  @Test("Who does not act on being told does not use up the turn of another")
  func declined() {
    let queue = WaitQueue()
    let (idle, busy) = (Counter(), Counter())
    idle.acts = false
    let entries = [entry(idle, 1, exclusive: true), entry(busy, 2, exclusive: true), entry(busy, 3, exclusive: true)]
    for entry in entries { queue.add(entry) }
    let fourthCount = queue.wake()
    #expect(fourthCount == 1)
    #expect(idle.told == [1] && busy.told == [2])
    for entry in entries { queue.remove(entry) }
  }

  @Test("Only those are told that wait for what has come")
  func events() {
    let queue = WaitQueue()
    let counter = Counter()
    let entries = [entry(counter, 1, .input), entry(counter, 2, .output), entry(counter, 3, [.input, .hangUp])]
    for entry in entries { queue.add(entry) }
    queue.wake([.input])
    #expect(counter.told == [3, 1])
    queue.wake([.hangUp, .output])
    #expect(counter.told == [3, 1, 3, 2])
    for entry in entries { queue.remove(entry) }
  }

  @Test("A wait ends when its condition is true, and at its deadline when it is not")
  func waiting() throws {
    let holder = Holder()
    let thread = Thread {
      for _ in 0..<1_000 {
        holder.value.add(1, ordering: .sequentiallyConsistent)
        holder.queue.wake()
      }
    }
    thread.start()
    try holder.queue.wait { holder.value.load(ordering: .sequentiallyConsistent) == 1_000 }
    #expect(holder.isIdle)
    #expect(throws: Errno.ETIMEDOUT) {
      try holder.queue.wait(deadline: HostThread.nanoseconds + 1_000_000) { false }
    }
    #expect(holder.isIdle)
  }

  @Test("Those who come and go while others wake lose no wake, and leave the queue empty")
  func races() {
    let (threads, rounds) = (4, 5_000)
    let holder = Holder()
    let ends = Holder()
    let ended = DispatchSemaphore(value: 0)
    for number in 0..<threads {
      Thread.detachNewThread {
        for round in 0..<rounds {
          // Each takes one of what comes; some wait as one of many, and some as the only one.
          do throws(Errno) {
            try holder.queue.wait(isExclusive: (number + round) % 2 == 0) {
              let value = holder.value.load(ordering: .sequentiallyConsistent)
              return value > 0
                && holder.value.compareExchange(
                  expected: value, desired: value - 1, ordering: .sequentiallyConsistent
                ).exchanged
            }
            ends.value.add(1, ordering: .sequentiallyConsistent)
          } catch { Issue.record("a wait without a deadline failed: \(error)") }
        }
        ended.signal()
      }
    }
    for _ in 0..<threads * rounds {
      holder.value.add(1, ordering: .sequentiallyConsistent)
      holder.queue.wake()
    }
    for _ in 0..<threads { ended.wait() }
    #expect(ends.value.load(ordering: .sequentiallyConsistent) == threads * rounds)
    #expect(holder.value.load(ordering: .sequentiallyConsistent) == 0 && holder.isIdle)
    let count = holder.queue.wakeAll()
    #expect(count == 0)
  }

  @Test("Queues keep no entry that has left")
  func lifetimes() {
    let queue = WaitQueue()
    weak var first: WaitEntry?
    weak var second: WaitEntry?
    do {
      let counter = Counter()
      let entries = [entry(counter, 1), entry(counter, 2, exclusive: true)]
      (first, second) = (entries[0], entries[1])
      for entry in entries { queue.add(entry) }
      queue.wakeAll()
      #expect(counter.told == [1, 2])
      for entry in entries { queue.remove(entry) }
    }
    #expect(first == nil && second == nil)
  }
}
