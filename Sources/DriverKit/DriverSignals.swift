import Foundations
import Machine
import Synchronization
import Time
import Waiting

/// What tells a device's thread that there is something to do.
///
/// - Context: any, but for the functions that wait.
final class DriverSignals {
  /// How many interrupts a device may have.
  static var interruptLimit: Int { 48 }

  /// One bit for each interrupt that has come, and `other`.
  private let pending = Atomic<UInt64>(0)
  private let timer = Atomic<UInt64>(.max)
  private let isStorming = Atomic<Bool>(false)
  /// How many calls have begun and ended: odd while one is under way.
  private let calls = Atomic<UInt64>(0)
  private let signs = Atomic<UInt64>(0)
  private let queue = WaitQueue()

  private static var interrupts: UInt64 { 1 << UInt64(interruptLimit) - 1 }
  private static var other: UInt64 { 1 << 63 }

  /// Notes interrupt `number`.
  ///
  /// - Returns: whether that is news: the one before was taken.
  @discardableResult
  func raise(_ number: Int) -> Bool {
    let bit: UInt64 = 1 << UInt64(truncatingIfNeeded: min(number, Self.interruptLimit - 1))
    let isNews = pending.bitwiseOr(bit, ordering: .acquiringAndReleasing).oldValue & bit == 0
    queue.wakeAll()
    return isNews
  }

  /// Notes that the device interrupts without end, and is not heard any more.
  func noteStorm() {
    isStorming.store(true, ordering: .relaxed)
    poke()
  }

  /// Whether `noteStorm` was called since this was asked last.
  func takeStorm() -> Bool { isStorming.exchange(false, ordering: .relaxed) }

  /// Notes that there is something else to do.
  func poke() {
    pending.bitwiseOr(Self.other, ordering: .releasing)
    queue.wakeAll()
  }

  /// Takes one interrupt that has come; nil for none.
  func takeInterrupt() -> Int? {
    let bits = pending.load(ordering: .acquiring) & Self.interrupts
    guard bits != 0 else { return nil }
    let number = bits.trailingZeroBitCount
    pending.bitwiseAnd(~(1 << UInt64(number)), ordering: .acquiringAndReleasing)
    return number
  }

  /// Forgets interrupts that have come, and that there were too many.
  ///
  /// - Context: no handler raises any.
  func dropInterrupts() {
    pending.bitwiseAnd(~Self.interrupts, ordering: .acquiringAndReleasing)
    isStorming.store(false, ordering: .relaxed)
  }

  /// Sets when the timer is due, by the monotonic clock; nil for never.
  func setTimer(_ time: UInt64?) { timer.store(time ?? .max, ordering: .relaxed) }

  /// Whether the timer was due; then it is not any more.
  func takeTimer() -> Bool {
    let time = timer.load(ordering: .relaxed)
    guard time != .max, Clock.nanoseconds >= time else { return false }
    timer.store(.max, ordering: .relaxed)
    return true
  }

  /// Waits until something is to be done, or until `deadline`.
  func wait(until deadline: UInt64) {
    let end = min(deadline, timer.load(ordering: .relaxed))
    wait(ClockDeadline(.monotonic, end)) { pending.load(ordering: .acquiring) != 0 }
    pending.bitwiseAnd(~Self.other, ordering: .acquiring)
  }

  /// Waits for an interrupt, and takes it.
  func waitForInterrupt(until deadline: ClockDeadline) -> Int? {
    wait(deadline) { pending.load(ordering: .acquiring) & Self.interrupts != 0 }
    return takeInterrupt()
  }

  /// Waits until there is something else to do than to serve interrupts, or one has come that is not among `seen`. Interrupts stay
  /// noted, for when they can be served.
  ///
  /// - Returns: whether an interrupt has come.
  func waitForOther(than seen: inout UInt64) -> Bool {
    let known = seen
    wait(ClockDeadline(.monotonic, .max)) { pending.load(ordering: .acquiring) & ~known != 0 }
    let new = pending.bitwiseAnd(~Self.other, ordering: .acquiring).oldValue & Self.interrupts & ~known
    seen |= new
    return new != 0
  }

  private func wait(_ deadline: ClockDeadline, _ isDone: () -> Bool) {
    let entry = Blocking.entry
    queue.add(entry)
    defer { queue.remove(entry) }
    // No signal reaches a thread of the kernel; that time is up is no error.
    try? TimedWait.wait(until: deadline, .nothing, isDone: isDone)
  }

  // MARK: What the watch looks at

  /// Notes that the driver begins something, or has ended it.
  ///
  /// - Returns: the number of what has begun, which is odd.
  /// - Context: the device's thread.
  @discardableResult
  func noteCall() -> UInt64 {
    let number = calls.load(ordering: .relaxed) &+ 1
    calls.store(number, ordering: .relaxed)
    return number
  }

  /// Notes that the driver shows life.
  ///
  /// - Context: the device's thread.
  func noteLife() { signs.store(signs.load(ordering: .relaxed) &+ 1, ordering: .relaxed) }

  /// Which call is under way; nil when the driver has nothing to do.
  var call: UInt64? {
    let number = calls.load(ordering: .relaxed)
    return number & 1 == 0 ? nil : number
  }

  /// How many signs of life there were.
  var sign: UInt64 { signs.load(ordering: .relaxed) }
}
