import Machine
import Synchronization

/// The threads of one CPU that are ready to run, first come first.
struct ReadyQueue: ~Copyable {
  private var first: Thread?
  private var last: Thread?
  /// How many there are.
  private(set) var count = 0

  /// Adds a thread that is in no queue.
  mutating func append(_ thread: Thread) {
    precondition(!thread.isQueued, "a thread in two queues")
    thread.isQueued = true
    thread.next = nil
    if let last { last.next = thread } else { first = thread }
    last = thread
    count += 1
  }

  /// Takes the first.
  mutating func takeFirst() -> Thread? {
    guard let thread = first else { return nil }
    first = thread.next
    if first == nil { last = nil }
    (thread.next, thread.isQueued) = (nil, false)
    count -= 1
    return thread
  }

  /// Takes the first that another CPU may have: one that is no longer on this CPU's stack.
  mutating func takeMovable(to processor: Int) -> Thread? {
    var previous: Thread?
    var candidate = first
    while let thread = candidate {
      if !thread.isOnProcessor.load(ordering: .acquiring),
        thread.affinity.load(ordering: .relaxed) & 1 << UInt64(processor) != 0
      {
        if let previous { previous.next = thread.next } else { first = thread.next }
        if last === thread { last = previous }
        (thread.next, thread.isQueued) = (nil, false)
        count -= 1
        return thread
      }
      previous = thread
      candidate = thread.next
    }
    return nil
  }
}
