public import Foundations
import Machine
import Synchronization
public import Waiting

/// Files that somebody waits for at once. poll(2), select(2).
public struct PollSet: ~Copyable {
  private struct Item: ~Copyable {
    /// Nil for a descriptor that is not open, and for one that is not asked for.
    let file: OpenFile?
    let wish: PollEvents
    var result: PollEvents
  }

  private var items = GrowableArray<Item>()
  private var entries = GrowableArray<WaitEntry>()

  /// Creates an empty set.
  public init() {}

  /// What is always told, asked for or not.
  private static var unasked: PollEvents { [.error, .hangUp] }

  /// Adds a file; nil for a descriptor that is not open, which is `POLLNVAL` at once.
  ///
  /// - Throws: `ENOMEM`.
  public mutating func add(_ file: OpenFile?, _ wish: PollEvents) throws(Errno) {
    try items.append(Item(file: file, wish: wish.union(Self.unasked), result: file == nil ? .invalid : []))
  }

  /// Adds a place without a descriptor, for which nothing is ever told.
  ///
  /// - Throws: `ENOMEM`.
  public mutating func addNothing() throws(Errno) { try items.append(Item(file: nil, wish: [], result: [])) }

  /// How many files there are.
  public var count: Int { items.count }

  /// What file number `index` is ready for, of what was asked.
  public func result(_ index: Int) -> PollEvents { items[index].result }

  /// Looks at all files.
  ///
  /// - Returns: how many have something to tell.
  public mutating func look() -> Int {
    var ready = 0
    for index in 0..<items.count {
      if let file = items[index].file { items[index].result = file.poll().intersection(items[index].wish) }
      if !items[index].result.isEmpty { ready += 1 }
    }
    return ready
  }

  /// Waits until a file has something to tell.
  ///
  /// - Parameter deadline: in nanoseconds of the monotonic clock; nil for none. One that has passed does not wait.
  /// - Returns: how many have; 0 at the deadline.
  /// - Throws: `EINTR`, `ENOMEM`.
  public mutating func wait(deadline: UInt64?) throws(Errno) -> Int {
    var ready = look()
    if ready > 0 || deadline == 0 { return ready }
    try ObjectMemory.check()
    let waiter = PollWaiter()
    defer { leave() }
    try enter(waiter)
    while true {
      // Whoever changes something from here on is heard of.
      waiter.isTold.store(false, ordering: .sequentiallyConsistent)
      ready = look()
      if ready > 0 { return ready }
      do throws(Errno) {
        try waiter.queue.wait(deadline: deadline) { waiter.isTold.load(ordering: .acquiring) }
      } catch {
        ready = look()
        if ready > 0 || error == .ETIMEDOUT { return ready }
        throw error
      }
    }
  }

  private mutating func enter(_ waiter: PollWaiter) throws(Errno) {
    for index in 0..<items.count {
      guard let file = items[index].file else { continue }
      let wish = items[index].wish
      var failure: Errno?
      file.forEachWaitQueue { queue in
        // The entries are in the order of the queues, so nothing comes behind one that is missing.
        guard failure == nil else { return }
        let entry = WaitEntry(waiter)
        entry.events = wish
        do throws(Errno) {
          try entries.append(entry)
          queue.add(entry)
        } catch { failure = error }
      }
      if let failure { throw failure }
    }
  }

  /// Takes the entries out of their queues. A queue ignores one that it does not have.
  private mutating func leave() {
    var place = 0
    for index in 0..<items.count {
      guard let file = items[index].file else { continue }
      file.forEachWaitQueue { queue in
        guard place < entries.count else { return }
        queue.remove(entries[place])
        place += 1
      }
    }
    entries.removeAll()
  }
}

/// A thread that waits in many queues: whichever is woken wakes the one that it sleeps in.
private final class PollWaiter: Waiter {
  let queue = WaitQueue()
  let isTold = Atomic<Bool>(false)

  override func notify(_ entry: WaitEntry, _ events: PollEvents) -> Bool {
    isTold.store(true, ordering: .releasing)
    queue.wake()
    return true
  }
}
