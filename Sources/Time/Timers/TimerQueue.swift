import Foundations
import Machine

/// What is done when a timer expires.
open class TimerHandler {
  /// Creates a handler that does nothing.
  public init() {}

  /// Runs once for each expiry, never before the deadline.
  ///
  /// - Parameter deadline: when it should have run, in nanoseconds of the monotonic clock.
  /// - Context: in an interrupt of the timer's CPU; no lock of the timers is held, so it may arm and cancel any timer.
  open func expire(deadline: UInt64) {}
}

/// One CPU's timers: which there are, when they expire, and how often.
struct TimerQueue: ~Copyable {
  private struct Entry {
    var handler: TimerHandler?
    /// Nanoseconds between expiries, or 0.
    var period: UInt64 = 0
  }

  private var heap = TimerHeap()
  private var entries = GrowableArray<Entry>()
  private var free = GrowableArray<UInt32>()

  /// When the first timer expires, or nil.
  var earliest: UInt64? { heap.earliest }

  /// Adds a timer, not armed.
  ///
  /// - Returns: its number.
  /// - Throws: `ENOMEM`, changing nothing.
  mutating func add(_ handler: TimerHandler) throws(Errno) -> Int {
    if let number = free.popLast() {
      entries[Int(number)].handler = handler
      return Int(number)
    }
    // Room to give it back, so that removing cannot fail.
    try free.reserveCapacity(entries.count + 1)
    try entries.reserveCapacity(entries.count + 1)
    try heap.addTimer()
    try entries.append(Entry(handler: handler))
    return entries.count - 1
  }

  /// Removes timer `number`; what was its handler is returned, to be dropped without the lock.
  mutating func remove(_ number: Int) -> TimerHandler? {
    heap.cancel(number)
    let handler = entries[number].handler
    entries[number] = Entry(handler: nil)
    // There is room, made by `add`.
    do throws(Errno) { try free.append(UInt32(truncatingIfNeeded: number)) } catch {}
    return handler
  }

  /// Arms timer `number`, or arms it anew.
  ///
  /// - Parameter period: nanoseconds from each expiry to the next, 0 for one expiry.
  mutating func arm(_ number: Int, at deadline: UInt64, period: UInt64) {
    entries[number].period = period
    heap.arm(number, at: deadline)
  }

  /// Stops timer `number`.
  ///
  /// - Returns: whether it was armed.
  mutating func cancel(_ number: Int) -> Bool { heap.cancel(number) }

  /// Takes the next timer that has expired by `now`, and arms it again if it is periodic: at the first multiple of its period
  /// after `now`, so that it neither drifts nor piles up.
  mutating func takeExpired(_ now: UInt64) -> (handler: TimerHandler, deadline: UInt64)? {
    while let (number, deadline) = heap.takeExpired(now) {
      let period = entries[number].period
      if period > 0 {
        let missed = (now - deadline) / period
        let (next, isPastEnd) = deadline.addingReportingOverflow((missed &+ 1) &* period)
        if !isPastEnd { heap.arm(number, at: next) }
      }
      if let handler = entries[number].handler { return (handler, deadline) }
    }
    return nil
  }
}
