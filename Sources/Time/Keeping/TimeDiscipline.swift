/// How the clock's rate follows what a time server says: the state behind adjtimex(2).
///
/// A phase-locked loop: an offset that is reported is worked off little by little, some of it every second, and bends the
/// frequency too. All numbers are bounded, so that nothing a program sends overflows.
/// Source: RFC 1589, section 3 and appendix; RFC 5905, section 12; adjtimex(2).
public struct TimeDiscipline: Sendable {
  /// What adjtimex(2) returns.
  public enum State: Int, Sendable {
    /// TIME_OK
    case good = 0
    /// TIME_INS
    case willInsert = 1
    /// TIME_DEL
    case willDelete = 2
    /// TIME_OOP: the leap second runs.
    case inserting = 3
    /// TIME_WAIT: the leap second is over, its request still there.
    case waiting = 4
    /// TIME_ERROR: not synchronized.
    case unsynchronized = 5
  }

  /// What a second's end does to CLOCK_REALTIME.
  enum LeapSecond { case none, inserted, deleted }

  private static let maximumPhase: Int64 = 500_000_000
  /// 500 ppm, in 2⁻¹⁶ ppm.
  private static let maximumFrequency: Int64 = 500 << 16
  private static let maximumConstant: Int64 = 10
  private static let phaseShift: Int64 = 2
  private static let maximumPhaseError: Int64 = 16_000_000
  /// What the error may grow by in a second, in microseconds: the tolerance.
  private static let errorGrowth: Int64 = 500
  private static let usualTick: Int64 = 10_000
  private static let ticks: ClosedRange<Int64> = 9_000...11_000
  /// adjtime(3) changes the time by at most this much a second, in nanoseconds.
  private static let singleShotRate: Int64 = 500_000
  private static let secondsPerDay: UInt64 = 86_400

  private var status: TimeAdjustment.Status = .unsynchronized
  private var leap: State = .good
  /// Nanoseconds still to be worked off, in 2⁻¹⁶ ns.
  private var phase: Int64 = 0
  /// The frequency, in 2⁻¹⁶ ppm.
  private var frequency: Int64 = 0
  private var constant: Int64 = 2
  private var maximumError: Int64 = maximumPhaseError
  private var estimatedError: Int64 = maximumPhaseError
  private var tick = usualTick
  /// What adjtime(3) has still to change, in nanoseconds.
  private var singleShot: Int64 = 0
  /// What is worked off in this second, in 2⁻¹⁶ ns.
  private var slew: Int64 = 0
  /// The second of the last offset.
  private var lastOffset: UInt64 = 0
  /// TAI less UTC.
  public private(set) var atomicOffsetSeconds: Int64 = 0

  /// A clock that nobody steers.
  public init() {}

  /// What adjtimex(2) returns.
  public var state: State { status.contains(.unsynchronized) ? .unsynchronized : leap }

  /// How much faster than its counter the clock runs, in 2⁻³⁵; at most an eighth.
  var adjustment: Int64 {
    // In 2⁻¹⁶ ns a second: 1 ppm is 1,000 ns, a microsecond in every tick is 100,000.
    let rate = frequency * 1_000 + ((tick - Self.usualTick) * 100_000) << 16 + slew
    return Self.clamp(rate, 1 << 43) * (1 << 19) / 1_000_000_000
  }

  /// Whether a request makes sense.
  func accepts(_ request: TimeAdjustment) -> Bool {
    if request.modes.contains(.singleShot) {
      return request.modes.contains(.offset) && request.modes.isSubset(of: .init(rawValue: 0xa001))
    }
    guard request.modes.isSubset(of: .known) else { return false }
    if request.modes.contains(.tick), !Self.ticks.contains(request.tick) { return false }
    return true
  }

  /// Does what `request` says, and fills it with what is.
  ///
  /// - Parameter now: CLOCK_REALTIME in nanoseconds.
  mutating func apply(_ request: inout TimeAdjustment, now: UInt64) {
    let modes = request.modes
    let seconds = now / Timekeeper.nanosecondsPerSecond
    if modes.contains(.singleShot) {
      let left = singleShot
      if modes != .singleShotRead { singleShot = Self.clamp(request.offset, .max / 1_000) * 1_000 }
      report(&request)
      request.offset = left / 1_000
      return
    }
    if modes.contains(.status) { changeStatus(request.status) }
    if modes.contains(.nanoseconds) { status.insert(.nanoseconds) }
    if modes.contains(.microseconds) { status.remove(.nanoseconds) }
    if modes.contains(.frequency) { frequency = Self.clamp(request.frequency, Self.maximumFrequency) }
    if modes.contains(.maximumError) { maximumError = min(max(request.maximumError, 0), Self.maximumPhaseError) }
    if modes.contains(.estimatedError) { estimatedError = min(max(request.estimatedError, 0), Self.maximumPhaseError) }
    if modes.contains(.timeConstant) {
      // In microseconds the constant has the meaning of the older kernel model, four steps faster.
      let wanted = min(max(request.constant, 0), Self.maximumConstant)
      constant = status.contains(.nanoseconds) ? wanted : min(wanted + 4, Self.maximumConstant)
    }
    if modes.contains(.atomicOffset), (0...1_000).contains(request.constant) { atomicOffsetSeconds = request.constant }
    if modes.contains(.offset) { takeOffset(request.offset, at: seconds) }
    if modes.contains(.tick) { tick = request.tick }
    report(&request)
  }

  private func report(_ request: inout TimeAdjustment) {
    let nanoseconds = phase >> 16
    request.offset = status.contains(.nanoseconds) ? nanoseconds : nanoseconds / 1_000
    request.frequency = frequency
    request.maximumError = maximumError
    request.estimatedError = estimatedError
    request.status = status
    request.constant = constant
    request.precision = 1
    request.tolerance = Self.maximumFrequency
    request.tick = tick
    request.atomicOffset = atomicOffsetSeconds
  }

  private mutating func changeStatus(_ wanted: TimeAdjustment.Status) {
    if status.contains(.phaseLocked), !wanted.contains(.phaseLocked) {
      leap = .good
      status = .unsynchronized
    }
    status = status.intersection(.readOnly).union(wanted.subtracting(.readOnly))
  }

  /// The loop itself: `offset` is worked off exponentially, and the frequency takes its share.
  private mutating func takeOffset(_ offset: Int64, at seconds: UInt64) {
    guard status.contains(.phaseLocked) else { return }
    let nanoseconds: Int64
    if status.contains(.nanoseconds) {
      nanoseconds = Self.clamp(offset, Self.maximumPhase)
    } else {
      nanoseconds = Self.clamp(offset, Self.maximumPhase / 1_000) * 1_000
    }
    let isFirst = status.contains(.holdFrequency) || lastOffset == 0
    let elapsed = isFirst || seconds < lastOffset ? 0 : Int64(min(seconds - lastOffset, 1 << 20))
    lastOffset = seconds
    // In 2⁻⁶ ns a second: the offset, weighted with the time it took to come, by the square of the loop's time constant. More
    // would make the loop swing.
    let loop = 2 * (Self.phaseShift + 2 + constant)
    let interval = min(elapsed, 1 << (Self.phaseShift + 2 + constant))
    var change = (nanoseconds * interval * 64) >> loop
    if status.contains(.frequencyLocked), elapsed >= 256 { change += (nanoseconds << 4) / elapsed }
    // A nanosecond a second is 2¹⁶ / 1,000 of 2⁻¹⁶ ppm.
    frequency = Self.clamp(frequency + (change << 10) / 1_000, Self.maximumFrequency)
    phase = nanoseconds << 16
  }

  /// Forgets what was to be corrected.
  mutating func forget() {
    phase = 0
    slew = 0
    singleShot = 0
    leap = .good
    status.insert(.unsynchronized)
    maximumError = Self.maximumPhaseError
    estimatedError = Self.maximumPhaseError
  }

  /// Second number `seconds` of CLOCK_REALTIME begins.
  mutating func secondHasPassed(_ seconds: UInt64) -> LeapSecond {
    maximumError = min(maximumError + Self.errorGrowth, Self.maximumPhaseError)
    if maximumError == Self.maximumPhaseError { status.insert(.unsynchronized) }
    let part = phase >> (Self.phaseShift + constant)
    phase -= part
    slew = part
    if singleShot != 0 {
      let step = Self.clamp(singleShot, Self.singleShotRate)
      singleShot -= step
      slew += step << 16
    }
    return advanceLeap(seconds)
  }

  private mutating func advanceLeap(_ seconds: UInt64) -> LeapSecond {
    switch leap {
    case .good:
      if status.contains(.insertLeap) { leap = .willInsert } else if status.contains(.deleteLeap) { leap = .willDelete }
    case .willInsert:
      if !status.contains(.insertLeap) {
        leap = .good
      } else if seconds % Self.secondsPerDay == 0 {
        leap = .inserting
        atomicOffsetSeconds += 1
        return .inserted
      }
    case .willDelete:
      if !status.contains(.deleteLeap) {
        leap = .good
      } else if (seconds + 1) % Self.secondsPerDay == 0 {
        leap = .waiting
        atomicOffsetSeconds -= 1
        return .deleted
      }
    case .inserting: leap = .waiting
    case .waiting, .unsynchronized:
      if status.isDisjoint(with: [.insertLeap, .deleteLeap]) { leap = .good }
    }
    return .none
  }

  private static func clamp(_ value: Int64, _ limit: Int64) -> Int64 { min(max(value, -limit), limit) }
}
