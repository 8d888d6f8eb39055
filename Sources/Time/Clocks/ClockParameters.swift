/// What makes time of ticks: all that a reader of the clock needs, as it can be shared with programs.
///
/// Ticks are those of the time-stamp counter or, where that has proved unsteady, of a counter outside the CPU.
public struct ClockParameters: Equatable, Sendable {
  /// The ticks at the last change.
  public var baseTicks: UInt64
  /// The monotonic time at that moment, in nanoseconds.
  public var baseNanoseconds: UInt64
  /// Nanoseconds a tick, times 2³².
  public var scale: UInt64
  /// What has to be added for the time of day, in nanoseconds since 1970.
  public var realTimeOffset: UInt64
  /// What has to be added for the time since boot with sleep, in nanoseconds.
  public var bootTimeOffset: UInt64

  /// A clock that stands at zero.
  public init() {
    baseTicks = 0
    baseNanoseconds = 0
    scale = 0
    realTimeOffset = 0
    bootTimeOffset = 0
  }

  /// The scale of a clock with `ticksPerSecond`, which is at least 1,000.
  public static func scale(ticksPerSecond: UInt64) -> UInt64 {
    (1_000_000_000 << 32) / max(ticksPerSecond, 1_000)
  }

  /// `ticks` as nanoseconds. Exact to 2⁻³² of them, and right for centuries.
  @inlinable
  public static func nanoseconds(ticks: UInt64, scale: UInt64) -> UInt64 {
    let product = ticks.multipliedFullWidth(by: scale)
    return product.high << 32 | product.low >> 32
  }

  /// The monotonic time at `ticks`.
  @inlinable
  public func monotonic(_ ticks: UInt64) -> UInt64 {
    // A CPU whose counter is a little behind the one that made the change must not see the time before it.
    let elapsed = ticks &- baseTicks
    let isBefore = Int64(bitPattern: elapsed) < 0
    return baseNanoseconds &+ (isBefore ? 0 : Self.nanoseconds(ticks: elapsed, scale: scale))
  }

  /// Goes on at `ticks` with another scale, without a step.
  public mutating func change(at ticks: UInt64, newBaseTicks: UInt64, scale newScale: UInt64) {
    baseNanoseconds = monotonic(ticks)
    baseTicks = newBaseTicks
    scale = newScale
  }
}
