import Machine
import Synchronization
import Waiting

/// What wakes the machine when it is suspended, and what keeps it from being suspended: events of devices that somebody sees to.
///
/// Source: Linux Documentation/ABI/testing/sysfs-power, `/sys/power/wakeup_count`.
public enum WakeEvents {
  private static let counter = Atomic<UInt64>(0)
  private static let gate = SpinLock(WakeGate())
  private static let queue = WaitQueue()

  /// Notes that something has happened that wakes the machine.
  ///
  /// - Context: any, interrupts and locks of devices too.
  public static func note() {
    counter.wrappingAdd(1, ordering: .sequentiallyConsistent)
    queue.wakeAll()
  }

  /// How many there have been since boot.
  public static var count: UInt64 { counter.load(ordering: .sequentiallyConsistent) }

  /// Has the next attempt to suspend the machine fail if anything happens from now on.
  ///
  /// - Parameter known: what whoever asks believes that `count` is.
  /// - Returns: false when it is not, and so something has happened that is not known there.
  public static func expectNoMore(than known: UInt64) -> Bool {
    gate.withLock { $0.close(at: known, now: count) }
  }

  /// Whether something has happened that the present attempt must not outlive.
  public static var isPending: Bool { gate.withLock { $0.isPassed(now: count) } }

  /// Ends what `expectNoMore` began.
  public static func expectAnything() { gate.withLock { $0.open() } }

  /// Waits until `count` is not `known` any more.
  ///
  /// - Context: a thread of the kernel, without locks.
  public static func wait(beyond known: UInt64) {
    // Nothing interrupts a thread of the kernel.
    try? queue.wait(.nothing) { count != known }
  }
}

/// A count that must not be passed.
struct WakeGate {
  private var limit: UInt64?

  /// Closes it, if `known` is what is now.
  mutating func close(at known: UInt64, now: UInt64) -> Bool {
    guard known == now else {
      limit = nil
      return false
    }
    limit = known
    return true
  }

  mutating func open() { limit = nil }

  func isPassed(now: UInt64) -> Bool { limit.map { $0 != now } ?? false }
}
