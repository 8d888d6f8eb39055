import Foundations
import Logging
import Machine
import Synchronization
import Time

/// Making the CPUs' time-stamp counters agree, so that time never goes back from one CPU to another.
///
/// Each CPU compares its counter with the boot CPU's. One that is certainly off is adjusted and compared again. If a CPU's cannot be
/// made to agree, every reading of the clock looks at the latest one of all CPUs.
enum TimestampAgreement {
  private static let disagreeing = Atomic<UInt64>(0)
  private static let adjusted = Atomic<UInt64>(0)
  private static let largestError = Atomic<UInt64>(0)
  private static let largestOffset = Atomic<UInt64>(0)
  private static let goalNanoseconds: UInt64 = 1_000
  private static let limitNanoseconds: UInt64 = 20_000_000

  /// The part of CPU `number`.
  ///
  /// - Context: interrupts off.
  static func reach(on number: Int) {
    let bit = UInt64(1) << UInt64(number)
    TimestampExchange.begin(number, sleep: Processor.waitForInterrupt)
    var offset = measure()
    if !offset.isUnsteady, !offset.mayBeZero, TimestampCounter.adjust(by: offset.estimate) {
      adjusted.bitwiseOr(bit, ordering: .relaxed)
      offset = measure()
    }
    if offset.isUnsteady || !offset.mayBeZero { disagreeing.bitwiseOr(bit, ordering: .relaxed) }
    raise(largestError, to: offset.error)
    raise(largestOffset, to: offset.estimate.magnitude)
    TimestampExchange.finish()
  }

  private static func measure() -> ClockOffset {
    let rate = Clock.source?.rate
    let goal = rate?.ticks(nanoseconds: goalNanoseconds) ?? 0
    let limit = rate?.ticks(nanoseconds: limitNanoseconds) ?? 0
    // The boot CPU may have pages to unmap meanwhile, and waits for all CPUs then.
    return TimestampExchange.ask(
      goal: goal, limit: limit, ticks: { TimestampCounter.now }, pause: ProcessorMessages.serve)
  }

  private static func raise(_ largest: borrowing Atomic<UInt64>, to value: UInt64) {
    _ = largest.max(value, ordering: .relaxed)
  }

  /// The boot CPU's part: compares with every other, and guards the clock if it must.
  static func check() {
    for number in 1..<Processor.limit where Processor.isOnline(number) {
      TimestampExchange.answer(
        number, ticks: { TimestampCounter.now }, pause: Machine.pause, wake: { ProcessorMessages.reschedule(number) })
    }
    guard Processor.onlineCount > 1 else { return }
    let error = Clock.nanoseconds(ticks: largestError.load(ordering: .acquiring))
    let offset = Clock.nanoseconds(ticks: largestOffset.load(ordering: .acquiring))
    let bad = disagreeing.load(ordering: .acquiring)
    guard bad != 0 else {
      let count = adjusted.load(ordering: .relaxed).nonzeroBitCount
      KernelLog.add(
        .info, .time,
        "the CPUs' counters agree within \(error) ns, are \(offset) ns apart at most; \(count) were adjusted")
      return
    }
    Clock.setGuarded(true)
    KernelLog.add(.warning, .time, "the counters of CPUs \(hex: bad) disagree by \(offset) ns: readings are guarded")
  }
}
