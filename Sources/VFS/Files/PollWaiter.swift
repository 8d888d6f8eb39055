public import Foundations
import Machine
import Synchronization
import Time
public import Waiting

/// A thread's means to wait for several files at once. poll(2), select(2).
///
/// A thread has one for all its calls, so that after the first ones they take no memory.
public final class PollWaiter {
  /// How many places in queues are kept from one call to the next.
  private static let keptLimit = 256

  private let target = PollTarget()
  /// Its places; those below `used` are in queues, in the order of `files` and of each one's queues.
  private var entries = GrowableArray<WaitEntry>()
  private var used = 0
  private var files = GrowableArray<OpenFile>()

  /// Makes the means for the thread that runs.
  ///
  /// - Throws: `ENOMEM`.
  public static func make() throws(Errno) -> PollWaiter {
    try ObjectMemory.check()
    return PollWaiter()
  }

  private init() {}

  /// Looks by `look`, which returns how many files have something to tell, until some have.
  ///
  /// - Parameters:
  ///   - deadline: in nanoseconds of the monotonic clock; nil for none, 0 not to wait.
  ///   - waiter: the thread's own, which is asked for only if it has to wait.
  ///   - look: calls `enter` for each file, before it looks at it, if it is given the waiter.
  /// - Returns: how many; 0 at the deadline.
  /// - Throws: `EINTR`, `ENOMEM`, and what `look` throws.
  /// - Context: a thread without locks.
  @inline(__always)
  public static func poll(
    deadline: UInt64?, _ waiter: () throws(Errno) -> PollWaiter, look: (PollWaiter?) throws(Errno) -> Int
  ) throws(Errno) -> Int {
    let ready = try look(nil)
    if ready > 0 || deadline == 0 { return ready }
    return try waiter().wait(deadline, look)
  }

  private func wait(_ deadline: UInt64?, _ look: (PollWaiter?) throws(Errno) -> Int) throws(Errno) -> Int {
    target.thread = Blocking.entry
    target.isTold.store(false, ordering: .relaxed)
    defer { leave() }
    var ready = try look(self)
    while ready == 0 {
      do throws(Errno) {
        try TimedWait.wait(until: deadline.map { ClockDeadline(.monotonic, $0) }) {
          target.isTold.load(ordering: .acquiring)
        }
      } catch {
        ready = try look(nil)
        if ready > 0 || error == .ETIMEDOUT { break }
        throw error
      }
      // Whoever changes something from here on is heard of.
      target.isTold.store(false, ordering: .sequentiallyConsistent)
      ready = try look(nil)
    }
    return ready
  }

  /// Waits for `wish` at `file`, too.
  ///
  /// - Throws: `ENOMEM`.
  public func enter(_ file: OpenFile, _ wish: PollEvents) throws(Errno) {
    // Before its queues are entered, so that they are left whatever happens.
    try files.append(file)
    var failure: Errno?
    file.forEachWaitQueue { queue in
      guard failure == nil else { return }
      do throws(Errno) {
        let entry = try nextEntry()
        entry.events = wish
        queue.add(entry)
        used += 1
      } catch { failure = error }
    }
    if let failure { throw failure }
  }

  private func nextEntry() throws(Errno) -> WaitEntry {
    if used < entries.count { return entries[used] }
    try ObjectMemory.check()
    let entry = WaitEntry(target)
    try entries.append(entry)
    return entry
  }

  private func leave() {
    var place = 0
    for index in 0..<files.count {
      files[index].forEachWaitQueue { queue in
        guard place < used else { return }
        queue.remove(entries[place])
        place += 1
      }
    }
    used = 0
    files.removeAll()
    // It leads to the thread, which has this.
    target.thread = nil
    while entries.count > Self.keptLimit { _ = entries.popLast() }
  }
}

/// What is told of events: it wakes the thread, wherever it sleeps.
private final class PollTarget: Waiter {
  let isTold = Atomic<Bool>(false)
  /// The thread's own entry. Set before any queue is entered.
  var thread: WaitEntry?

  override func notify(_ entry: WaitEntry, _ events: PollEvents) -> Bool {
    isTold.store(true, ordering: .sequentiallyConsistent)
    guard let thread else { return false }
    return thread.notify(events)
  }
}
