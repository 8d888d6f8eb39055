import Foundations
import Machine
import Synchronization
import Testing

@testable import Input
@testable import Time

/// Remembers what it hears.
final class TestHandle: InputHandle {
  let packets = SpinLock(GrowableArray<InputEvent>())
  let times = SpinLock(GrowableArray<UInt64>())
  let deliveries = Atomic<Int>(0)
  let isGone = Atomic<Bool>(false)

  override func take(_ packet: Span<InputEvent>, at time: InputTime) {
    for index in packet.indices { add(packet[index]) }
    times.withLock { times in do throws(Errno) { try times.append(time.monotonic) } catch {} }
  }

  private func add(_ event: InputEvent) {
    packets.withLock { packets in do throws(Errno) { try packets.append(event) } catch {} }
  }

  override func deliver() { deliveries.wrappingAdd(1, ordering: .relaxed) }
  override func disconnect() { isGone.store(true, ordering: .relaxed) }

  /// What was heard since this was asked last.
  func heard() -> [InputEvent] {
    packets.withLock { packets in
      let events = (0..<packets.count).map { packets[$0] }
      packets.removeAll()
      return events
    }
  }
}

/// Hears of devices whose name is its own.
final class TestHandler: InputHandler {
  let deviceName: String
  let handles = SpinLock(GrowableArray<TestHandle>())

  init(_ deviceName: String) {
    self.deviceName = deviceName
    super.init()
  }

  override func connect(_ device: InputDevice) throws(Errno) -> InputHandle? {
    let bytes = device.name.bytes
    guard String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self) == deviceName else { return nil }
    let handle = TestHandle(device)
    try handles.withLock { handles throws(Errno) in try handles.append(handle) }
    return handle
  }
}

/// Remembers what it was told to do.
final class TestDriver: InputDriver {
  let orders = SpinLock(GrowableArray<InputEvent>())
  override func perform(_ event: InputEvent) {
    orders.withLock { orders in do throws(Errno) { try orders.append(event) } catch {} }
  }

  var performed: [InputEvent] { orders.withLock { orders in (0..<orders.count).map { orders[$0] } } }
}

/// A keyboard with a knob and a stick, and who hears it.
struct Setup {
  static let names = Atomic<Int>(0)
  let device: InputDevice
  let driver = TestDriver()
  let handler: TestHandler
  let handle: TestHandle

  init(
    scanCodes: [UInt16] = [], repeater: InputDescription.Repeater = .kernel,
    _ change: (inout InputDescription) -> Void = { _ in }
  ) throws {
    let number = Self.names.wrappingAdd(1, ordering: .relaxed).newValue
    handler = TestHandler("device \(number)")
    var name = Message()
    name.write(handler.deviceName)
    var description = InputDescription(name: name, identity: InputIdentity(bus: InputBus.BUS_VIRTUAL))
    description.repeater = repeater
    for key in [EventCode.KEY_A, EventCode.KEY_B, EventCode.KEY_LEFTSHIFT] {
      description.capabilities.insert(.EV_KEY, key)
    }
    description.capabilities.insert(.EV_REL, EventCode.REL_WHEEL)
    description.capabilities.insert(.EV_ABS, EventCode.ABS_X)
    description.capabilities.insert(.EV_MSC, EventCode.MSC_SCAN)
    description.capabilities.insert(.EV_LED, EventCode.LED_CAPSL)
    description.capabilities.insert(.EV_SND, EventCode.SND_TONE)
    description.capabilities.insert(.EV_SW, EventCode.SW_LID)
    description.capabilities.insert(.EV_REP)
    change(&description)
    device = try InputDevice(description, keyCodes: scanCodes.span, driver: driver)
    try InputDevices.add(handler)
    try InputDevices.register(device)
    guard let handle = handler.handles.withLock({ $0.count > 0 ? $0[0] : nil }) else { throw Errno.ENODEV }
    self.handle = handle
  }

  func end() {
    InputDevices.unregister(device)
    InputDevices.remove(handler)
  }

  /// Reports events and the end of the packet; what was heard.
  func report(_ events: InputEvent...) -> [InputEvent] {
    for event in events { device.report(event) }
    device.synchronize()
    return handle.heard()
  }
}

extension InputEvent {
  static func key(_ code: UInt16, _ value: Int32) -> InputEvent { InputEvent(.EV_KEY, code, value) }
  static let softReport = InputEvent(.EV_SYN, EventCode.SYN_REPORT, 1)
}

/// The tests share one list of devices.
@Suite("Input devices", .serialized)
struct InputDeviceTests {
  @Test("What is news comes as a packet, and what is none does not")
  func packets() throws {
    let setup = try Setup()
    defer { setup.end() }
    let down = InputEvent.key(EventCode.KEY_A, 1)
    #expect(setup.report(down) == [down, .report])
    #expect(setup.report(down) == [], "it is down")
    #expect(setup.report() == [], "nothing happened")
    #expect(setup.device.isDown(EventCode.KEY_A) && setup.device.active(.EV_KEY).count == 1)
    #expect(setup.report(.key(EventCode.KEY_A, 0), .key(EventCode.KEY_B, 0)) == [.key(EventCode.KEY_A, 0), .report])
    #expect(setup.report(InputEvent(.EV_REL, EventCode.REL_WHEEL, 0)) == [])
    let turn = InputEvent(.EV_REL, EventCode.REL_WHEEL, -1)
    #expect(setup.report(turn) == [turn, .report] && setup.report(turn) == [turn, .report])
    let lid = InputEvent(.EV_SW, EventCode.SW_LID, 1)
    #expect(setup.report(lid) == [lid, .report] && setup.report(lid) == [])
    let scan = InputEvent(.EV_MSC, EventCode.MSC_SCAN, 30)
    #expect(setup.report(scan) == [scan, .report])
    let deliveries = setup.handle.deliveries.load(ordering: .relaxed)
    #expect(deliveries == 6)
  }

  @Test("What the device does not have is nothing, whatever numbers it has")
  func unknown() throws {
    let setup = try Setup()
    defer { setup.end() }
    #expect(setup.report(.key(EventCode.KEY_C, 1), InputEvent(.EV_REL, EventCode.REL_X, 1)) == [])
    for type: UInt16 in [0, 1, 2, 3, 4, 5, 17, 18, 20, 21, 22, 23, 31, 32, 63, 64, 1000, 65535] {
      for code: UInt16 in [15, 63, 64, 255, 767, 768, 65535] {
        setup.device.report(EventType(rawValue: type), code, .min)
        setup.device.report(EventType(rawValue: type), code, .max)
      }
    }
    setup.device.synchronize()
    #expect(setup.handle.heard() == [])
    #expect(setup.device.capabilities.keys.count == 3)
  }

  @Test("Axes keep their value, and noise moves them little or not")
  func axes() throws {
    let setup = try Setup()
    defer { setup.end() }
    #expect(setup.device.setAxis(EventCode.ABS_X, AbsoluteAxis(minimum: -100, maximum: 100, fuzz: 8)))
    func move(_ value: Int32) -> [InputEvent] { setup.report(InputEvent(.EV_ABS, EventCode.ABS_X, value)) }
    #expect(move(100) == [InputEvent(.EV_ABS, EventCode.ABS_X, 100), .report])
    #expect(move(103) == [], "within half the fuzz")
    #expect(move(104) == [InputEvent(.EV_ABS, EventCode.ABS_X, 101), .report])
    #expect(move(111) == [InputEvent(.EV_ABS, EventCode.ABS_X, 106), .report])
    #expect(move(.max).count == 2 && move(.min).count == 2)
    #expect(setup.device.axis(EventCode.ABS_X)?.value == .min)
    #expect(setup.device.axis(EventCode.ABS_Y)?.maximum == 0 && setup.device.axis(64) == nil)
    #expect(!setup.device.setAxis(64, AbsoluteAxis()))
    setup.device.setAxis(EventCode.ABS_X, AbsoluteAxis(fuzz: .max))
    #expect(move(.min).count == 2)
  }

  @Test("Lights, sounds and repetition go to the driver, and to those who listen")
  func orders() throws {
    let setup = try Setup(repeater: .device)
    defer { setup.end() }
    let light = InputEvent(.EV_LED, EventCode.LED_CAPSL, 1)
    let tone = InputEvent(.EV_SND, EventCode.SND_TONE, 440)
    let delay = InputEvent(.EV_REP, EventCode.REP_DELAY, 500)
    #expect(setup.report(light, light) == [light, .report])
    #expect(setup.report(tone, tone) == [tone, tone, .report])
    #expect(setup.report(delay, delay, InputEvent(.EV_REP, EventCode.REP_PERIOD, -1)) == [delay, .report])
    #expect(setup.driver.performed == [light, tone, tone, delay])
    #expect(setup.device.repetition?.delay == 500 && setup.device.repetition?.period == 33)
    #expect(setup.device.active(.EV_LED)[EventCode.LED_CAPSL] && setup.device.active(.EV_SND)[EventCode.SND_TONE])
  }

  @Test("A packet without an end is ended when it is full")
  func endless() throws {
    let setup = try Setup()
    defer { setup.end() }
    for _ in 0..<1_000 { setup.device.report(.EV_REL, EventCode.REL_WHEEL, 1) }
    let heard = setup.handle.heard()
    #expect(heard.contains(.softReport))
    #expect(heard.count > 1_000 && heard.filter { !$0.isReport }.count > 980)
  }

  @Test("One that grabs a device hears it alone, and others cannot inject")
  func grab() throws {
    let setup = try Setup()
    defer { setup.end() }
    let other = TestHandle(setup.device)
    try setup.device.grab(other)
    #expect(throws: Errno.EBUSY) { try setup.device.grab(setup.handle) }
    #expect(setup.report(.key(EventCode.KEY_A, 1)) == [])
    #expect(other.heard() == [.key(EventCode.KEY_A, 1), .report])
    setup.device.inject(InputEvent(.EV_LED, EventCode.LED_CAPSL, 1), by: setup.handle)
    #expect(setup.driver.performed == [])
    setup.device.inject(InputEvent(.EV_LED, EventCode.LED_CAPSL, 1), by: other)
    #expect(setup.driver.performed.count == 1)
    setup.device.release(setup.handle)
    #expect(setup.report(.key(EventCode.KEY_B, 1)) == [], "it was not its own to release")
    setup.device.release(other)
    #expect(setup.report(.key(EventCode.KEY_B, 0)) == [.key(EventCode.KEY_B, 0), .report])
  }

  @Test("A device that goes lets its keys go, tells its handles, and is forgotten")
  func unregister() throws {
    let setup = try Setup()
    _ = setup.report(.key(EventCode.KEY_A, 1))
    let number = setup.device.number
    #expect(throws: Errno.EBUSY) { try InputDevices.register(setup.device) }
    setup.end()
    #expect(setup.handle.heard() == [.key(EventCode.KEY_A, 0), .softReport])
    let isGone = setup.handle.isGone.load(ordering: .relaxed)
    #expect(isGone)
    #expect(setup.report(.key(EventCode.KEY_A, 1)) == [])
    #expect(throws: Errno.ENODEV) { try setup.device.grab(setup.handle) }
    #expect(InputDevices.device(at: 0) == nil || InputDevices.device(at: 0) !== setup.device)
    let next = try Setup()
    defer { next.end() }
    #expect(next.device.number != number, "a number is never another's")
  }

  @Test("Nothing keeps a device that has gone")
  func nothingLeaks() throws {
    weak var device: InputDevice?
    weak var driver: TestDriver?
    do {
      let setup = try Setup()
      (device, driver) = (setup.device, setup.driver)
      setup.end()
    }
    #expect(device == nil && driver == nil)
  }

  @Test("Scan codes are given other keys, and a key that none has is none of the device's")
  func scanCodes() throws {
    let setup = try Setup(scanCodes: [EventCode.KEY_RESERVED, EventCode.KEY_A, EventCode.KEY_B])
    defer { setup.end() }
    #expect(setup.device.key(ofScanCode: 1) == EventCode.KEY_A && setup.device.key(ofScanCode: 3) == nil)
    #expect(setup.device.key(ofScanCode: .max) == nil)
    _ = setup.report(.key(EventCode.KEY_A, 1))
    try setup.device.setKey(UInt32(EventCode.KEY_C), ofScanCode: 1)
    #expect(setup.handle.heard() == [.key(EventCode.KEY_A, 0), .softReport])
    #expect(setup.device.capabilities.contains(.EV_KEY, EventCode.KEY_C))
    #expect(!setup.device.capabilities.contains(.EV_KEY, EventCode.KEY_A))
    #expect(throws: Errno.EINVAL) { try setup.device.setKey(768, ofScanCode: 1) }
    #expect(throws: Errno.EINVAL) { try setup.device.setKey(1, ofScanCode: 3) }
    #expect(throws: Errno.EINVAL) { try setup.device.setKey(.max, ofScanCode: .max) }
  }

  @Test("All keys are let go in one packet")
  func releaseAll() throws {
    let setup = try Setup()
    defer { setup.end() }
    _ = setup.report(.key(EventCode.KEY_A, 1), .key(EventCode.KEY_LEFTSHIFT, 1))
    setup.device.releaseAllKeys()
    #expect(setup.handle.heard() == [.key(EventCode.KEY_A, 0), .key(EventCode.KEY_LEFTSHIFT, 0), .softReport])
    setup.device.releaseAllKeys()
    #expect(setup.handle.heard() == [])
  }
}

@Suite("Keys that repeat", .serialized)
struct RepetitionTests {
  /// Lets timers expire for so long.
  private func run(milliseconds: UInt64) throws {
    let end = Clock.nanoseconds + milliseconds * 1_000_000
    while Clock.nanoseconds < end {
      try Timers.queue(of: Processor.current).interrupt(now: Clock.nanoseconds)
      HostThread.yield()
    }
  }

  @Test("A key that is held repeats after the delay, until it or another is let go")
  func repeats() throws {
    Timers.startOnHost()
    let setup = try Setup {
      $0.repeatDelay = 60
      $0.repeatPeriod = 10
    }
    defer { setup.end() }
    _ = setup.report(.key(EventCode.KEY_A, 1))
    try run(milliseconds: 20)
    #expect(setup.handle.heard() == [], "the delay has not passed")
    try run(milliseconds: 100)
    let heard = setup.handle.heard()
    #expect(heard.count >= 4 && heard.count <= 24 && Array(heard.prefix(2)) == [.key(EventCode.KEY_A, 2), .softReport])
    _ = setup.report(.key(EventCode.KEY_B, 1))
    try run(milliseconds: 100)
    #expect(setup.handle.heard().first == .key(EventCode.KEY_B, 2), "the last key repeats")
    _ = setup.report(.key(EventCode.KEY_A, 0))
    try run(milliseconds: 100)
    #expect(setup.handle.heard() == [])
  }

  @Test("A device that repeats for itself is not helped, and no period is no repetition")
  func others() throws {
    Timers.startOnHost()
    let device = try Setup(repeater: .device) { ($0.repeatDelay, $0.repeatPeriod) = (1, 1) }
    let none = try Setup { ($0.repeatDelay, $0.repeatPeriod) = (1, 0) }
    defer {
      device.end()
      none.end()
    }
    _ = device.report(.key(EventCode.KEY_A, 1))
    _ = none.report(.key(EventCode.KEY_A, 1))
    try run(milliseconds: 30)
    #expect(device.handle.heard() == [] && none.handle.heard() == [])
    let again = InputEvent.key(EventCode.KEY_A, 2)
    #expect(device.report(again) == [again, .report])
  }

  @Test("A device that goes while a key repeats is kept by nothing")
  func goes() throws {
    Timers.startOnHost()
    weak var device: InputDevice?
    do {
      let setup = try Setup { ($0.repeatDelay, $0.repeatPeriod) = (1, 1) }
      device = setup.device
      _ = setup.report(.key(EventCode.KEY_A, 1))
      try run(milliseconds: 20)
      setup.end()
    }
    try run(milliseconds: 20)
    #expect(device == nil)
  }
}
