import Foundations
import Machine

/// What a queue's lock protects.
struct TimerQueueState: ~Copyable {
  /// A timer that expires.
  struct Expiry {
    var handler: TimerHandler
    var expirations: UInt64
  }

  private struct Timer {
    var handler: TimerHandler?
    var generation: UInt64 = 0
    /// The earliest time to expire.
    var time: UInt64 = 0
    var slack: UInt64 = 0
    var period: UInt64 = 0
    /// The next timer whose number is free, or -1.
    var nextFree = -1
  }

  private let device: TimerDevice
  private let clock: @Sendable () -> UInt64
  private var heap = TimerHeap()
  private var timers = GrowableArray<Timer>()
  private var firstFree = -1
  /// The timer whose handler runs, or -1.
  private var running = -1
  /// What the device is programmed for; nil when it is not.
  private var programmed: UInt64?
  /// In the interrupt the device is programmed once, at the end.
  private var isInInterrupt = false

  init(device: TimerDevice, clock: @escaping @Sendable () -> UInt64) {
    self.device = device
    self.clock = clock
  }

  var nextDeadline: UInt64? { heap.first?.deadline }
  var armedCount: Int { heap.count }

  mutating func makeTimer(_ handler: TimerHandler) throws(Errno) -> TimerNumber {
    if firstFree >= 0 {
      let index = firstFree
      firstFree = timers[index].nextFree
      timers[index].handler = handler
      return TimerNumber(index: index, generation: timers[index].generation)
    }
    try timers.append(Timer(handler: handler))
    do throws(Errno) {
      try heap.addTimer()
    } catch {
      _ = timers.popLast()
      throw error
    }
    return TimerNumber(index: timers.count - 1, generation: 0)
  }

  mutating func removeTimer(_ timer: TimerNumber) throws(Errno) -> TimerHandler? {
    guard try cancel(timer) != .running else { throw .EBUSY }
    let handler = timers[timer.index].handler.take()
    timers[timer.index].generation &+= 1
    timers[timer.index].nextFree = firstFree
    firstFree = timer.index
    return handler
  }

  private func check(_ timer: TimerNumber) throws(Errno) {
    guard timer.index < timers.count, timers[timer.index].generation == timer.generation else { throw .EINVAL }
  }

  /// - Returns: the device whose CPU must be told.
  mutating func arm(
    _ timer: TimerNumber, deadline: UInt64, slack: UInt64, period: UInt64
  ) throws(Errno) -> TimerDevice? {
    try check(timer)
    timers[timer.index].time = deadline
    timers[timer.index].slack = slack
    timers[timer.index].period = period
    heap.set(timer.index, deadline: Self.sum(deadline, slack))
    return program()
  }

  mutating func cancel(_ timer: TimerNumber) throws(Errno) -> TimerCancellation {
    try check(timer)
    timers[timer.index].period = 0
    let wasArmed = heap.remove(timer.index)
    // The device stays programmed: to be interrupted once for nothing costs less than to program it for each cancellation.
    if running == timer.index { return .running }
    return wasArmed ? .cancelled : .notArmed
  }

  /// The device has interrupted, and is programmed for nothing any more.
  ///
  /// - Returns: how many timers are armed.
  mutating func beginInterrupt() -> Int {
    programmed = nil
    isInInterrupt = true
    return heap.count
  }

  mutating func endInterrupt() {
    isInInterrupt = false
    _ = program()
  }

  mutating func handlerHasEnded() { running = -1 }

  /// Takes the first timer if its time has come, and arms it again if it is periodic.
  mutating func takeExpired(now: UInt64) -> Expiry? {
    guard let first = heap.first, timers[first.timer].time <= now, let handler = timers[first.timer].handler else {
      return nil
    }
    running = first.timer
    let time = timers[first.timer].time
    let period = timers[first.timer].period
    guard period > 0 else {
      _ = heap.remove(first.timer)
      return Expiry(handler: handler, expirations: 1)
    }
    let expirations = (now - time) / period + 1
    // No further than now and a period, so only the end of time can be in the way.
    let (next, isPastEnd) = time.addingReportingOverflow(expirations &* period)
    timers[first.timer].time = isPastEnd ? .max : next
    heap.set(first.timer, deadline: Self.sum(timers[first.timer].time, timers[first.timer].slack))
    return Expiry(handler: handler, expirations: expirations)
  }

  /// Programs the device for the first timer.
  ///
  /// - Returns: the device when that is for its own CPU to do.
  private mutating func program() -> TimerDevice? {
    guard !isInInterrupt else { return nil }
    guard let deadline = heap.first?.deadline else {
      guard programmed != nil, device.isLocal else { return nil }
      programmed = nil
      device.disarm()
      return nil
    }
    // A device that interrupts too soon finds nothing and is programmed again.
    if let programmed, programmed <= deadline { return nil }
    guard device.isLocal else { return device }
    programmed = deadline
    let now = clock()
    device.arm(nanoseconds: deadline > now ? deadline - now : 1)
    return nil
  }

  /// The sum, or the end of time.
  private static func sum(_ one: UInt64, _ other: UInt64) -> UInt64 {
    let (sum, isPastEnd) = one.addingReportingOverflow(other)
    return isPastEnd ? .max : sum
  }
}
