import Machine
import Synchronization

/// What telling the time takes: written by one CPU at a time, read by all without a lock.
///
/// The layout is that of a page that programs may one day read as well: words of 64 bits at fixed places, all numbers, no address.
/// A reader takes `sequence`, then the words it needs and the counter, and is done if `sequence` is even and has not changed.
///
/// Time is a straight line from the last update on: base + (ticks - base ticks) × multiplier. Each update puts the base where the
/// line has come to, so a new multiplier bends the line but never breaks it.
public struct ClockData: ~Copyable, Sendable {
  /// Odd while the words change.
  let sequence = Atomic<UInt64>(0)
  /// The `CounterKind` that is read.
  let kind = Atomic<UInt64>(0)
  /// The bits of the counter.
  let mask = Atomic<UInt64>(.max)
  /// The counter at the last update.
  let baseTicks = Atomic<UInt64>(0)
  /// Nanoseconds a tick, times 2⁴⁸, as they are steered.
  let multiplier = Atomic<UInt64>(0)
  /// CLOCK_MONOTONIC at the last update, in nanoseconds, and the rest in 2⁻⁴⁸ ns.
  let base = Atomic<UInt64>(0)
  let fraction = Atomic<UInt64>(0)
  /// Nanoseconds a tick, times 2⁴⁸, as measured.
  let rawMultiplier = Atomic<UInt64>(0)
  /// CLOCK_MONOTONIC_RAW at the last update.
  let rawBase = Atomic<UInt64>(0)
  let rawFraction = Atomic<UInt64>(0)
  /// What CLOCK_REALTIME is ahead of CLOCK_MONOTONIC, in nanoseconds.
  let realOffset = Atomic<UInt64>(0)
  /// What CLOCK_BOOTTIME is ahead of CLOCK_MONOTONIC: time that was spent suspended.
  let bootOffset = Atomic<UInt64>(0)
  /// What CLOCK_TAI is ahead of CLOCK_REALTIME, in nanoseconds.
  let atomicOffset = Atomic<UInt64>(0)
  /// 1 when the counters of CPUs are not known to agree, so that a reader must look at `latest`.
  let isGuarded = Atomic<UInt64>(0)

  /// The number of the CPU that updates, plus 1; 0 when none does. Not for programs, nor is what follows.
  let writer = Atomic<UInt64>(0)
  /// The last update's CLOCK_MONOTONIC, always whole.
  let lastBase = Atomic<UInt64>(0)
  /// The latest times that were told, where `isGuarded`.
  let latest = Atomic<UInt64>(0)
  let latestRaw = Atomic<UInt64>(0)

  /// Data by which it is always 0.
  @inline(__always)
  public init() {}

  /// How often a reader looks again before it takes the writer for dead, with its CPU: about a second.
  static var patience: Int { 1 << 24 }

  /// CLOCK_MONOTONIC, in nanoseconds.
  ///
  /// - Context: any, also a non-maskable interrupt that comes in the middle of an update: it is told the time of the one before.
  @inline(__always)
  public borrowing func monotonic(_ counters: borrowing some CounterReader & ~Copyable) -> UInt64 {
    read(counters, multiplier, base, fraction, latest, plus: nil)
  }

  /// The same where it takes the fewest steps: the time-stamp counter is read, all CPUs' agree, and nobody is updating.
  ///
  /// - Returns: nil where that is not so.
  /// - Context: any.
  @inline(__always)
  borrowing func monotonicAtOnce() -> UInt64? {
    let before = sequence.load(ordering: .acquiring)
    guard before & 1 == 0, kind.load(ordering: .relaxed) == CounterKind.timestamp.rawValue,
      isGuarded.load(ordering: .relaxed) == 0
    else { return nil }
    let ticks = MachineCounters.timestamp
    let mask = mask.load(ordering: .relaxed)
    let elapsed = Self.elapsed(from: baseTicks.load(ordering: .relaxed), to: ticks, mask: mask)
    let scale = CounterScale(multiplier: multiplier.load(ordering: .relaxed))
    let time =
      base.load(ordering: .relaxed) &+ scale.nanoseconds(elapsed, fraction: fraction.load(ordering: .relaxed))
    atomicMemoryFence(ordering: .acquiring)
    return sequence.load(ordering: .relaxed) == before ? time : nil
  }

  /// CLOCK_MONOTONIC_RAW, which nobody steers, in nanoseconds.
  @inline(__always)
  public borrowing func monotonicRaw(_ counters: borrowing some CounterReader & ~Copyable) -> UInt64 {
    read(counters, rawMultiplier, rawBase, rawFraction, latestRaw, plus: nil)
  }

  /// CLOCK_REALTIME, in nanoseconds since 1970.
  @inline(__always)
  public borrowing func realTime(_ counters: borrowing some CounterReader & ~Copyable) -> UInt64 {
    read(counters, multiplier, base, fraction, latest, plus: .real)
  }

  /// CLOCK_BOOTTIME, in nanoseconds.
  @inline(__always)
  public borrowing func bootTime(_ counters: borrowing some CounterReader & ~Copyable) -> UInt64 {
    read(counters, multiplier, base, fraction, latest, plus: .boot)
  }

  /// CLOCK_TAI, in nanoseconds since 1970.
  @inline(__always)
  public borrowing func atomicTime(_ counters: borrowing some CounterReader & ~Copyable) -> UInt64 {
    read(counters, multiplier, base, fraction, latest, plus: .atomic)
  }

  /// CLOCK_MONOTONIC_COARSE: as of the last update.
  public var monotonicCoarse: UInt64 { lastBase.load(ordering: .acquiring) }

  /// CLOCK_REALTIME_COARSE: as of the last update.
  public var realTimeCoarse: UInt64 {
    var remaining = Self.patience
    while true {
      let before = sequence.load(ordering: .acquiring)
      let time = base.load(ordering: .relaxed) &+ realOffset.load(ordering: .relaxed)
      atomicMemoryFence(ordering: .acquiring)
      if before & 1 == 0, sequence.load(ordering: .relaxed) == before { return time }
      guard shallLookAgain(&remaining, before, NoCounters()) else { return time }
    }
  }

  enum Offset { case real, boot, atomic }

  @inline(__always)
  private borrowing func read(
    _ counters: borrowing some CounterReader & ~Copyable, _ multiplier: borrowing Atomic<UInt64>,
    _ base: borrowing Atomic<UInt64>, _ fraction: borrowing Atomic<UInt64>, _ latest: borrowing Atomic<UInt64>,
    plus offset: Offset?
  ) -> UInt64 {
    var remaining = Self.patience
    while true {
      let before = sequence.load(ordering: .acquiring)
      if before & 1 == 0 {
        let ticks = counters.ticks(CounterKind(rawValue: kind.load(ordering: .relaxed)) ?? .timestamp)
        let scale = CounterScale(multiplier: multiplier.load(ordering: .relaxed))
        let mask = mask.load(ordering: .relaxed)
        let elapsed = Self.elapsed(from: baseTicks.load(ordering: .relaxed), to: ticks, mask: mask)
        var time =
          base.load(ordering: .relaxed) &+ scale.nanoseconds(elapsed, fraction: fraction.load(ordering: .relaxed))
        let ahead = load(offset)
        let isGuarded = isGuarded.load(ordering: .relaxed) != 0
        atomicMemoryFence(ordering: .acquiring)
        if sequence.load(ordering: .relaxed) == before {
          if isGuarded { time = latest.max(time, ordering: .acquiringAndReleasing).newValue }
          return time &+ ahead
        }
      }
      guard shallLookAgain(&remaining, before, counters) else {
        return lastBase.load(ordering: .acquiring) &+ load(offset)
      }
    }
  }

  @inline(__always)
  private borrowing func load(_ offset: Offset?) -> UInt64 {
    switch offset {
    case nil: 0
    case .real: realOffset.load(ordering: .relaxed)
    case .boot: bootOffset.load(ordering: .relaxed)
    case .atomic: realOffset.load(ordering: .relaxed) &+ atomicOffset.load(ordering: .relaxed)
    }
  }

  /// The ticks between two readings.
  ///
  /// 0 when the later one is behind the earlier, as it can be when another CPU, a little ahead, took that.
  @inline(__always)
  static func elapsed(from earlier: UInt64, to later: UInt64, mask: UInt64) -> UInt64 {
    let difference = (later &- earlier) & mask
    return difference <= mask >> 1 ? difference : 0
  }

  /// Whether a reader that met an update is to try again.
  @inline(never)
  private borrowing func shallLookAgain(
    _ remaining: inout Int, _ before: UInt64, _ counters: borrowing some CounterReader & ~Copyable
  ) -> Bool {
    // Whoever has interrupted the update on its own CPU would wait for ever. Nobody else may take itself for one, or time would
    // go back: a thread that is moved to the writer's CPU gets there after the update only, and sees the sequence changed.
    let writer = writer.load(ordering: .acquiring)
    let isHere = writer == UInt64(counters.processor) + 1
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    if before & 1 == 1, isHere, sequence.load(ordering: .acquiring) == before { return false }
    guard remaining > 0 else { return false }
    remaining -= 1
    Machine.pause()
    return true
  }

  /// For readers that read no counter.
  private struct NoCounters: CounterReader {
    func ticks(_ kind: CounterKind) -> UInt64 { 0 }
  }
}
