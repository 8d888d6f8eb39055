import Foundations
import Input
import LinuxABI
import Testing
import VFS
import Waiting

@testable import InputFiles
@testable import Machine

/// Remembers what it was told to do.
final class TestDriver: InputDriver {
  let orders = SpinLock(GrowableArray<InputEvent>())
  override func perform(_ event: InputEvent) {
    orders.withLock { orders in do throws(Errno) { try orders.append(event) } catch {} }
  }

  var performed: [InputEvent] { orders.withLock { orders in (0..<orders.count).map { orders[$0] } } }
}

/// A keyboard with a few keys, a wheel and a light.
func makeKeyboard(_ driver: InputDriver? = nil, _ change: (inout InputDescription) -> Void = { _ in }) throws
  -> InputDevice
{
  var description = InputDescription(
    name: "Test keyboard", physicalPath: "test/input0",
    identity: InputIdentity(bus: InputBus.BUS_I8042, vendor: 1, product: 2, version: 0xab41))
  for key in EventCode.KEY_ESC...EventCode.KEY_MUTE { description.capabilities.insert(.EV_KEY, key) }
  description.capabilities.insert(.EV_REL, EventCode.REL_WHEEL)
  description.capabilities.insert(.EV_MSC, EventCode.MSC_SCAN)
  description.capabilities.insert(.EV_LED, EventCode.LED_NUML)
  description.capabilities.insert(.EV_LED, EventCode.LED_CAPSL)
  description.capabilities.insert(.EV_REP)
  description.capabilities.insert(property: InputProperty.INPUT_PROP_POINTER)
  description.repeater = .device
  change(&description)
  let keys: [UInt16] = [0, EventCode.KEY_ESC, EventCode.KEY_A]
  return try InputDevice(description, keyCodes: keys.span, driver: driver)
}

extension InputEvent {
  static func key(_ code: UInt16, _ value: Int32) -> InputEvent { InputEvent(.EV_KEY, code, value) }
  static let turn = InputEvent(.EV_REL, EventCode.REL_WHEEL, 1)
}

/// Runs `body` with a keyboard that is registered.
func withKeyboard(_ driver: InputDriver? = nil, _ body: (borrowing World, InputDevice) throws -> Void) throws {
  try World.run { world in
    let device = try makeKeyboard(driver)
    try InputDevices.register(device)
    defer { InputDevices.unregister(device) }
    try body(world, device)
  }
}

@Suite("Event devices", .serialized)
struct EventFileTests {
  @Test("Events are read as whole packets, with their time, and poll says when")
  func reading() throws {
    try withKeyboard { world, device in
      let file = try world.open(device)
      #expect(file.poll() == [.output, .writeNormal])
      #expect(throws: Errno.EAGAIN) { try file.events() }
      let time = InputTime(realTime: 1_700_000_000_123_456_789, monotonic: 5_000_001_000, bootTime: 9_000_002_000)
      device.report(.key(EventCode.KEY_A, 1), at: time)
      #expect(!file.poll().contains(.input), "the packet is not whole")
      device.synchronize(at: time)
      #expect(file.poll() == [.input, .readNormal, .output, .writeNormal])
      let events = try file.timedEvents()
      #expect(events.map(\.event) == [.key(EventCode.KEY_A, 1), .report])
      #expect(events.allSatisfy { $0.nanoseconds == 1_700_000_000_123_456_000 })
      device.report(.turn)
      device.synchronize()
      #expect(try file.readBytes(25).count == 24, "whole events only")
      #expect(try file.events() == [.report])
      #expect(throws: Errno.EINVAL) { try file.readBytes(23) }
      #expect(file.canPoll && !file.isSeekable)
    }
  }

  @Test("The clock of times is chosen, and what was not read before is lost")
  func clocks() throws {
    try withKeyboard { world, device in
      let file = try world.open(device)
      let time = InputTime(realTime: 1_000, monotonic: 2_000, bootTime: 3_000)
      func set(_ clock: UInt32) throws -> Int {
        try Argument.set(clock.bytes)
        return try file.control(0x4004_45a0, Argument.address)
      }
      func turn() throws -> [ReadEvent] {
        device.report(.turn, at: time)
        device.synchronize(at: time)
        return try file.timedEvents()
      }
      #expect(try turn().map(\.nanoseconds) == [1_000, 1_000])
      #expect(try set(1) == 0)
      #expect(try turn().map(\.nanoseconds) == [2_000, 2_000])
      device.report(.turn, at: time)
      device.synchronize(at: time)
      #expect(try set(7) == 0)
      #expect(throws: Errno.EAGAIN) { try file.events() }
      let events = try turn()
      #expect(events.map(\.event) == [InputEvent(.EV_SYN, EventCode.SYN_DROPPED, 0), .turn, .report])
      #expect(events.last?.nanoseconds == 3_000)
      for clock: UInt32 in [2, 4, 8, 11, .max] { #expect(throws: Errno.EINVAL) { try set(clock) } }
      #expect(throws: Errno.EFAULT) { try file.control(0x4004_45a0, ProgramSpace.nowhere) }
    }
  }

  @Test("Who reads too slowly is told that events are missing, and hears the newest")
  func overflow() throws {
    try withKeyboard { world, device in
      let (slow, quick) = (try world.open(device), try world.open(device))
      var heard = 0
      for count in 0..<500 {
        device.report(InputEvent(.EV_REL, EventCode.REL_WHEEL, Int32(count + 1)))
        device.synchronize()
        heard += try quick.events().count
      }
      #expect(heard == 1_000)
      let events = try slow.events()
      #expect(events.first == InputEvent(.EV_SYN, EventCode.SYN_DROPPED, 0))
      #expect(events.count > 2 && events.count < 500)
      #expect(Array(events.suffix(2)) == [InputEvent(.EV_REL, EventCode.REL_WHEEL, 500), .report])
      #expect(throws: Errno.EAGAIN) { try slow.events() }
    }
  }

  @Test("Lights are written, and what is no whole event is not")
  func writing() throws {
    let driver = TestDriver()
    try withKeyboard(driver) { world, device in
      let file = try world.open(device)
      let light = InputEvent(.EV_LED, EventCode.LED_CAPSL, 1)
      #expect(try file.write([light, .report]) == 48)
      #expect(driver.performed == [light])
      #expect(try file.events() == [light, .report])
      #expect(
        try file.write([.key(EventCode.KEY_A, 1), InputEvent(EventType(rawValue: 77), 9999, .min), .report]) == 72)
      #expect(try file.events() == [.key(EventCode.KEY_A, 1), .report], "keys can be injected")
      #expect(throws: Errno.EINVAL) { try file.writeBytes([1, 2, 3]) }
      #expect(try file.writeBytes([UInt8](repeating: 0xff, count: 30)) == 24)
      #expect(try file.writeBytes([]) == 0)
      let reader = try world.open(device, [.O_NONBLOCK])
      #expect(throws: Errno.EBADF) { try reader.write([light]) }
    }
  }

  @Test("A grab keeps events from other files, until it ends or its file is closed")
  func grab() throws {
    try withKeyboard { world, device in
      let other = try world.open(device)
      var file: EventFile? = try world.open(device)
      func grab(_ file: EventFile?, _ isOn: UInt64) throws { _ = try file?.control(0x4004_4590, isOn) }
      try grab(file, 1)
      #expect(throws: Errno.EBUSY) { try grab(other, 1) }
      #expect(throws: Errno.EINVAL) { try grab(other, 0) }
      device.report(.turn)
      device.synchronize()
      #expect(throws: Errno.EAGAIN) { try other.events() }
      #expect(try file?.events() == [.turn, .report])
      file = nil
      device.report(.turn)
      device.synchronize()
      #expect(try other.events() == [.turn, .report])
      try grab(other, 5)
      try grab(other, 0)
      #expect(throws: Errno.EINVAL) { try grab(other, 0) }
    }
  }

  @Test("A file that is revoked does nothing more, and others go on")
  func revoke() throws {
    try withKeyboard { world, device in
      let (file, other) = (try world.open(device), try world.open(device))
      device.report(.turn)
      device.synchronize()
      #expect(throws: Errno.EINVAL) { try file.control(0x4004_4591, 1) }
      #expect(try file.control(0x4004_4591, 0) == 0)
      #expect(file.poll() == [.hangUp, .error])
      #expect(throws: Errno.ENODEV) { try file.events() }
      #expect(throws: Errno.ENODEV) { try file.write([.turn]) }
      #expect(throws: Errno.ENODEV) { try file.control(0x8004_4501, Argument.address) }
      #expect(try other.events() == [.turn, .report])
    }
  }

  @Test("A device that goes wakes who waits, is ENODEV from then on, and is kept by its files only")
  func unplugged() throws {
    try World.run { world in
      weak var device: InputDevice?
      do {
        let keyboard = try makeKeyboard()
        device = keyboard
        try InputDevices.register(keyboard)
        let name = "event0"
        #expect(World.names.contains(name))
        let file = try world.open(keyboard)
        let blocking = try world.open(keyboard, .O_RDWR)
        InputDevices.unregister(keyboard)
        #expect(!World.names.contains(name))
        #expect(file.poll() == [.hangUp, .error])
        #expect(throws: Errno.ENODEV) { try file.events() }
        #expect(throws: Errno.ENODEV) { try blocking.events() }
        #expect(throws: Errno.ENODEV) { try file.write([.turn]) }
        #expect(throws: Errno.ENODEV) { try file.control(0x8004_4501, Argument.address) }
        #expect(throws: Errno.ENXIO) { try world.open(keyboard) }
        #expect(throws: Errno.ENXIO) { try world.open(minor: 64) }
      }
      #expect(device == nil)
    }
  }

  @Test("A reader that waits is woken by an event")
  func waiting() throws {
    try withKeyboard { world, device in
      let file = try world.open(device, .O_RDWR)
      var queues = 0
      let waiter = WaitEntry(Telling(device))
      file.forEachWaitQueue { queue in
        queues += 1
        // Told whenever the queue is woken: here it is only looked at that it is.
        queue.add(waiter)
        device.report(.turn)
        device.synchronize()
        queue.remove(waiter)
      }
      #expect(queues == 1)
      #expect((waiter.waiter as? Telling)?.count == 1)
      #expect(try file.events() == [.turn, .report])
    }
  }

  @Test("Masks hide events and whole packets, and are told as they were set")
  func masks() throws {
    try withKeyboard { world, device in
      let file = try world.open(device)
      func mask(_ request: UInt32, _ type: UInt32, _ count: UInt32, _ address: UInt64) throws -> Int {
        try Argument.set(type.bytes + count.bytes + address.bytes)
        return try file.control(request, Argument.address)
      }
      let (get, set): (UInt32, UInt32) = (0x8010_4592, 0x4010_4593)
      let bits = Argument.address + 256
      // All but EV_REL.
      try Argument.set([0xfb, 0xff, 0xff, 0xff, 0, 0, 0, 0], at: 256)
      #expect(try mask(set, 0, 8, bits) == 0)
      device.report(.turn)
      device.synchronize()
      #expect(throws: Errno.EAGAIN) { try file.events() }
      device.report(.turn)
      device.report(.key(EventCode.KEY_A, 1))
      device.synchronize()
      #expect(try file.events() == [.key(EventCode.KEY_A, 1), .report])
      // Only KEY_ESC of the keys.
      try Argument.set([0x02] + [UInt8](repeating: 0, count: 95), at: 256)
      #expect(try mask(set, 1, 96, bits) == 0)
      device.report(.key(EventCode.KEY_A, 0))
      device.report(.key(EventCode.KEY_ESC, 1))
      device.synchronize()
      #expect(try file.events() == [.key(EventCode.KEY_ESC, 1), .report])
      try Argument.set([UInt8](repeating: 0xaa, count: 128), at: 256)
      #expect(try mask(get, 1, 104, bits) == 0)
      #expect(try Argument.get(105, at: 256) == [2] + [UInt8](repeating: 0, count: 103) + [0xaa])
      #expect(try mask(get, 17, 8, bits) == 0)
      #expect(try Argument.get(8, at: 256) == [UInt8](repeating: 0xff, count: 8))
      #expect(try mask(get, 99, 8, bits) == 0)
      #expect(try Argument.get(8, at: 256) == [UInt8](repeating: 0, count: 8))
      #expect(try mask(set, 99, 8, ProgramSpace.nowhere) == 0, "an unknown type is passed over")
      #expect(throws: Errno.EINVAL) { try mask(set, 1, 7, bits) }
      #expect(throws: Errno.EFAULT) { try mask(set, 1, 8, ProgramSpace.nowhere) }
      #expect(throws: Errno.EFAULT) { try mask(get, 1, 8, ProgramSpace.nowhere) }
      #expect(throws: Errno.EFAULT) { try mask(get, 1, .max, bits) }
      #expect(throws: Errno.EFAULT) { try mask(set, 1, .max & ~7, UInt64.max - 3) }
    }
  }
}

/// Counts how often it is told.
private final class Telling: Waiter {
  private let device: InputDevice
  private(set) var count = 0

  init(_ device: InputDevice) {
    self.device = device
    super.init()
  }

  override func notify(_ entry: WaitEntry, _ events: Waiting.PollEvents) -> Bool {
    count += 1
    return true
  }
}
