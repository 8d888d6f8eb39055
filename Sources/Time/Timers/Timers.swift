public import Foundations
import Interrupts
import Machine

/// A timer of one CPU. Dropping it stops it; when that is done its handler is not running and will not run again.
///
/// Expiries come in the order of deadlines, each at its deadline or later, and exactly once. A CPU without armed timers is not
/// interrupted.
public struct Timer: ~Copyable {
  private let number: Int
  private let processor: Int

  /// Makes a timer on CPU `processor`, not armed.
  ///
  /// - Throws: `ENODEV` when there is no such CPU or it has no timers yet, `ENOMEM`.
  public init(on processor: Int = Processor.current, handler: TimerHandler) throws(Errno) {
    number = try Timers.withQueue(processor) { queue throws(Errno) in try queue.add(handler) }
    self.processor = processor
  }

  deinit { Timers.remove(number, on: processor) }

  /// Makes it expire at `deadline`, in nanoseconds of the monotonic clock, at once when that has passed.
  ///
  /// Armed anew before it has expired, it expires at the new deadline only. Takes no memory.
  ///
  /// - Parameter period: nanoseconds from each expiry to the next; 0 for one expiry. What is missed is left out, not made up.
  /// - Context: any.
  public func arm(at deadline: UInt64, period: UInt64 = 0) {
    Timers.arm(number, on: processor, at: deadline, period: period)
  }

  /// Makes it expire once, `nanoseconds` from now.
  public func arm(after nanoseconds: UInt64) { arm(at: Clock.nanoseconds &+ nanoseconds) }

  /// Stops it.
  ///
  /// - Returns: whether it was armed. If not, its handler may be running on the timer's CPU now.
  @discardableResult
  public func cancel() -> Bool { Timers.cancel(number, on: processor) }
}

/// The timers of all CPUs.
///
/// Lock order: a queue's lock is a leaf, and is not held while a handler runs.
public enum Timers {
  private static let queues = BootCell<GrowableArray<SpinLock<TimerQueue>>>()

  /// Makes the queues of all CPUs that there can be.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: once, on the boot CPU.
  public static func start() throws(Errno) {
    var all = GrowableArray<SpinLock<TimerQueue>>()
    for _ in 0..<Processor.limit { try all.append(SpinLock(TimerQueue())) }
    queues.fill(all)
  }

  /// Lets the CPU that runs take the interrupts of its timers.
  ///
  /// - Context: once on each CPU, after the local APIC has been started and its timer measured.
  public static func startHere() {
    let handler = TimerInterrupt()
    VectorHandlers.set(handler, for: InterruptVector.localTimer.rawValue, on: Processor.current)
    VectorHandlers.set(handler, for: InterruptVector.reschedule.rawValue, on: Processor.current)
    LocalTimer.start()
  }

  static func withQueue<Result>(
    _ processor: Int, _ body: (inout TimerQueue) throws(Errno) -> Result
  ) throws(Errno) -> Result {
    guard processor >= 0, processor < Processor.limit else { throw .ENODEV }
    let result = try queues.withValue { queues throws(Errno) in
      try queues[processor].withLock { queue throws(Errno) in try body(&queue) }
    }
    guard let result else { throw .ENODEV }
    return result
  }

  static func arm(_ number: Int, on processor: Int, at deadline: UInt64, period: UInt64) {
    let isFirst = queues.withValue { queues in
      queues[processor].withLock { queue in
        queue.arm(number, at: deadline, period: period)
        guard queue.earliest == deadline else { return false }
        // With the lock held, so that a later deadline that another programs cannot come last.
        if processor == Processor.current { program(deadline) }
        return true
      }
    }
    if isFirst ?? false, processor != Processor.current { ProcessorMessages.reschedule(processor) }
  }

  static func cancel(_ number: Int, on processor: Int) -> Bool {
    // The interrupt that may come for nothing is cheaper than stopping it.
    queues.withValue { queues in queues[processor].withLock { $0.cancel(number) } } ?? false
  }

  static func remove(_ number: Int, on processor: Int) {
    let handler: TimerHandler?? = queues.withValue { queues in queues[processor].withLock { $0.remove(number) } }
    // A CPU that answers is in no handler.
    if processor != Processor.current { ProcessorMessages.call(ProcessorCall(), on: 1 << UInt64(processor)) }
    _ = handler
  }

  @inline(__always)
  private static func program(_ deadline: UInt64) {
    let now = Clock.nanoseconds
    LocalTimer.arm(nanoseconds: deadline > now ? deadline - now : 0)
  }

  /// Serves this CPU's timers: all that have expired, then the device is set to the next.
  static func expire() {
    let processor = Processor.current
    while true {
      let next: (handler: TimerHandler, deadline: UInt64)?? = queues.withValue { queues in
        queues[processor].withLock { queue -> (handler: TimerHandler, deadline: UInt64)? in
          if let expired = queue.takeExpired(Clock.nanoseconds) { return expired }
          if let earliest = queue.earliest { program(earliest) }
          return nil
        }
      }
      guard case .some(.some(let expired)) = next else { return }
      expired.handler.expire(deadline: expired.deadline)
    }
  }
}

/// The interrupt of the CPU's timer, and of another CPU that has armed an earlier one here.
private final class TimerInterrupt: VectorHandler {
  override func handle(_ vector: UInt8) { Timers.expire() }
}
