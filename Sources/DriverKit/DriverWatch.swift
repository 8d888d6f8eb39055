import Foundations
import Machine
import Scheduler
import Synchronization
import Time

/// Ends drivers' calls that do not return.
final class DriverWatch: ThreadBody {
  /// How long a call may be on a CPU without a sign of life, in nanoseconds.
  static var limitNanoseconds: UInt64 { limit.load(ordering: .relaxed) }
  private static let limit = Atomic<UInt64>(2_000_000_000)
  /// Looks in this time.
  private static var looks: UInt64 { 8 }

  /// Starts the watch, which ends calls after `limitNanoseconds`.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: once, a thread.
  static func start(limitNanoseconds: UInt64) throws(Errno) {
    limit.store(limitNanoseconds, ordering: .relaxed)
    try Thread(DriverWatch()).start()
  }

  override func run() {
    while true {
      // Nothing interrupts a thread of the kernel.
      try? Scheduler.sleep(nanoseconds: Self.limitNanoseconds / Self.looks)
      DeviceTree.forEachHost { $0.endIfHung() }
      DriverRemapping.poll()
      // What is still referred to is looked at again the next time.
      _ = Containment.collect()
    }
  }
}
