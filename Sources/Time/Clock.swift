import Machine
import Synchronization

/// Nanoseconds since the kernel's first instruction, from the time-stamp counter.
///
/// Monotonic on one CPU. Until `start` the rate is unknown and the clock says 0.
public enum Clock {
  /// Nanoseconds a tick, times 2³².
  private static let scale = Atomic<UInt64>(0)
  private static let frequency = Atomic<UInt64>(0)

  /// Sets the rate.
  ///
  /// - Parameter ticksPerSecond: of the time-stamp counter; at least 1,000,000, or the call does nothing.
  public static func start(ticksPerSecond: UInt64) {
    guard ticksPerSecond >= 1_000_000 else { return }
    frequency.store(ticksPerSecond, ordering: .relaxed)
    scale.store((1_000_000_000 << 32) / ticksPerSecond, ordering: .relaxed)
  }

  /// The rate, in ticks of the time-stamp counter a second; 0 until `start`.
  public static var ticksPerSecond: UInt64 { frequency.load(ordering: .relaxed) }

  /// Now.
  public static var nanoseconds: UInt64 { nanoseconds(ticks: TimestampCounter.now &- TimestampCounter.atEntry) }

  /// A number of ticks as nanoseconds.
  public static func nanoseconds(ticks: UInt64) -> UInt64 {
    let product = ticks.multipliedFullWidth(by: scale.load(ordering: .relaxed))
    return product.high << 32 | product.low >> 32
  }
}
