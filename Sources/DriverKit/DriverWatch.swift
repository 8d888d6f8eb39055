import Foundations
import Machine
import Scheduler
import Time

/// Ends drivers' calls that do not return.
final class DriverWatch: ThreadBody {
  /// How long a call may be at one thing without a sign of life, in nanoseconds.
  static var limitNanoseconds: UInt64 { 2_000_000_000 }
  private static var intervalNanoseconds: UInt64 { 250_000_000 }

  /// Starts the watch.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: once, a thread.
  static func start() throws(Errno) { try Thread(DriverWatch()).start() }

  override func run() {
    while true {
      // Nothing interrupts a thread of the kernel.
      try? Scheduler.sleep(nanoseconds: Self.intervalNanoseconds)
      DeviceTree.forEachHost { $0.endIfHung() }
      // What is still referred to is looked at again the next time.
      _ = Containment.collect()
    }
  }
}
