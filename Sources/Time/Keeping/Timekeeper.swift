import Foundations
import Machine
import Synchronization

/// The side of the clock that changes it. One for each `ClockData`, behind a lock.
///
/// Every change is an update: the base moves to now, and what holds from now on is written beside it. So no change of rate or of
/// counter makes a step in CLOCK_MONOTONIC; only `setRealTime`, leap seconds and `shift` move CLOCK_REALTIME.
public struct Timekeeper {
  /// The counter that is read; nil before `start`.
  public private(set) var source: CounterSource?
  /// How the rate is steered.
  public private(set) var discipline = TimeDiscipline()

  private var rawScale = CounterScale()
  private var scale = CounterScale()
  private var baseTicks: UInt64 = 0
  private var base: UInt64 = 0
  private var fraction: UInt64 = 0
  private var rawBase: UInt64 = 0
  private var rawFraction: UInt64 = 0
  private var realOffset: UInt64 = 0
  private var bootOffset: UInt64 = 0
  /// For how long, in nanoseconds, CLOCK_MONOTONIC has been standing still; nil while it goes.
  public private(set) var stillNanoseconds: UInt64?

  static let nanosecondsPerSecond: UInt64 = 1_000_000_000
  /// CLOCK_REALTIME ends with what a signed 64-bit number of nanoseconds holds, in 2262, and thirty years of uptime before.
  private static let lastRealTime = UInt64(Int64.max) - 30 * 366 * 86_400 * nanosecondsPerSecond
  /// Seconds that one update catches up with, one by one: about an hour.
  private static let secondsLimit = 4_096

  /// What the other clocks are ahead of CLOCK_MONOTONIC: a change is a step of theirs.
  var offsets: ClockOffsets {
    ClockOffsets(real: realOffset, boot: bootOffset, atomicSeconds: discipline.atomicOffsetSeconds)
  }

  /// A keeper that knows no counter.
  public init() {}

  // MARK: Changes

  /// Begins to tell time by `source`, with CLOCK_MONOTONIC 0 when the counter said `ticks`.
  public mutating func start(_ source: CounterSource, at ticks: UInt64, in data: borrowing ClockData) {
    begin(data, on: Processor.current)
    self.source = source
    rawScale = CounterScale(source.rate)
    baseTicks = ticks & source.mask
    base = 0
    fraction = 0
    rawBase = 0
    rawFraction = 0
    steer()
    publish(data)
  }

  /// Moves the base to now, and takes what the passing of seconds demands.
  ///
  /// At least every `CounterSource.longestGap`, and often enough for the coarse clocks.
  public mutating func update(_ data: borrowing ClockData, _ counters: borrowing some CounterReader & ~Copyable) {
    begin(data, on: counters.processor)
    advance(counters)
    publish(data)
  }

  /// Goes on with another counter, or with a better rate of the same, without a step.
  public mutating func change(
    to source: CounterSource, in data: borrowing ClockData, _ counters: borrowing some CounterReader & ~Copyable
  ) {
    begin(data, on: counters.processor)
    advance(counters)
    self.source = source
    rawScale = CounterScale(source.rate)
    baseTicks = counters.ticks(source.kind) & source.mask
    steer()
    publish(data)
  }

  /// Sets CLOCK_REALTIME.
  ///
  /// - Parameter time: nanoseconds since 1970.
  /// - Throws: `EINVAL` for a time before boot would have been 1970, or after about 2232.
  public mutating func setRealTime(
    _ time: UInt64, in data: borrowing ClockData, _ counters: borrowing some CounterReader & ~Copyable
  ) throws(Errno) {
    begin(data, on: counters.processor)
    advance(counters)
    let isValid = time >= base && time <= Self.lastRealTime
    if isValid {
      realOffset = time - base
      // What was to be corrected was an error of the old time.
      discipline.forget()
      steer()
    }
    publish(data)
    guard isValid else { throw .EINVAL }
  }

  /// Moves CLOCK_BOOTTIME and CLOCK_REALTIME ahead by the time that the machine was suspended, in nanoseconds.
  ///
  /// The counter may have stood still or begun anew; it counts from now on.
  public mutating func addSuspended(
    _ nanoseconds: UInt64, in data: borrowing ClockData, _ counters: borrowing some CounterReader & ~Copyable
  ) {
    begin(data, on: counters.processor)
    if let source { baseTicks = counters.ticks(source.kind) & source.mask }
    bootOffset &+= nanoseconds
    realOffset &+= nanoseconds
    publish(data)
  }

  /// Makes all clocks stand still: what the counter counts from now on is time that the machine was suspended.
  ///
  /// It must be updated meanwhile as otherwise. Nothing happens while they stand still already.
  public mutating func stop(in data: borrowing ClockData, _ counters: borrowing some CounterReader & ~Copyable) {
    begin(data, on: counters.processor)
    advance(counters)
    if stillNanoseconds == nil { stillNanoseconds = 0 }
    publish(data)
  }

  /// Lets the clocks go on: CLOCK_MONOTONIC from where it stopped, CLOCK_BOOTTIME and CLOCK_REALTIME as if they had not.
  ///
  /// - Returns: how long they stood still, in nanoseconds; 0 when they did not.
  @discardableResult
  public mutating func goOn(
    in data: borrowing ClockData, _ counters: borrowing some CounterReader & ~Copyable
  ) -> UInt64 {
    begin(data, on: counters.processor)
    advance(counters)
    let still = stillNanoseconds ?? 0
    stillNanoseconds = nil
    bootOffset &+= still
    realOffset &+= still
    publish(data)
    return still
  }

  /// Reads and changes how the rate is steered: adjtimex(2).
  ///
  /// - Returns: the state of the clock, as the system call returns it.
  /// - Throws: `EINVAL` for what makes no sense; nothing has changed then.
  public mutating func adjust(
    _ request: inout TimeAdjustment, in data: borrowing ClockData, _ counters: borrowing some CounterReader & ~Copyable
  ) throws(Errno) -> TimeDiscipline.State {
    begin(data, on: counters.processor)
    advance(counters)
    let now = base &+ realOffset
    let shifted = request.modes.contains(.setOffset) ? Self.shifted(now, by: request.stepNanoseconds) : now
    let isValid = discipline.accepts(request) && shifted.map { $0 >= base && $0 <= Self.lastRealTime } ?? false
    if isValid, let shifted {
      if request.modes.contains(.setOffset) { realOffset = shifted &- base }
      discipline.apply(&request, now: shifted)
      steer()
    }
    publish(data)
    guard isValid else { throw .EINVAL }
    return discipline.state
  }

  private static func shifted(_ time: UInt64, by step: Int64) -> UInt64? {
    let (sum, overflowed) =
      step < 0
      ? time.subtractingReportingOverflow(step.magnitude) : time.addingReportingOverflow(step.magnitude)
    return overflowed ? nil : sum
  }

  /// Says whether the counters of CPUs agree, or readers must keep each other's time from going back.
  public func setGuarded(_ isGuarded: Bool, in data: borrowing ClockData) {
    data.isGuarded.store(isGuarded ? 1 : 0, ordering: .releasing)
  }

  // MARK: Parts

  private func begin(_ data: borrowing ClockData, on processor: Int) {
    data.writer.store(UInt64(processor) + 1, ordering: .relaxed)
    data.sequence.wrappingAdd(1, ordering: .acquiringAndReleasing)
  }

  private mutating func advance(_ counters: borrowing some CounterReader & ~Copyable) {
    guard let source else { return }
    let elapsed = ClockData.elapsed(from: baseTicks, to: counters.ticks(source.kind), mask: source.mask)
    if let still = stillNanoseconds {
      // Nobody steers it meanwhile; what is lost of a nanosecond is nothing to so long a time.
      stillNanoseconds = still &+ scale.nanoseconds(elapsed)
      baseTicks = (baseTicks &+ elapsed) & source.mask
      return
    }
    let secondsBefore = (base &+ realOffset) / Self.nanosecondsPerSecond
    base &+= scale.nanoseconds(elapsed, fraction: fraction)
    fraction = scale.remainder(elapsed, fraction: fraction)
    rawBase &+= rawScale.nanoseconds(elapsed, fraction: rawFraction)
    rawFraction = rawScale.remainder(elapsed, fraction: rawFraction)
    baseTicks = (baseTicks &+ elapsed) & source.mask
    let seconds = (base &+ realOffset) / Self.nanosecondsPerSecond
    guard seconds > secondsBefore else { return }
    for passed in 0..<min(seconds - secondsBefore, UInt64(Self.secondsLimit)) {
      switch discipline.secondHasPassed(secondsBefore + passed + 1) {
      case .none: break
      case .inserted: realOffset &-= min(realOffset, Self.nanosecondsPerSecond)
      case .deleted: realOffset &+= Self.nanosecondsPerSecond
      }
    }
    steer()
  }

  /// Bends the line as the discipline says.
  private mutating func steer() { scale = rawScale.adjusted(by: discipline.adjustment) }

  private func publish(_ data: borrowing ClockData) {
    if let source {
      data.kind.store(source.kind.rawValue, ordering: .relaxed)
      data.mask.store(source.mask, ordering: .relaxed)
    }
    data.baseTicks.store(baseTicks, ordering: .relaxed)
    let goes = stillNanoseconds == nil
    data.multiplier.store(goes ? scale.multiplier : 0, ordering: .relaxed)
    data.base.store(base, ordering: .relaxed)
    data.fraction.store(fraction, ordering: .relaxed)
    data.rawMultiplier.store(goes ? rawScale.multiplier : 0, ordering: .relaxed)
    data.rawBase.store(rawBase, ordering: .relaxed)
    data.rawFraction.store(rawFraction, ordering: .relaxed)
    data.realOffset.store(realOffset, ordering: .relaxed)
    data.bootOffset.store(bootOffset, ordering: .relaxed)
    data.atomicOffset.store(
      UInt64(max(discipline.atomicOffsetSeconds, 0)) &* Self.nanosecondsPerSecond, ordering: .relaxed)
    data.lastBase.store(base, ordering: .releasing)
    data.sequence.wrappingAdd(1, ordering: .releasing)
    data.writer.store(0, ordering: .relaxed)
  }
}

/// What clocks are ahead of CLOCK_MONOTONIC.
struct ClockOffsets: Equatable {
  let real: UInt64
  let boot: UInt64
  let atomicSeconds: Int64
}
