import DeviceModels
import Foundations
import LinuxABI
import Machine
import Testing
import VFS

@testable import DeviceFiles
@testable import DriverKit
@testable import PlatformDrivers

@Suite("The watchdog of the 6300ESB")
struct WatchdogTimerTests {
  private typealias Memory = I6300ESBModel
  private typealias Configuration = I6300ESBConfigurationModel

  @Test("Every write has its keys, each stage has half of the time, and a start is a running timer")
  func start() throws {
    let device = WatchdogDevice()
    device.configuration[Configuration.Configuration.suppressesReset] = 1
    device.configuration[Configuration.Configuration.countsMicroseconds] = 1
    let timer = device.makeTimer()
    try timer.prepare()
    #expect(device.configuration[Configuration.Configuration.suppressesReset] == 0)
    #expect(device.configuration[Configuration.Configuration.countsMicroseconds] == 0)
    #expect(device.configuration[Configuration.Configuration.interrupt] == 3)
    #expect(!timer.takeTimeout())
    try timer.setTimeout(30)
    let thirty: [UInt64] = [15_360, 15_360]
    #expect(device.timeouts == thirty)
    try timer.start()
    #expect(device.isRunning && timer.isRunning && device.reloads == 2)
    try timer.keepAlive()
    #expect(device.reloads == 3)
    try timer.stop()
    #expect(!device.isRunning && device.lockedWrites == 0 && device.violations.isEmpty)
  }

  @Test("The longest time fits into twenty bits, and times that do not exist are refused")
  func limits() throws {
    let device = WatchdogDevice()
    let timer = device.makeTimer()
    try timer.setTimeout(2_046)
    #expect(device.timeouts.allSatisfy { $0 <= 0xf_ffff })
    for seconds in [0, 2_047, UInt32.max] { #expect(throws: Errno.EINVAL) { try timer.setTimeout(seconds) } }
    #expect(device.violations.isEmpty)
  }

  @Test("That it has reset the machine is told once")
  func timeout() {
    let device = WatchdogDevice()
    device.memory[Memory.Reload.hasTimedOut] = 1
    let timer = device.makeTimer()
    #expect(timer.takeTimeout())
    #expect(!timer.takeTimeout())
    #expect(device.memory[Memory.Reload.hasTimedOut] == 0 && device.lockedWrites == 0)
  }

  @Test("A device that is gone is an error at each step, and gave no reset")
  func gone() {
    let device = WatchdogDevice()
    device.memory.isGone = true
    device.configuration.isGone = true
    let timer = device.makeTimer()
    #expect(throws: Errno.ENODEV) { try timer.prepare() }
    #expect(throws: Errno.ENODEV) { try timer.setTimeout(10) }
    #expect(throws: Errno.ENODEV) { try timer.start() }
    #expect(throws: Errno.ENODEV) { try timer.keepAlive() }
    #expect(throws: Errno.ENODEV) { try timer.stop() }
    #expect(!timer.takeTimeout())
  }

  @Test("Bits that stick are errors: a timer that does not start, does not stop, or resets nothing")
  func stuck() throws {
    let device = WatchdogDevice()
    let timer = device.makeTimer()
    try timer.prepare()
    device.configuration.stick(Configuration.Lock.isEnabled, at: 0)
    #expect(throws: Errno.EIO) { try timer.start() }
    device.configuration.heal()
    try timer.start()
    device.configuration.stick(Configuration.Lock.isEnabled, at: 1)
    #expect(throws: Errno.EIO) { try timer.stop() }
    device.configuration.heal()
    device.configuration.stick(Configuration.Configuration.suppressesReset, at: 1)
    #expect(throws: Errno.EIO) { try timer.prepare() }
    device.configuration.heal()
    device.configuration.stick(Configuration.Lock.runsFreely, at: 1)
    #expect(throws: Errno.EIO) { try timer.prepare() }
  }

  @Test("A locked timer runs on, and cannot be stopped")
  func locked() throws {
    let device = WatchdogDevice()
    device.configuration[Configuration.Lock.isEnabled] = 1
    device.lock()
    let timer = device.makeTimer()
    try timer.prepare()
    #expect(timer.isLocked && timer.isRunning)
    #expect(throws: Errno.EPERM) { try timer.stop() }
    try timer.start()
    #expect(device.isRunning)
  }
}

@Suite("/dev/watchdog", .serialized)
struct WatchdogFileTests {
  /// A watchdog with a device behind it, opened as its files are.
  private final class Dog {
    let device = WatchdogDevice()
    let timer: I6300ESBTimer<DeviceModel, DeviceModel>
    let link: TestLink
    let server: WatchdogServer

    init() throws {
      let timer = device.makeTimer()
      try timer.prepare()
      self.timer = timer
      link = TestLink { request in
        guard let request = request as? WatchdogRequest else { return .failure(.EINVAL) }
        return WatchdogService.outcome(of: request.order, timer)
      }
      server = WatchdogServer(
        link,
        WatchdogTraits(
          "i6300ESB timer", [.setTimeout, .keepAlive, .magicClose], timeouts: 1...2_046, usualTimeout: 30))
    }
  }

  private func run(_ body: (World, Dog) throws -> Void) throws {
    try World.run { world in
      let dog = try Dog()
      let publication = try world.publish(dog.server, WatchdogFiles.template, WatchdogFiles.oldTemplate)
      defer { publication.withdraw() }
      try body(world, dog)
    }
  }

  @Test("Opening starts it, one may have it open, and only a V lets it stop")
  func life() throws {
    try run { world, dog in
      do {
        let file = try world.open("watchdog0", .O_WRONLY)
        #expect(dog.device.isRunning && dog.server.isActive)
        #expect(throws: Errno.EBUSY) { try world.open("watchdog") }
        let before = dog.device.reloads
        #expect(try file.put("x") == 1)
        #expect(dog.device.reloads == before + 1)
        #expect(try file.put("") == 0)
        #expect(throws: Errno.EBADF) { try file.get(1) }
      }
      // It was closed without a V.
      #expect(dog.device.isRunning && dog.server.isActive)
      do {
        let file = try world.open("watchdog")
        #expect(try file.put("V") == 1)
        #expect(try file.put("a") == 1)
      }
      #expect(dog.device.isRunning)
      do {
        let file = try world.open("watchdog")
        #expect(try file.put(String(repeating: "-", count: 100) + "V") == 101)
      }
      #expect(!dog.device.isRunning && !dog.server.isActive)
    }
  }

  @Test("Its requests are Linux's, with Linux's numbers and errors")
  func requests() throws {
    try run { world, dog in
      dog.server.noteBoot(.cardReset)
      let file = try world.open("watchdog")
      #expect(try file.control(0x8028_5700, World.address) == 0)
      let info = try UserPointer<WatchdogInfo>(World.address).load()
      #expect(info.options == 0x8180 && info.firmwareVersion == 0)
      let name = Array("i6300ESB timer".utf8)
      for index in 0..<32 { #expect(info.identity[index] == (index < name.count ? name[index] : 0)) }

      #expect(try file.number(0x8004_5707) == 30)
      try file.set(0xc004_5706, 60)
      #expect(try UserPointer<UInt32>(World.address).load() == 60)
      let sixty: [UInt64] = [30_720, 30_720]
      #expect(Array(dog.device.timeouts.suffix(2)) == sixty)
      #expect(try file.number(0x8004_5707) == 60)
      #expect((58...60).contains(try file.number(0x8004_570a)))
      for bad in [0, 2_047, UInt32.max] { #expect(throws: Errno.EINVAL) { try file.set(0xc004_5706, bad) } }

      #expect(try file.control(0x8004_5705, 0) == 0)
      // WDIOF_CARDRESET, and WDIOF_KEEPALIVEPING once.
      #expect(try file.number(0x8004_5701) == 0x8020)
      #expect(try file.number(0x8004_5701) == 0x20)
      #expect(try file.number(0x8004_5702) == 0x20)

      try file.set(0x8004_5704, 1)
      #expect(!dog.device.isRunning && !dog.server.isActive)
      let before = dog.device.reloads
      #expect(try file.control(0x8004_5705, 0) == 0)
      #expect(dog.device.reloads == before)
      try file.set(0x8004_5704, 2)
      #expect(dog.device.isRunning)

      #expect(throws: Errno.EOPNOTSUPP) { try file.set(0xc004_5708, 5) }
      #expect(try file.number(0x8004_5709) == 0)
      #expect(throws: Errno.ENOTTY) { try file.number(0x8004_5703) }
      #expect(throws: Errno.ENOTTY) { try file.control(.max, .max) }
      #expect(throws: Errno.EFAULT) { try file.control(0x8004_5707, World.nowhere) }
      #expect(throws: Errno.EFAULT) { try file.control(0xc004_5706, .max) }
    }
  }

  @Test("A driver that cannot start it fails the opening, which leaves it free")
  func failure() throws {
    try run { world, dog in
      let works = dog.link.answer
      dog.link.answer = { _ in .failure(.EIO) }
      #expect(throws: Errno.EIO) { try world.open("watchdog") }
      #expect(!dog.server.isActive)
      dog.link.answer = works
      let file = try world.open("watchdog")
      dog.link.answer = { _ in .failure(.EIO) }
      #expect(throws: Errno.EIO) { try file.put("x") }
      #expect(throws: Errno.EIO) { try file.set(0x8004_5704, 1) }
      #expect(dog.server.isActive)
      dog.link.answer = works
    }
  }

  @Test("Who waits no longer for its start leaves none that counts with nobody to keep it alive")
  func interrupted() throws {
    try run { world, dog in
      let works = dog.link.answer
      // It is started all the same.
      let interrupts: (DriverRequest) -> DriverRequest.Outcome = { request in
        let outcome = works(request)
        return (request as? WatchdogRequest)?.order == .start ? .failure(.EINTR) : outcome
      }
      dog.link.answer = interrupts
      #expect(throws: Errno.EINTR) { try world.open("watchdog") }
      #expect(!dog.device.isRunning && !dog.server.isActive)
      dog.link.answer = works
      let file = try world.open("watchdog")
      try file.set(0x8004_5704, 1)
      #expect(!dog.device.isRunning)
      dog.link.answer = interrupts
      #expect(throws: Errno.EINTR) { try file.set(0x8004_5704, 2) }
      let before = dog.device.reloads
      #expect(try file.control(0x8004_5705, 0) == 0)
      #expect(dog.device.isRunning && dog.device.reloads == before + 1)
      dog.link.answer = works
    }
  }

  @Test("When the device goes, the file that is open fails, and closing it asks nobody")
  func removal() throws {
    try World.run { world in
      let dog = try Dog()
      let publication = try world.publish(dog.server, WatchdogFiles.template)
      var file: OpenFile? = try world.open("watchdog0")
      publication.withdraw()
      #expect(throws: Errno.ENODEV) { try file?.put("x") }
      #expect(throws: Errno.ENODEV) { try file?.number(0x8004_5707) }
      #expect(file?.poll() == [.error, .hangUp])
      let count = dog.link.requests.count
      file = nil
      #expect(dog.link.requests.count == count)
    }
  }

  @Test("What the next driver must know stays: that it counts, and for how long")
  func restart() throws {
    try run { world, dog in
      let file = try world.open("watchdog")
      try file.set(0xc004_5706, 100)
      #expect(dog.server.isActive && dog.server.timeout == 100)
    }
  }
}
