import Machine
import TestSupport
import Testing

@testable import Time

@Suite("TimerHeap")
struct TimerHeapTests {
  @Test("300,000 operations leave what a plain list has, the earliest first")
  func againstList() throws {
    let timers = 300
    var heap = TimerHeap()
    for _ in 0..<timers { try heap.addTimer() }
    var model = [UInt64?](repeating: nil, count: timers)
    var random = SeededGenerator(seed: 7)
    for step in 0..<300_000 {
      let timer = Int(random.next() % UInt64(timers))
      switch random.next() % 8 {
      case 0..<4:
        let deadline = random.next() % 100_000
        heap.set(timer, deadline: deadline)
        model[timer] = deadline
      case 4..<6:
        let wasArmed = heap.remove(timer)
        guard wasArmed == (model[timer] != nil) else { return failed(step) }
        model[timer] = nil
      default:
        guard let first = heap.first else { continue }
        guard model[first.timer] == first.deadline, heap.remove(first.timer) else { return failed(step) }
        model[first.timer] = nil
      }
      // The whole comparison takes long, so it is made now and then; the count always.
      if step % 512 == 0 {
        let least = model.compactMap { $0 }.min()
        let (first, count) = (heap.first?.deadline, heap.count)
        guard first == least, count == model.count(where: { $0 != nil }) else { return failed(step) }
      }
    }
    var last: UInt64 = 0
    while let first = heap.first {
      guard first.deadline >= last, model[first.timer] == first.deadline else { return failed(-1) }
      last = first.deadline
      model[first.timer] = nil
      _ = heap.remove(first.timer)
    }
    #expect(model.allSatisfy { $0 == nil })
  }

  private func failed(_ step: Int) { Issue.record("the heap differs from the list at step \(step)") }
}
