import Foundations
import Input
import LinuxABI
import Testing
import VFS

@testable import InputFiles
@testable import Machine

extension InputEvent {
  static func right(_ value: Int32) -> InputEvent { InputEvent(.EV_REL, EventCode.REL_X, value) }
  static func down(_ value: Int32) -> InputEvent { InputEvent(.EV_REL, EventCode.REL_Y, value) }
}

@Suite("Mouse devices", .serialized)
struct MouseFileTests {
  private func makeMouse() throws -> InputDevice {
    var description = InputDescription(name: "Test mouse", identity: InputIdentity(bus: InputBus.BUS_USB))
    for code in [
      EventCode.BTN_LEFT, EventCode.BTN_RIGHT, EventCode.BTN_MIDDLE, EventCode.BTN_SIDE, EventCode.BTN_EXTRA,
    ] {
      description.capabilities.insert(.EV_KEY, code)
    }
    for code in [EventCode.REL_X, EventCode.REL_Y, EventCode.REL_WHEEL] {
      description.capabilities.insert(.EV_REL, code)
    }
    return try InputDevice(description)
  }

  private func makeTablet() throws -> InputDevice {
    var description = InputDescription(name: "Test tablet", identity: InputIdentity(bus: InputBus.BUS_USB))
    description.capabilities.insert(.EV_KEY, EventCode.BTN_LEFT)
    description.capabilities.insert(.EV_ABS, EventCode.ABS_X)
    description.capabilities.insert(.EV_ABS, EventCode.ABS_Y)
    let device = try InputDevice(description)
    device.setAxis(EventCode.ABS_X, AbsoluteAxis(minimum: 0, maximum: 32_767))
    device.setAxis(EventCode.ABS_Y, AbsoluteAxis(minimum: 0, maximum: 32_767))
    return device
  }

  private func withDevice(_ device: InputDevice, _ body: (borrowing World) throws -> Void) throws {
    try World.run { world in
      try InputDevices.register(device)
      defer { InputDevices.unregister(device) }
      try body(world)
    }
  }

  private func report(_ device: InputDevice, _ events: InputEvent...) {
    for event in events { device.report(event) }
    device.synchronize()
  }

  @Test("Motion comes as packets of three bytes, large motion as several, by the mouse's file and by that of all")
  func standard() throws {
    let mouse = try makeMouse()
    try withDevice(mouse) { world in
      #expect(World.names.contains("mouse0"))
      let (one, all) = (try world.open(minor: 32), try world.open(minor: 63))
      for file in [one, all] {
        #expect(throws: Errno.EAGAIN) { try file.readBytes(8) }
        #expect(file.poll() == [.output, .writeNormal] && file.canPoll)
        report(mouse, .right(5), .down(3))
        #expect(file.poll().contains(.input))
        #expect(try file.readBytes(8) == [0x28, 5, 0xfd])
        report(mouse, .right(-300))
        #expect(try file.readBytes(2) == [0x18, 0x81] && file.readBytes(9) == [0])
        #expect(try file.readBytes(3) == [0x18, 0x81, 0] && file.readBytes(3) == [0x18, 0xd2, 0])
        #expect(throws: Errno.EAGAIN) { try file.readBytes(3) }
        #expect(throws: Errno.ENOTTY) { try file.control(0x5401, 0) }
        _ = try? one.readBytes(8)
        while (try? all.readBytes(8)) != nil {}
        while (try? one.readBytes(8)) != nil {}
      }
    }
  }

  @Test("Buttons that change are packets of their own")
  func buttons() throws {
    let mouse = try makeMouse()
    try withDevice(mouse) { world in
      let file = try world.open(minor: 63)
      report(mouse, .key(EventCode.BTN_LEFT, 1))
      report(mouse, .key(EventCode.BTN_LEFT, 0), .key(EventCode.BTN_SIDE, 1))
      report(mouse, .right(1))
      #expect(try file.readBytes(3) == [0x09, 0, 0])
      #expect(try file.readBytes(3) == [0x0c, 1, 0], "the fourth button is the third of a mouse with three")
      report(mouse, .key(EventCode.BTN_SIDE, 0))
      #expect(try file.readBytes(3) == [0x08, 0, 0])
      // More than the queue holds.
      for _ in 0..<100 {
        report(mouse, .key(EventCode.BTN_RIGHT, 1))
        report(mouse, .key(EventCode.BTN_RIGHT, 0))
      }
      var count = 0
      while (try? file.readBytes(3)) != nil { count += 1 }
      #expect(count > 8 && count <= 16)
    }
  }

  @Test("Programs choose by the knocks what the mouse is, and it answers them")
  func knocks() throws {
    let mouse = try makeMouse()
    try withDevice(mouse) { world in
      let file = try world.open(minor: 63)
      func ask(_ bytes: [UInt8]) throws -> [UInt8] {
        #expect(try file.writeBytes(bytes) == bytes.count)
        return try file.readBytes(16)
      }
      #expect(try ask([0xf2]) == [0xfa, 0])
      #expect(try ask([0xf3, 0xc8, 0xf3, 0x64, 0xf3, 0x50]) == [0xfa])
      #expect(try ask([0xf2]) == [0xfa, 3])
      report(mouse, InputEvent(.EV_REL, EventCode.REL_WHEEL, 1), .key(EventCode.BTN_EXTRA, 1))
      #expect(try file.readBytes(8) == [0x0a, 0, 0, 0xff])
      #expect(try ask([0xf3, 0xc8, 0xf3, 0xc8, 0xf3, 0x50]) == [0xfa])
      #expect(try ask([0xf2]) == [0xfa, 4])
      report(mouse, InputEvent(.EV_REL, EventCode.REL_WHEEL, -9), .right(2))
      #expect(try file.readBytes(8) == [0x08, 2, 0, 0x27] && file.readBytes(8) == [0x08, 0, 0, 0x22])
      #expect(try ask([0xe9]) == [0xfa, 0x60, 3, 200])
      report(mouse, .right(1))
      #expect(try ask([0xeb]) == [0xfa, 0x08, 1, 0, 0x20])
      #expect(try ask([0xff]) == [0xfa, 0xaa, 0x00] && ask([0xf2]) == [0xfa, 0])
      #expect(try ask([0xf4]) == [0xfa])
      #expect(try ask([UInt8](repeating: 0xe9, count: 40)) == [0xfa, 0x60, 3, 200], "the last answer")
    }
  }

  @Test("A tablet moves the pointer of a screen")
  func tablet() throws {
    let tablet = try makeTablet()
    try withDevice(tablet) { world in
      let file = try world.open(minor: 63)
      func point(_ x: Int32, _ y: Int32) throws -> (Int32, Int32) {
        report(tablet, InputEvent(.EV_ABS, EventCode.ABS_X, x), InputEvent(.EV_ABS, EventCode.ABS_Y, y))
        var (right, up): (Int32, Int32) = (0, 0)
        while let bytes = try? file.readBytes(3) {
          right += Int32(Int8(bitPattern: bytes[1]))
          up += Int32(Int8(bitPattern: bytes[2]))
        }
        return (right, up)
      }
      #expect(try point(32_767, 1) == (512, 384))
      #expect(try point(1, 32_767) == (-1024, -768))
      #expect(try point(16_384, 16_384) == (512, 384))
      for (x, y) in [(Int32.max, Int32.min), (.min, .max), (0, 0)] { _ = try point(x, y) }
    }
  }

  @Test("A mouse that goes ends its own file, and not that of all")
  func unplugged() throws {
    try World.run { world in
      let mouse = try makeMouse()
      try InputDevices.register(mouse)
      let (one, all) = (try world.open(minor: 32), try world.open(minor: 63))
      InputDevices.unregister(mouse)
      #expect(one.poll() == [.hangUp, .error] && all.poll() == [.output, .writeNormal])
      #expect(throws: Errno.ENODEV) { try one.readBytes(3) }
      #expect(throws: Errno.ENODEV) { try one.writeBytes([0xf2]) }
      #expect(throws: Errno.EAGAIN) { try all.readBytes(3) }
      #expect(throws: Errno.ENXIO) { try world.open(minor: 32) }
    }
  }

  @Test("A grab keeps motion from the mouse's files; a keyboard with a wheel has one, too")
  func grab() throws {
    let mouse = try makeMouse()
    try withDevice(mouse) { world in
      let (events, file) = (try world.open(mouse), try world.open(minor: 63))
      _ = try events.control(0x4004_4590, 1)
      report(mouse, .right(1))
      #expect(throws: Errno.EAGAIN) { try file.readBytes(3) }
    }
    try withKeyboard { _, _ in #expect(World.names.filter { $0.hasPrefix("mouse") } == ["mouse0"]) }
  }

  @Test("Whatever is written and reported, nothing traps")
  func random() {
    var state: UInt64 = 9
    var port = MouseProtocol()
    var collector = MouseCollector()
    for _ in 0..<200_000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let value = Int32(truncatingIfNeeded: state >> 32)
      switch state >> 16 & 7 {
      case 0, 1: port.write(UInt8(truncatingIfNeeded: value))
      case 2, 3: for index in 0..<6 { _ = port.read(isFirst: index == 0) }
      default:
        let type = EventType(rawValue: UInt16(truncatingIfNeeded: state >> 20 & 3))
        let axes = InputDeviceAxes(
          x: AbsoluteAxis(minimum: value, maximum: Int32(truncatingIfNeeded: state)),
          y: AbsoluteAxis(minimum: .max, maximum: .min))
        let event = InputEvent(type, UInt16(truncatingIfNeeded: state >> 24 & 0x1ff), value)
        if let motion = collector.take(event, on: axes) { port.take(motion, buttons: collector.buttons) }
      }
    }
  }
}
