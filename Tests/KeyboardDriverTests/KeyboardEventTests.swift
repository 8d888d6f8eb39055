import DeviceModels
import Foundations
import Input
import Machine
import Testing

@testable import KeyboardDriver

extension InputEvent {
  static func scan(_ code: Int32) -> InputEvent { InputEvent(.EV_MSC, EventCode.MSC_SCAN, code) }
  static func key(_ code: UInt16, _ value: Int32) -> InputEvent { InputEvent(.EV_KEY, code, value) }
  static func light(_ code: UInt16, _ value: Int32) -> InputEvent { InputEvent(.EV_LED, code, value) }
}

@Suite("Events of the keyboard", .serialized)
struct KeyboardEventTests {
  @Test("It is what Linux says that it is")
  func description() throws {
    let device = try KeyboardSetup().devices.keyboard
    let name: Message = "AT Translated Set 2 keyboard"
    #expect(text(device.name) == text(name))
    #expect(device.identity == InputIdentity(bus: 0x11, vendor: 1, product: 1, version: 0xab41))
    #expect(device.capabilities.types == 0x120013)
    #expect(device.capabilities.contains(.EV_KEY, EventCode.KEY_PAUSE))
    #expect(!device.capabilities.contains(.EV_KEY, EventCode.BTN_LEFT))
    #expect(device.key(ofScanCode: 0xc8) == EventCode.KEY_UP && device.key(ofScanCode: 0x1e) == EventCode.KEY_A)
    let raw = try KeyboardSetup { ($0.cannotTranslate, $0.identity) = (true, [0xab, 0x83]) }.devices.keyboard
    #expect(raw.identity == InputIdentity(bus: 0x11, vendor: 1, product: 2, version: 0xab83))
  }

  private func text(_ message: Message) -> String {
    let bytes = message.bytes
    return String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
  }

  @Test("Keys go down, repeat and up, with their scan codes")
  func keys() throws {
    let setup = try KeyboardSetup()
    #expect(
      setup.events([0x1e, 0x1e, 0x9e]) == [
        .scan(0x1e), .key(EventCode.KEY_A, 1), .report, .scan(0x1e), .key(EventCode.KEY_A, 2), .report,
        .scan(0x1e), .key(EventCode.KEY_A, 0), .report,
      ])
    #expect(setup.events([0xe0, 0x48]) == [.scan(0xc8), .key(EventCode.KEY_UP, 1), .report])
    #expect(setup.events([0xe0, 0xc8]) == [.scan(0xc8), .key(EventCode.KEY_UP, 0), .report])
    #expect(
      setup.events([0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5]) == [
        .scan(0xc5), .key(EventCode.KEY_PAUSE, 1), .report, .scan(0xc5), .key(EventCode.KEY_PAUSE, 0), .report,
      ])
    #expect(setup.events([0xe0, 0x2a, 0xe0, 0xaa]) == [], "shifts that nobody pressed")
    #expect(setup.events([0x7a, 0xfa]) == [.scan(0x7a), .report], "no key has that code")
  }

  @Test("Keys that are lost are let go")
  func lostKeys() throws {
    let setup = try KeyboardSetup()
    _ = setup.events([0x1d, 0x1e])
    // By the numbers of the keys.
    #expect(
      setup.events([0xff]) == [
        .key(EventCode.KEY_LEFTCTRL, 0), .key(EventCode.KEY_A, 0), InputEvent(.EV_SYN, EventCode.SYN_REPORT, 1),
      ])
  }

  @Test("Locks show on the lights, and programs set lights, too")
  func lights() throws {
    let setup = try KeyboardSetup()
    #expect(
      setup.events([0x3a]) == [
        .scan(0x3a), .key(EventCode.KEY_CAPSLOCK, 1), .report, .light(EventCode.LED_CAPSL, 1), .report,
      ])
    #expect(setup.device.lights == 4)
    setup.devices.keyboard.report(.EV_LED, EventCode.LED_NUML, 1)
    setup.devices.keyboard.report(.EV_LED, EventCode.LED_SCROLLL, 1)
    setup.settle()
    #expect(setup.device.lights == 7)
    setup.devices.keyboard.report(.EV_LED, EventCode.LED_CAPSL, 0)
    setup.settle()
    #expect(setup.device.lights == 3)
  }

  @Test("A light shows the lock that it follows, and one that follows nothing is left alone")
  func followedLocks() throws {
    let setup = try KeyboardSetup()
    let keyboard = setup.devices.keyboard
    keyboard.setLightTrigger(.capsLock, of: EventCode.LED_NUML)
    keyboard.setLightTrigger(.none, of: EventCode.LED_CAPSL)
    #expect(
      setup.events([0x3a]) == [
        .scan(0x3a), .key(EventCode.KEY_CAPSLOCK, 1), .report, .light(EventCode.LED_NUML, 1), .report,
      ])
    #expect(setup.device.lights == 2)
    keyboard.report(.EV_LED, EventCode.LED_CAPSL, 1)
    _ = setup.events([0xba, 0x3a, 0xba])
    #expect(setup.device.lights == 4, "a program's own")
  }

  @Test("How keys repeat is set at the keyboard")
  func repetition() throws {
    let setup = try KeyboardSetup()
    #expect(setup.device.rate == 0)
    setup.devices.keyboard.report(.EV_REP, EventCode.REP_DELAY, 500)
    setup.devices.keyboard.report(.EV_REP, EventCode.REP_PERIOD, 100)
    setup.settle()
    #expect(setup.device.rate == 0x2c)
    setup.devices.keyboard.report(.EV_REP, EventCode.REP_PERIOD, .max)
    setup.settle()
    #expect(setup.device.rate == 0x3f)
    #expect(KeyRate.period(0) == 33 && KeyRate.period(31) == 500 && KeyRate.delay(atLeast: .max) == 3)
  }

  @Test("A grab keeps keys from the terminal")
  func grab() throws {
    let setup = try KeyboardSetup()
    let device = setup.devices.keyboard
    let handle = InputHandle(device)
    try device.grab(handle)
    #expect(setup.send([0x1e, 0x9e, 0x3a, 0xba]) == "")
    #expect(setup.device.lights == 0)
    device.release(handle)
    #expect(setup.send([0x1e, 0x9e]) == "a")
  }

  @Test("A scan code with another key types that")
  func otherKey() throws {
    let setup = try KeyboardSetup()
    try setup.devices.keyboard.setKey(UInt32(EventCode.KEY_B), ofScanCode: 0x1e)
    #expect(setup.send([0x1e, 0x9e]) == "b")
  }

  @Test("Nothing keeps a keyboard whose devices have gone")
  func nothingLeaks() throws {
    weak var unit: KeyboardUnit<DeviceModel>?
    weak var devices: KeyboardDevices?
    do {
      let setup = try KeyboardSetup { $0.mouse = MouseModel(kind: 4) }
      (unit, devices) = (setup.unit, setup.devices)
    }
    #expect(unit == nil && devices == nil)
  }
}
