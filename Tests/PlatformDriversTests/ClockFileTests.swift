import DeviceModels
import FileTestSupport
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

  @Test("A change that fails is taken back, and nothing that has changed meanwhile")
  func meanwhile() throws {
    try run { world, clock in
      var file: OpenFile? = try world.open("rtc0")
      #expect(try file?.control(0x7003, 0) == 0)
      #expect(clock.server.wishes.wantsUpdates)
      let works = clock.link.answer
      var isClosed = false
      clock.link.answer = { _ in
        // Closing it ends what repeats, and asks for that, too.
        if !isClosed {
          isClosed = true
          file = nil
        }
        return .failure(.EIO)
      }
      #expect(throws: Errno.EIO) { try clock.server.change { ($0.alarm, $0.wantsAlarm) = (noon + 60, true) } }
      #expect(file == nil && clock.server.wishes == ClockWishes())
      clock.link.answer = works
      try clock.server.change { ($0.alarm, $0.wantsAlarm) = (noon + 60, true) }
      clock.link.answer = { _ in
        // The alarm comes, and is not wanted any more.
        clock.server.note(.alarm)
        return .failure(.EIO)
      }
      #expect(throws: Errno.EIO) { try clock.server.change { $0.wantsUpdates = true } }
      #expect(!clock.server.wishes.wantsUpdates && !clock.server.wishes.wantsAlarm)
      #expect(clock.server.wishes.alarm == noon + 60)
      clock.link.answer = works
    }
  }

  @Test("A change that fails half-way is undone in the device, too")
  func halfWay() throws {
    try run { world, clock in
      let file = try world.open("rtc0")
      let works = clock.link.answer
      var isFirst = true
      clock.link.answer = { request in
        let outcome = works(request)
        defer { isFirst = false }
        return isFirst ? .failure(.EIO) : outcome
      }
      #expect(throws: Errno.EIO) { try file.control(0x7003, 0) }
      #expect(!clock.server.wishes.wantsUpdates && clock.device.enabled.isEmpty)
      clock.link.answer = works
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
