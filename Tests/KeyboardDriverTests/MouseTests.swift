import DeviceModels
import Foundations
import Input
import Machine
import Testing

@testable import KeyboardDriver

extension InputEvent {
  static func move(_ axis: UInt16, _ value: Int32) -> InputEvent { InputEvent(.EV_REL, axis, value) }
}

@Suite("PS/2 mouse", .serialized)
struct MouseTests {
  private func setup(_ kind: UInt8) throws -> KeyboardSetup { try KeyboardSetup { $0.mouse = MouseModel(kind: kind) } }

  @Test("Each kind is found by the knocks, and described", arguments: [0, 3, 4] as [UInt8])
  func kinds(kind: UInt8) throws {
    let setup = try setup(kind)
    let mouse = try #require(setup.devices.mouse)
    let product: UInt16 = kind == 0 ? 1 : kind == 3 ? 5 : 6
    #expect(mouse.identity == InputIdentity(bus: 0x11, vendor: 2, product: product))
    #expect(mouse.capabilities.contains(.EV_REL, EventCode.REL_WHEEL) == (kind != 0))
    #expect(mouse.capabilities.contains(.EV_KEY, EventCode.BTN_EXTRA) == (kind == 4))
    #expect(setup.device.mouse?.isEnabled == true)
    #expect(setup.device.configuration == 0x47, "both interrupt, and the second port is on")
    #expect(setup.device.model.violations.isEmpty)
    #expect(setup.device.mouse?.received.suffix(6) == [0xf3, 100, 0xe8, 3, 0xe6, 0xf4])
    #expect(setup.send([0x1e, 0x9e]) == "a", "the keyboard works beside it")
  }

  @Test("Motion, buttons and the wheel are reported")
  func motion() throws {
    let setup = try setup(4)
    #expect(setup.events(mouse: [0x08, 5, 3, 0]) == [.move(EventCode.REL_X, 5), .move(EventCode.REL_Y, -3), .report])
    #expect(
      setup.events(mouse: [0x38, 0xff, 0x80, 0]) == [.move(EventCode.REL_X, -1), .move(EventCode.REL_Y, 128), .report])
    #expect(setup.events(mouse: [0x09, 0, 0, 0]) == [.key(EventCode.BTN_LEFT, 1), .report])
    #expect(
      setup.events(mouse: [0x0e, 0, 0, 0x30]) == [
        .key(EventCode.BTN_LEFT, 0), .key(EventCode.BTN_RIGHT, 1), .key(EventCode.BTN_MIDDLE, 1),
        .key(EventCode.BTN_SIDE, 1), .key(EventCode.BTN_EXTRA, 1), .report,
      ])
    #expect(setup.events(mouse: [0x0e, 0, 0, 0x3f]) == [.move(EventCode.REL_WHEEL, 1), .report])
    #expect(setup.events(mouse: [0x0e, 0, 0, 0x31]) == [.move(EventCode.REL_WHEEL, -1), .report])
    #expect(setup.events(mouse: [0x0e, 0, 0, 0x30]) == [], "nothing new")
    #expect(!setup.serve())
    #expect(setup.mouseInterruptCount > 0)
  }

  @Test("A mouse with a wheel counts up to 127, and one without has three bytes")
  func otherKinds() throws {
    let wheel = try setup(3)
    #expect(wheel.events(mouse: [0x08, 0, 0, 0x81]) == [.move(EventCode.REL_WHEEL, 127), .report])
    let standard = try setup(0)
    #expect(
      standard.events(mouse: [0x08, 1, 0, 0x09, 0, 0]) == [
        .move(EventCode.REL_X, 1), .report, .key(EventCode.BTN_LEFT, 1), .report,
      ])
  }

  @Test("Bytes of both devices may come in any order")
  func mixed() throws {
    let setup = try setup(4)
    setup.log.events = []
    for byte: UInt8 in [0x08, 7, 0, 0] {
      setup.device.sendAuxiliary([byte])
      setup.device.send([0x1e, 0x9e])
    }
    setup.settle()
    #expect(setup.log.events.filter { $0 == .move(EventCode.REL_X, 7) }.count == 1)
    #expect(setup.listener.text == "aaaa")
  }

  @Test("After lost and damaged bytes packets are found again")
  func resynchronization() throws {
    let setup = try setup(4)
    #expect(setup.events(mouse: [0x00, 0x01, 0x08, 9, 0, 0]) == [.move(EventCode.REL_X, 9), .report])
    _ = setup.events(mouse: [0x08, 1])
    setup.device.model.stick(I8042Model.Status.parityError, at: 1)
    _ = setup.events(mouse: [3])
    setup.device.model.heal()
    #expect(setup.events(mouse: [0x08, 4, 0, 0]) == [.move(EventCode.REL_X, 4), .report])
    // Nothing that begins a packet, for long: the mouse is set up again.
    setup.device.mouse?.forget()
    _ = setup.events(mouse: [UInt8](repeating: 0x01, count: 20))
    #expect(setup.device.mouse?.received.first == 0xff)
    #expect(setup.device.mouse?.received.last == 0xf4)
    #expect(setup.events(mouse: [0x08, 4, 0, 0]) == [.move(EventCode.REL_X, 4), .report])
  }

  @Test("A pause ends a packet that was begun")
  func pause() {
    var decoder = MouseDecoder(.explorer)
    #expect(decoder.take(0x08, now: 0) == .none && decoder.take(1, now: 1_000) == .none)
    #expect(decoder.take(0x08, now: 600_000_000) == .none)
    #expect(decoder.take(2, now: 600_001_000) == .none && decoder.take(0, now: 600_002_000) == .none)
    #expect(decoder.take(0, now: 600_003_000) == .report(MouseReport(right: 2)))
  }

  @Test("A mouse that is plugged in again is set up, as whatever it is now")
  func plugging() throws {
    let setup = try setup(4)
    setup.device.plugMouse(MouseModel(kind: 0))
    setup.settle()
    #expect(setup.device.mouse?.isEnabled == true)
    #expect(setup.device.mouse?.received.first == 0xf3, "it has tested itself, and is not reset")
    #expect(setup.events(mouse: [0x08, 2, 0]) == [.move(EventCode.REL_X, 2), .report])
    #expect(setup.send([0x1e, 0x9e]) == "a")
  }

  @Test("A mouse that is asked for something interrupts and moves nothing")
  func provoke() throws {
    let setup = try setup(4)
    setup.log.events = []
    setup.unit.provokeMouse()
    setup.settle()
    #expect(setup.log.events.isEmpty && setup.mouseInterruptCount == 1)
    #expect(setup.events(mouse: [0x08, 2, 0, 0]) == [.move(EventCode.REL_X, 2), .report])
  }

  @Test("Without a mouse, or with one that does not answer, the keyboard works and the second port is off")
  func absent() throws {
    for prepare in [
      { (_: KeyboardDevice) in }, { $0.hasSecondPort = false },
      { device in
        device.mouse = MouseModel(kind: 4)
        device.mouse?.answers = [nil]
      },
      { device in
        device.mouse = MouseModel(kind: 4)
        device.mouse?.answers = [[0xfa, 0xaa, 0x55]]
      },
      { device in
        device.mouse = MouseModel(kind: 4)
        device.mouse?.answers = Array(repeating: [0xfe], count: 100)
      },
    ] as [(KeyboardDevice) -> Void] {
      let setup = try KeyboardSetup(prepare: prepare)
      #expect(!setup.unit.hasMouse && setup.device.configuration == 0x65)
      #expect(setup.send([0x1e, 0x9e]) == "a")
      setup.unit.provokeMouse()
      setup.settle()
    }
  }

  @Test("A mouse that wants a byte again, or moves before it answers, is found all the same")
  func nuisances() throws {
    let setup = try KeyboardSetup { device in
      device.mouse = MouseModel(kind: 4)
      device.mouse?.answers = [[0xfe], [0x08, 0x01, 0xfa, 0xaa, 0x00]]
    }
    #expect(setup.devices.mouse?.identity.product == 6)
  }

  @Test("Random bytes neither trap nor hang, and the mouse can be used afterwards", arguments: [0, 3, 4] as [UInt8])
  func random(kind: UInt8) throws {
    let setup = try setup(kind)
    var state: UInt64 = 11
    func next() -> UInt8 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 33)
    }
    for _ in 0..<500 {
      setup.device.sendAuxiliary((0..<Int(next() & 31)).map { _ in next() })
      setup.device.send((0..<Int(next() & 7)).map { _ in next() })
      setup.settle()
      setup.log.events = []
    }
    setup.device.plugMouse(MouseModel(kind: kind))
    setup.settle()
    setup.device.plugMouse(MouseModel(kind: kind))
    setup.settle()
    let size = kind == 0 ? 3 : 4
    let events = setup.events(mouse: [0x08] + [UInt8](repeating: 1, count: 1) + [UInt8](repeating: 0, count: size - 2))
    #expect(events.contains(.move(EventCode.REL_X, 1)))
  }

  @Test("Neither decoder nor setup traps, whatever comes", arguments: [MouseKind.standard, .wheel, .explorer])
  func decoders(kind: MouseKind) {
    var state: UInt64 = 5
    var (decoder, setup, mouse) = (MouseDecoder(kind), MouseSetup(), MouseState(kind))
    var now: UInt64 = 0
    for _ in 0..<200_000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let byte = UInt8(truncatingIfNeeded: state >> 40)
      now &+= state >> 20 & 3 == 0 ? state : 1_000
      if case .report(let report) = decoder.take(byte, now: now) {
        #expect(abs(report.right) <= 256 && abs(report.up) <= 256 && abs(report.wheel) <= 128 && report.buttons < 32)
      }
      switch setup.take(state & 0x100 == 0 ? 0xfa : byte) {
      case .done, .failed: _ = setup.begin()
      case .wait, .send: break
      }
      _ = mouse.take(byte, now: now)
    }
  }
}
