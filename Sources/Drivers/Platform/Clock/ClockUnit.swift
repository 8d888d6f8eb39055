import Foundations
import Time

/// The battery-backed clock as its driver has it: what is wanted of it, in registers.
///
/// The alarm of the device knows no date and comes each day; it is told only when the day is right. A frequency that the device does
/// not have is counted by a timer of the kernel's.
///
/// - Context: one caller at a time.
final class ClockUnit<Space: RegisterSpace & ~Copyable> {
  private let clock: BatteryClock<Space>
  private(set) var wishes = ClockWishes()
  /// When the next period ends that the device does not count, by the monotonic clock.
  private(set) var nextPeriod: UInt64?

  init(_ space: consuming Space, centuryIndex: UInt8) {
    clock = BatteryClock(space, centuryIndex: centuryIndex)
  }

  /// Makes the device quiet.
  ///
  /// - Throws: `ENODEV` when nobody answers.
  func prepare() throws(Errno) {
    guard !clock.isAbsent else { throw .ENODEV }
    clock.setInterrupts([])
  }

  /// Makes the device quiet for good.
  func quiesce() {
    nextPeriod = nil
    clock.setInterrupts([])
  }

  /// Makes the device quiet but for the alarm, if that is wanted: it is to wake the machine.
  func rest() {
    nextPeriod = nil
    clock.setInterrupts(wishes.wantsAlarm ? .alarm : [])
  }

  /// The time, in seconds since 1970.
  func seconds() throws(Errno) -> Int {
    do throws(BatteryClockError) { return try clock.read().unixSeconds } catch { throw Self.error(error) }
  }

  func setTime(_ time: CivilTime) throws(Errno) {
    do throws(BatteryClockError) { try clock.write(time) } catch { throw Self.error(error) }
  }

  private static func error(_ error: BatteryClockError) -> Errno {
    switch error {
    case .absent, .unsteady: .EIO
    case .nonsense: .EINVAL
    case .unrepresentable: .ERANGE
    }
  }

  /// Does what is wanted from now on.
  ///
  /// - Parameter now: by the monotonic clock, in nanoseconds.
  /// - Returns: what is to be told at once: an alarm whose time has come already.
  /// - Throws: `EIO`, `EINVAL` when the time must be known and is not.
  func follow(_ wishes: ClockWishes, now: UInt64) throws(Errno) -> ClockInterrupts {
    self.wishes = wishes
    var interrupts: ClockInterrupts = []
    if wishes.wantsUpdates { interrupts.insert(.update) }
    nextPeriod = nil
    if wishes.wantsPeriods {
      if clock.setRate(hertz: wishes.frequency) { interrupts.insert(.periodic) } else { nextPeriod = now &+ period }
    }
    if wishes.wantsAlarm, let alarm = CivilTime(unixSeconds: wishes.alarm) {
      clock.setAlarm(hour: alarm.hour, minute: alarm.minute, second: alarm.second)
      interrupts.insert(.alarm)
    }
    clock.setInterrupts(interrupts)
    // Its second may have begun before the device knew about it.
    return try takeAlarm()
  }

  /// The alarm, if it is wanted and its time has come; then it is not wanted any more.
  private func takeAlarm() throws(Errno) -> ClockInterrupts {
    guard wishes.wantsAlarm, try seconds() >= wishes.alarm else { return [] }
    wishes.wantsAlarm = false
    var interrupts: ClockInterrupts = []
    if wishes.wantsUpdates { interrupts.insert(.update) }
    if wishes.wantsPeriods && nextPeriod == nil { interrupts.insert(.periodic) }
    clock.setInterrupts(interrupts)
    return .alarm
  }

  /// Takes what the device has interrupted for, as far as it is wanted.
  ///
  /// - Throws: `EIO` when nobody answers.
  func takeInterrupts() throws(Errno) -> ClockInterrupts {
    let taken: ClockInterrupts
    do throws(BatteryClockError) { taken = try clock.takeInterrupts() } catch { throw Self.error(error) }
    var told: ClockInterrupts = []
    if taken.contains(.update) && wishes.wantsUpdates { told.insert(.update) }
    if taken.contains(.periodic) && wishes.wantsPeriods && nextPeriod == nil { told.insert(.periodic) }
    if taken.contains(.alarm) { told.formUnion(try takeAlarm()) }
    return told
  }

  private var period: UInt64 { 1_000_000_000 / UInt64(max(1, wishes.frequency)) }

  /// How many periods have ended that the device does not count.
  func takePeriods(now: UInt64) -> UInt32 {
    guard let next = nextPeriod, now >= next else { return 0 }
    let count = (now - next) / period + 1
    nextPeriod = next &+ count &* period
    return UInt32(truncatingIfNeeded: min(count, 0xff_ffff))
  }
}
