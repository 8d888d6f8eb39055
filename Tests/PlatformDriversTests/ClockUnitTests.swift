import DeviceModels
import Foundations
import Testing

@testable import PlatformDrivers
@testable import Time

/// A clock whose time a test sets, in binary and 24 hours.
final class ClockDevice {
  typealias Model = RealTimeClockModel

  let model = DeviceModel(Model.layout)

  init(seconds: Int) {
    model[Model.StatusB.isBinary] = 1
    model[Model.StatusB.is24Hour] = 1
    model[Model.StatusD.isValid] = 1
    model[Model.StatusA.divider] = 2
    set(seconds)
  }

  func set(_ seconds: Int) {
    guard let time = CivilTime(unixSeconds: seconds) else { return }
    model[Model.seconds] = UInt64(time.second)
    model[Model.minutes] = UInt64(time.minute)
    model[Model.hours] = UInt64(time.hour)
    model[Model.dayOfMonth] = UInt64(time.day)
    model[Model.month] = UInt64(time.month)
    model[Model.year] = UInt64(time.year % 100)
    model[Model.century] = UInt64(time.year / 100)
  }

  /// An event comes; the flag is set whether it may interrupt or not.
  func raise(_ interrupts: ClockInterrupts) {
    model[Model.statusC] |= UInt64(interrupts.rawValue)
  }

  var enabled: ClockInterrupts { ClockInterrupts(rawValue: UInt8(model[Model.statusB]) & 0x70) }
  var alarm: [UInt64] { [model[Model.hoursAlarm], model[Model.minutesAlarm], model[Model.secondsAlarm]] }
}

/// A day in November 2023, at noon.
let noon = 1_700_000_000 - 1_700_000_000 % 86_400 + 43_200

@Suite("The clock's driver")
struct ClockUnitTests {
  private func make(_ device: ClockDevice) -> ClockUnit<DeviceModel> {
    ClockUnit(device.model, centuryIndex: 0x32)
  }

  @Test("What is wanted is enabled, and what comes is told only if it is wanted")
  func wishes() throws {
    let device = ClockDevice(seconds: noon)
    device.raise([.update, .alarm, .periodic])
    let unit = make(device)
    try unit.prepare()
    #expect(device.enabled.isEmpty && device.model[RealTimeClockModel.statusC] == 0)
    #expect(try unit.takeInterrupts() == [])

    var wishes = ClockWishes()
    wishes.wantsUpdates = true
    #expect(try unit.follow(wishes, now: 0) == [])
    #expect(device.enabled == .update)
    device.raise([.update, .periodic])
    #expect(try unit.takeInterrupts() == .update)
    #expect(try unit.takeInterrupts() == [])
    wishes.wantsUpdates = false
    #expect(try unit.follow(wishes, now: 0) == [])
    #expect(device.enabled.isEmpty && device.model.violations.isEmpty)
  }

  @Test("Powers of two are the device's, other frequencies a timer's")
  func frequencies() throws {
    let device = ClockDevice(seconds: noon)
    let unit = make(device)
    var wishes = ClockWishes()
    wishes.wantsPeriods = true
    for (hertz, rate) in [(2, 15), (64, 10), (1_024, 6), (8_192, 3)] {
      wishes.frequency = hertz
      _ = try unit.follow(wishes, now: 0)
      #expect(device.model[RealTimeClockModel.StatusA.rate] == UInt64(rate))
      #expect(device.model[RealTimeClockModel.StatusA.divider] == 2)
      #expect(device.enabled == .periodic && unit.nextPeriod == nil)
    }
    device.raise(.periodic)
    #expect(try unit.takeInterrupts() == .periodic)
    wishes.frequency = 100
    _ = try unit.follow(wishes, now: 1_000)
    #expect(device.enabled.isEmpty && unit.nextPeriod == 10_001_000)
    #expect(unit.takePeriods(now: 10_000_000) == 0)
    #expect(unit.takePeriods(now: 10_001_000) == 1)
    #expect(unit.takePeriods(now: 45_000_000) == 3)
    #expect(unit.nextPeriod == 50_001_000)
    wishes.wantsPeriods = false
    _ = try unit.follow(wishes, now: 0)
    #expect(unit.nextPeriod == nil && unit.takePeriods(now: .max) == 0)
    #expect(device.model.violations.isEmpty)
  }

  @Test("An alarm comes on its day and not on those before, and once")
  func alarm() throws {
    let device = ClockDevice(seconds: noon)
    let unit = make(device)
    var wishes = ClockWishes()
    (wishes.alarm, wishes.wantsAlarm, wishes.wantsUpdates) = (noon + 2 * 86_400 + 3_723, true, true)
    #expect(try unit.follow(wishes, now: 0) == [])
    #expect(device.alarm == [13, 2, 3] && device.enabled == [.alarm, .update])
    for day in 0..<2 {
      device.set(noon + day * 86_400 + 3_723)
      device.raise(.alarm)
      #expect(try unit.takeInterrupts() == [])
      #expect(device.enabled.contains(.alarm))
    }
    device.set(noon + 2 * 86_400 + 3_723)
    device.raise(.alarm)
    #expect(try unit.takeInterrupts() == .alarm)
    #expect(device.enabled == .update)
    device.raise(.alarm)
    #expect(try unit.takeInterrupts() == [])
  }

  @Test("A clock that rests keeps its alarm, if there is one, and goes on with the rest afterwards")
  func rest() throws {
    let device = ClockDevice(seconds: noon)
    let unit = make(device)
    var wishes = ClockWishes()
    (wishes.wantsUpdates, wishes.wantsPeriods, wishes.frequency) = (true, true, 64)
    #expect(try unit.follow(wishes, now: 0) == [])
    unit.rest()
    #expect(device.enabled.isEmpty && unit.nextPeriod == nil)
    (wishes.alarm, wishes.wantsAlarm) = (noon + 60, true)
    #expect(try unit.follow(wishes, now: 0) == [])
    unit.rest()
    #expect(device.enabled == .alarm)
    device.set(noon + 60)
    device.raise(.alarm)
    // What has woken the machine is told before anything else is wanted.
    #expect(try unit.takeInterrupts() == .alarm)
    wishes.wantsAlarm = false
    #expect(try unit.follow(wishes, now: 0) == [])
    #expect(device.enabled == [.update, .periodic])
    #expect(device.model.violations.isEmpty)
  }

  @Test("An alarm whose time has come when it is set is told at once")
  func lateAlarm() throws {
    let device = ClockDevice(seconds: noon)
    let unit = make(device)
    var wishes = ClockWishes()
    (wishes.alarm, wishes.wantsAlarm) = (noon, true)
    #expect(try unit.follow(wishes, now: 0) == .alarm)
    #expect(device.enabled.isEmpty)
  }

  @Test("The alarm is in the format of the clock")
  func formats() {
    for (isBinary, is24Hour, expected) in [
      (false, true, [0x15, 0x42, 0x09]), (true, false, [0x83, 42, 9]), (false, false, [0x83, 0x42, 0x09]),
    ] as [(Bool, Bool, [UInt64])] {
      let device = ClockDevice(seconds: noon)
      device.model[RealTimeClockModel.StatusB.isBinary] = isBinary ? 1 : 0
      device.model[RealTimeClockModel.StatusB.is24Hour] = is24Hour ? 1 : 0
      let clock = BatteryClock(device.model, centuryIndex: 0)
      clock.setAlarm(hour: 15, minute: 42, second: 9)
      #expect(device.alarm == expected)
      clock.setAlarm(hour: 24, minute: 0, second: 0)
      #expect(device.alarm == expected)
    }
  }

  @Test("A clock that is gone, never stands still or shows nonsense is an error, and can be set")
  func faults() throws {
    let gone = ClockDevice(seconds: noon)
    gone.model.isGone = true
    #expect(throws: Errno.ENODEV) { try make(gone).prepare() }
    #expect(throws: Errno.EIO) { try make(gone).seconds() }
    #expect(throws: Errno.EIO) { try make(gone).takeInterrupts() }

    let restless = ClockDevice(seconds: noon)
    restless.model.onRead[RealTimeClockModel.seconds] = { model, _ in
      model[RealTimeClockModel.seconds] = (model[RealTimeClockModel.seconds] + 1) % 60
    }
    #expect(throws: Errno.EIO) { try make(restless).seconds() }
    let stuck = ClockDevice(seconds: noon)
    // Every flag at once, for ever, tells nothing that nobody wanted.
    stuck.model.stick(RealTimeClockModel.statusC, at: 0xf0)
    #expect(try make(stuck).takeInterrupts() == [])

    let flat = ClockDevice(seconds: noon)
    flat.model[RealTimeClockModel.month] = 0
    let unit = make(flat)
    #expect(throws: Errno.EINVAL) { try unit.seconds() }
    var wishes = ClockWishes()
    wishes.wantsAlarm = true
    #expect(throws: Errno.EINVAL) { try unit.follow(wishes, now: 0) }
    try unit.setTime(try #require(CivilTime(unixSeconds: noon)))
    #expect(try unit.seconds() == noon)
    #expect(throws: Errno.ERANGE) { try unit.setTime(try #require(CivilTime(year: 3_000, month: 1, day: 1))) }
  }
}
