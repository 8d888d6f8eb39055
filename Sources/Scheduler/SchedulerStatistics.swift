import Foundations
import Machine
public import Scheduling
import Synchronization
import Time

/// The unit that programs are told times of CPUs in: `sysconf(_SC_CLK_TCK)` is 100.
public enum ClockRate {
  /// How many there are in a second.
  public static var ticksPerSecond: UInt64 { 100 }
  /// How many nanoseconds each has.
  public static var tickNanoseconds: UInt64 { 1_000_000_000 / ticksPerSecond }
}

/// What the scheduler has done, of all CPUs.
public enum SchedulerStatistics {
  /// How many threads wait for what is sure to come.
  static let uninterruptible = Atomic<Int>(0)
  private static let averages = SpinLock(LoadAverages())
  private static let timer = BootCell<Timer>()

  /// Begins to average.
  ///
  /// - Throws: `ENOMEM`.
  static func start() throws(Errno) {
    let new = try Timer(on: Processor.current, handler: LoadHandler())
    // A tenth of a second this way or that makes no difference, but may save an interrupt.
    new.arm(
      at: Clock.nanoseconds &+ LoadAverages.interval, period: LoadAverages.interval, slack: LoadAverages.interval / 50)
    timer.fill(new)
  }

  fileprivate static func update(intervals: UInt64) {
    let count = runnableCount + blockedCount
    averages.withLock { $0.update(count, intervals: intervals) }
  }

  /// The load averages.
  public static var loadAverages: LoadAverages { averages.withLock { $0 } }

  /// How many threads run or are ready.
  public static var runnableCount: Int { sum { $0.runnableCount } }

  /// How many threads wait for what is sure to come, such as a disk.
  public static var blockedCount: Int { max(0, uninterruptible.load(ordering: .relaxed)) }

  /// How often CPUs changed from one thread to another.
  public static var switchCount: UInt64 {
    var count: UInt64 = 0
    for number in 0..<Processor.limit where Processor.isOnline(number) {
      count &+= Scheduler.scheduler(of: number)?.switchCount ?? 0
    }
    return count
  }

  /// Where the time of a CPU has gone.
  public static func times(of processor: Int) -> ProcessorTimes {
    Scheduler.scheduler(of: processor)?.times ?? ProcessorTimes()
  }

  private static func sum(_ count: (ProcessorScheduler) -> Int) -> Int {
    var sum = 0
    for number in 0..<Processor.limit where Processor.isOnline(number) {
      if let scheduler = Scheduler.scheduler(of: number) { sum += count(scheduler) }
    }
    return sum
  }
}

/// The time to average.
private final class LoadHandler: TimerHandler {
  override func timerExpired(now: UInt64, expirations: UInt64) {
    SchedulerStatistics.update(intervals: expirations)
  }
}
