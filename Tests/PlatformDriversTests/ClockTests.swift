import DeviceModels
import Foundations
import LinuxABI
import Machine
import Security
import SyntheticFiles
import Testing
import VFS
import Waiting

@testable import DeviceFiles
@testable import DriverKit
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

private let noon = 1_700_000_000 - 1_700_000_000 % 86_400 + 43_200

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

@Suite("/dev/rtc0", .serialized)
struct ClockFileTests {
  private final class Clock {
    let device: ClockDevice
    let unit: ClockUnit<DeviceModel>
    let link: TestLink
    private(set) var server: ClockServer

    init() {
      let device = ClockDevice(seconds: noon)
      let unit = ClockUnit(device.model, centuryIndex: 0x32)
      (self.device, self.unit) = (device, unit)
      link = TestLink { _ in .failure(.EIO) }
      let server = ClockServer(link, hasSetSystemTime: true)
      self.server = server
      link.answer = { request in
        guard let request = request as? ClockRequest else { return .failure(.EINVAL) }
        do throws(Errno) {
          switch request.order {
          case .readTime: return .success(try unit.seconds())
          case .setTime(let time):
            try unit.setTime(time)
            server.note(try unit.follow(server.wishes, now: 0))
          case .follow: server.note(try unit.follow(server.wishes, now: 0))
          }
          return .success(0)
        } catch { return .failure(error) }
      }
    }

    /// What the driver does at an interrupt.
    func interrupt(_ interrupts: ClockInterrupts) throws {
      device.raise(interrupts)
      server.note(try unit.takeInterrupts())
    }
  }

  private func run(_ body: (World, Clock) throws -> Void) throws {
    try World.run { world in
      let clock = Clock()
      let publication = try world.publish(clock.server, ClockDriver.template)
      defer { publication.withdraw() }
      try body(world, clock)
    }
  }

  private func fields(_ count: Int, from start: Int = 0) throws -> [Int32] {
    try (0..<count).map { try UserPointer<Int32>(World.address).load(at: start + $0) }
  }

  private func store(_ fields: [Int32], from start: Int = 0) throws {
    for (index, field) in fields.enumerated() { try UserPointer<Int32>(World.address).store(field, at: start + index) }
  }

  @Test("The time is read and set as hwclock does")
  func time() throws {
    try run { world, clock in
      let file = try world.open("rtc0", [])
      #expect(try file.control(0x8024_7009, World.address) == 0)
      // 14 November 2023 was a Tuesday, and the 318th day.
      #expect(try fields(9) == [0, 0, 12, 14, 10, 123, 2, 317, 0])
      try store([58, 59, 23, 31, 11, 99, 0, 0, 0])
      #expect(try file.control(0x4024_700a, World.address) == 0)
      #expect(try clock.unit.seconds() == 946_684_798)
      for bad in [[60, 0, 0, 1, 0, 100], [0, 0, 0, 30, 1, 100], [0, 0, 0, 1, 12, 100], [0, 0, 0, 1, 0, 69]] {
        try store(bad.map { Int32($0) })
        #expect(throws: Errno.EINVAL) { try file.control(0x4024_700a, World.address) }
      }
      try store([.max, .min, .max, .min, .max, .max, .max, .max, .max])
      #expect(throws: Errno.EINVAL) { try file.control(0x4024_700a, World.address) }
      #expect(throws: Errno.EFAULT) { try file.control(0x8024_7009, World.nowhere) }
      #expect(throws: Errno.ENOTTY) { try file.control(0x1234, 0) }
      #expect(try file.control(0x8008_700d, World.address) == 0)
      #expect(try UserPointer<UInt64>(World.address).load() == 1_900)
      #expect(throws: Errno.EBUSY) { try world.open("rtc0") }
    }
  }

  @Test("Updates wake those who read and poll; what repeats ends with the file")
  func updates() throws {
    try run { world, clock in
      do {
        let file = try world.open("rtc0", .O_NONBLOCK)
        #expect(file.canPoll && file.poll() == [])
        #expect(throws: Errno.EAGAIN) { try file.get(4) }
        #expect(throws: Errno.EINVAL) { try file.get(3) }
        #expect(throws: Errno.EINVAL) { try file.get(7) }
        #expect(try file.control(0x7003, 0) == 0)
        #expect(clock.device.enabled == .update)
        try clock.interrupt(.update)
        try clock.interrupt([.update, .periodic])
        #expect(file.poll() == [.input, .readNormal])
        // Two interrupts, RTC_IRQF and RTC_UF.
        #expect(try file.get(4) == [0x90, 2, 0, 0])
        #expect(file.poll() == [])
        try clock.interrupt(.update)
        #expect(try file.get(8) == [0x90, 1, 0, 0, 0, 0, 0, 0])
        #expect(try file.control(0x7004, 0) == 0)
        #expect(clock.device.enabled.isEmpty)
        #expect(try file.control(0x7003, 0) == 0)
      }
      #expect(clock.device.enabled.isEmpty && clock.server.wishes == ClockWishes())
    }
  }

  @Test("Periods are as often as was asked for, and high rates need a capability")
  func periods() throws {
    try run { world, clock in
      let file = try world.open("rtc0", .O_NONBLOCK)
      #expect(try file.control(0x8008_700b, World.address) == 0)
      #expect(try UserPointer<UInt64>(World.address).load() == 1)
      #expect(try file.control(0x4008_700c, 256) == 0)
      #expect(try file.control(0x7005, 0) == 0)
      #expect(clock.device.enabled == .periodic)
      try clock.interrupt(.periodic)
      #expect(try file.get(4) == [0xc0, 1, 0, 0])
      for bad in [0, 8_193, UInt64.max] { #expect(throws: Errno.EINVAL) { try file.control(0x4008_700c, bad) } }
      #expect(try file.control(0x7006, 0) == 0)
    }
  }

  @Test("Alarms: of the day, with a date, those that have passed, and by /sys")
  func alarms() throws {
    try run { world, clock in
      let file = try world.open("rtc0", .O_NONBLOCK)
      // 11:30:15 has passed today, so tomorrow's is meant.
      try store([15, 30, 11, -1, -1, -1])
      #expect(try file.control(0x4024_7007, World.address) == 0)
      #expect(clock.server.wishes.alarm == noon + 86_400 - 1_785 && !clock.server.wishes.wantsAlarm)
      #expect(try file.control(0x8024_7008, World.address) == 0)
      #expect(try fields(6) == [15, 30, 11, 15, 10, 123])
      #expect(try file.control(0x7001, 0) == 0)
      #expect(clock.device.enabled == .alarm && clock.device.alarm == [11, 30, 15])
      #expect(try file.control(0x8028_7010, World.address) == 0)
      #expect(try fields(7) == [1, 15, 30, 11, 15, 10, 123])
      clock.device.set(noon + 86_400 - 1_785)
      try clock.interrupt(.alarm)
      #expect(try file.get(4) == [0xa0, 1, 0, 0])
      #expect(!clock.server.wishes.wantsAlarm)

      // A whole moment in the past.
      #expect(throws: Errno.ETIME) { try file.control(0x4028_700f, World.address) }
      try store([1, 0, 0, 12, 20, 10, 123])
      #expect(try file.control(0x4028_700f, World.address) == 0)
      #expect(clock.server.wishes.alarm == noon + 6 * 86_400 && clock.server.wishes.wantsAlarm)
      // Setting the time behind the alarm brings it.
      try clock.server.setTime(try #require(CivilTime(unixSeconds: noon + 7 * 86_400)))
      #expect(try file.get(4) == [0xa0, 1, 0, 0])
      #expect(try file.control(0x7002, 0) == 0)
      try store([1, 99, 0, 12, 20, 10, 123])
      #expect(throws: Errno.EINVAL) { try file.control(0x4028_700f, World.address) }
    }
  }

  @Test("Without capabilities nobody sets the time or takes a high rate")
  func capabilities() throws {
    try run { world, clock in
      let privileged = try world.open("rtc0", .O_NONBLOCK)
      // A program without capabilities that was given the file by its permissions.
      let request = OpenRequest(
        privileged.path, .O_NONBLOCK, Credentials(user: UserID(rawValue: 1_000), group: GroupID(rawValue: 1_000)))
      let file = try ClockFile(request, privileged.inode, clock: clock.server)
      try store([0, 0, 0, 1, 0, 100])
      #expect(throws: Errno.EACCES) { try file.control(0x4024_700a, World.address) }
      #expect(throws: Errno.EACCES) { try file.control(0x4008_700c, 128) }
      #expect(try file.control(0x4008_700c, 64) == 0)
      #expect(throws: Errno.EACCES) { try file.control(0x4008_700e, 1_900) }
      #expect(try privileged.control(0x4008_700c, 8_192) == 0)
      #expect(throws: Errno.EACCES) { try file.control(0x7005, 0) }
      #expect(try file.control(0x8024_7009, World.address) == 0)
    }
  }

  @Test("The texts of /sys are Linux's, and wakealarm takes moments, distances and pushes")
  func texts() throws {
    try run { world, clock in
      let fileSystem = SyntheticFileSystem(
        typeName: "sysfs", magic: 1, names: try DentryCache(bucketCount: 16), clock: FixedClock())
      let directory = SyntheticDirectory(fileSystem)
      let entry = try DeviceFileEntry(ClockDriver.template, clock.server)
      try clock.server.addAttributes(to: directory, of: entry)
      func text(_ name: String) throws -> String {
        let bytes = Array(name.utf8)
        let inode = try #require(try directory.lookUp(bytes.span))
        let file = try inode.open(OpenRequest(world.place, .O_RDWR, .root))
        return String(decoding: try file.get(100), as: UTF8.self)
      }
      func put(_ name: String, _ value: String) throws {
        let bytes = Array(name.utf8)
        let inode = try #require(try directory.lookUp(bytes.span))
        _ = try inode.open(OpenRequest(world.place, .O_RDWR, .root)).put(value)
      }
      #expect(try text("name") == "rtc_cmos device\n")
      #expect(try text("date") == "2023-11-14\n")
      #expect(try text("time") == "12:00:00\n")
      #expect(try text("since_epoch") == "\(noon)\n")
      #expect(try text("hctosys") == "1\n")
      #expect(try text("max_user_freq") == "64\n")
      try put("max_user_freq", "128\n")
      #expect(try text("max_user_freq") == "128\n")
      for bad in ["0", "4096", "x", ""] where !bad.isEmpty {
        #expect(throws: Errno.EINVAL) { try put("max_user_freq", bad) }
      }
      #expect(try text("wakealarm") == "")
      #expect(throws: Errno.EINVAL) { try put("wakealarm", "+=60") }
      try put("wakealarm", "+60\n")
      #expect(try text("wakealarm") == "\(noon + 60)\n")
      #expect(throws: Errno.EBUSY) { try put("wakealarm", "\(noon + 90)\n") }
      try put("wakealarm", "+=60")
      #expect(try text("wakealarm") == "\(noon + 120)\n")
      try put("wakealarm", "0\n")
      #expect(try text("wakealarm") == "" && clock.device.enabled.isEmpty)
      for bad in ["+", "+=", "soon", "99999999999999"] {
        #expect(throws: Errno.EINVAL) { try put("wakealarm", bad) }
      }
    }
  }

  @Test("A clock that goes wakes its reader with an error")
  func removal() throws {
    try World.run { world in
      let clock = Clock()
      let publication = try world.publish(clock.server, ClockDriver.template)
      let file = try world.open("rtc0")
      publication.withdraw()
      #expect(throws: Errno.ENODEV) { try file.get(4) }
      #expect(throws: Errno.ENODEV) { try file.control(0x8024_7009, World.address) }
      #expect(file.poll() == [.error, .hangUp])
    }
  }

  @Test("A driver's error comes out of the call, and leaves what was wanted as it was")
  func errors() throws {
    try run { world, clock in
      let file = try world.open("rtc0")
      clock.device.model[RealTimeClockModel.month] = 0
      #expect(throws: Errno.EINVAL) { try file.control(0x8024_7009, World.address) }
      let works = clock.link.answer
      clock.link.answer = { _ in .failure(.EIO) }
      #expect(throws: Errno.EIO) { try file.control(0x7003, 0) }
      #expect(clock.server.wishes == ClockWishes())
      clock.link.answer = works
    }
  }
}
