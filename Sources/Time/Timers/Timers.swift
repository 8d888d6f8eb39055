public import Foundations
import Interrupts
import Machine

/// A timer of one CPU. Dropping it stops it; its handler will not run again then.
///
/// Expiries come in the order of deadlines, each at its deadline or later, and exactly once. A CPU without armed timers is not
/// interrupted.
public struct Timer: ~Copyable {
  private let queue: TimerQueue
  private let number: TimerNumber
  private let processor: Int

  /// Makes a timer on CPU `processor`, not armed.
  ///
  /// - Throws: `ENODEV` when there is no such CPU, `ENOMEM`.
  public init(on processor: Int = Processor.current, handler: TimerHandler) throws(Errno) {
    let queue = try Timers.queue(of: processor)
    let number = try queue.makeTimer(handler)
    (self.queue, self.number, self.processor) = (queue, number, processor)
  }

  deinit {
    // Its handler may be running on another CPU, which answers when it has ended.
    while case .EBUSY = Timers.remove(number, from: queue), processor != Processor.current {
      ProcessorMessages.call(ProcessorCall(), on: 1 << UInt64(processor))
    }
  }

  /// Makes it expire at `deadline`, in nanoseconds of the monotonic clock, at once when that has passed.
  ///
  /// Armed anew before it has expired, it expires at the new deadline only. Takes no memory.
  ///
  /// - Parameters:
  ///   - period: nanoseconds from each expiry to the next; 0 for one expiry. What is missed is told to the handler, not made up.
  ///   - slack: how much later will do, in nanoseconds.
  /// - Context: any.
  public func arm(at deadline: UInt64, period: UInt64 = 0, slack: UInt64 = 0) {
    // It can only fail for a number that is not the queue's.
    do throws(Errno) { try queue.arm(number, deadline: deadline, slack: slack, period: period) } catch {}
  }

  /// Makes it expire once, `nanoseconds` from now.
  public func arm(after nanoseconds: UInt64) { arm(at: Clock.nanoseconds &+ nanoseconds) }

  /// Stops it.
  @discardableResult
  public func cancel() -> TimerCancellation {
    do throws(Errno) { return try queue.cancel(number) } catch { return .notArmed }
  }
}

/// The timers of all CPUs, on their local APICs' timers.
public enum Timers {
  private static let queues = BootCell<GrowableArray<TimerQueue>>()

  /// Makes the queues of all CPUs that there can be.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: once, on the boot CPU.
  public static func start() throws(Errno) {
    try start { processor in LocalTimerDevice(processor) }
  }

  /// As `start`, with other devices: for tests.
  static func start(device: (Int) -> sending TimerDevice) throws(Errno) {
    var all = GrowableArray<TimerQueue>()
    for processor in 0..<Processor.limit {
      try all.append(TimerQueue(device: device(processor)) { Clock.nanoseconds })
    }
    queues.fill(all)
  }

  /// Lets the CPU that runs take the interrupts of its timers.
  ///
  /// - Context: once on each CPU, after its local APIC has been started and the timer's rate measured.
  public static func startHere() {
    let processor = Processor.current
    guard let queue = queues.withValue({ $0[processor] }) else { return }
    let handler = LocalTimerHandler(queue)
    VectorHandlers.set(handler, for: InterruptVector.localTimer.rawValue, on: processor)
    VectorHandlers.set(handler, for: InterruptVector.reschedule.rawValue, on: processor)
    LocalTimer.start()
  }

  /// Looks after the timers of the CPU that runs: what a message to it must do, as it may be about an earlier timer.
  ///
  /// - Context: in an interrupt.
  public static func serveHere() {
    let queue = queues.withValue { $0[Processor.current] }
    queue?.interrupt(now: Clock.nanoseconds)
  }

  /// Has all CPUs look after their timers: what is armed was programmed by a clock that went otherwise.
  ///
  /// - Context: a thread.
  static func serveAll() {
    for processor in 0..<Processor.onlineCount {
      if processor == Processor.current {
        Processor.withoutInterrupts { serveHere() }
      } else {
        ProcessorMessages.reschedule(processor)
      }
    }
  }

  static func queue(of processor: Int) throws(Errno) -> TimerQueue {
    guard processor >= 0, processor < Processor.limit, let queue = queues.withValue({ $0[processor] }) else {
      throw .ENODEV
    }
    return queue
  }

  /// - Returns: the error, or nil.
  static func remove(_ number: TimerNumber, from queue: TimerQueue) -> Errno? {
    do throws(Errno) {
      try queue.removeTimer(number)
      return nil
    } catch {
      return error
    }
  }
}

/// The local APIC's timer of one CPU, as a queue programs it.
private final class LocalTimerDevice: TimerDevice {
  private let processor: Int

  init(_ processor: Int) {
    self.processor = processor
    super.init()
  }

  override var isLocal: Bool { Processor.current == processor }
  override func arm(nanoseconds: UInt64) { LocalTimer.arm(nanoseconds: StoppedClock.interval ?? nanoseconds) }
  override func disarm() { LocalTimer.disarm() }
  override func notify() { ProcessorMessages.reschedule(processor) }
}

/// The interrupt of the CPU's timer, and of another CPU that has armed an earlier timer here.
private final class LocalTimerHandler: VectorHandler {
  private let queue: TimerQueue

  init(_ queue: TimerQueue) {
    self.queue = queue
    super.init()
  }

  override func handle(_ vector: UInt8) {
    StoppedClock.look()
    queue.interrupt(now: Clock.nanoseconds)
  }
}
