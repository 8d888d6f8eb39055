import DeviceModels
import Foundations
import Input
import Machine
import Testing

@testable import KeyboardDriver

/// Remembers what it is told.
final class TestListener: KeyboardListener {
  private(set) var typed: [UInt8] = []
  private(set) var requests: [KeyboardRequest] = []
  var currentModes = KeyModes()

  override var modes: KeyModes { currentModes }
  override func type(_ bytes: Span<UInt8>) { for index in bytes.indices { typed.append(bytes[index]) } }
  override func perform(_ request: KeyboardRequest) { requests.append(request) }

  var text: String { String(decoding: typed, as: UTF8.self) }
  func forget() { typed = [] }
}

/// Remembers the events of the devices of one controller.
final class EventLog: InputHandler {
  final class Handle: InputHandle {
    let log: EventLog
    init(_ device: InputDevice, _ log: EventLog) {
      self.log = log
      super.init(device)
    }

    override func take(_ packet: Span<InputEvent>, at time: InputTime) {
      for index in packet.indices { log.events.append(packet[index]) }
    }
  }

  var devices: [InputDevice] = []
  var events: [InputEvent] = []

  override func connect(_ device: InputDevice) throws(Errno) -> InputHandle? {
    devices.contains { $0 === device } ? Handle(device, self) : nil
  }
}

/// Hears only the devices of its own test.
final class OwnDevices: InputHandler {
  let handler: TypingHandler
  var devices: [InputDevice] = []

  init(_ handler: TypingHandler) {
    self.handler = handler
    super.init()
  }

  override func connect(_ device: InputDevice) throws(Errno) -> InputHandle? {
    devices.contains { $0 === device } ? try handler.connect(device) : nil
  }
}

/// Has what is wanted of the keyboard done at once.
private final class DirectOrders: InputDriver {
  var follow: () -> Void = {}
  override func perform(_ event: InputEvent) { follow() }
}

/// A keyboard on a model, with its interrupts.
final class KeyboardSetup {
  let device = KeyboardDevice()
  let listener = TestListener()
  let log = EventLog()
  let unit: KeyboardUnit<DeviceModel>
  let devices: KeyboardDevices
  private(set) var interruptCount = 0
  private(set) var mouseInterruptCount = 0
  private let typing: OwnDevices

  init(_ map: KeyMap = .us, prepare: (KeyboardDevice) -> Void = { _ in }) throws {
    prepare(device)
    unit = KeyboardUnit(try KeyboardController(device.model, pollLimit: 50))
    let orders = DirectOrders()
    devices = try KeyboardDevices(unit.identity, driver: orders)
    typing = OwnDevices(TypingHandler(map, listener: listener))
    typing.devices = [devices.keyboard]
    log.devices = [devices.keyboard]
    if let mouse = devices.mouse { log.devices.append(mouse) }
    orders.follow = { [weak unit, weak devices] in if let devices { unit?.follow(devices) } }
    try InputDevices.add(typing)
    try InputDevices.add(log)
    try devices.register()
    try unit.startInterrupts()
    unit.provokeKeyboard()
    settle()
    device.forgetReceived()
  }

  /// What an interrupt does.
  ///
  /// - Returns: whether anything had come.
  func serve() -> Bool {
    do { return try unit.serve(devices) > 0 } catch {
      Issue.record("no end of bytes")
      return false
    }
  }

  /// Serves interrupts until the device is quiet.
  func settle() {
    for _ in 0..<10_000 {
      if device.isInterrupting {
        interruptCount += 1
      } else if device.isMouseInterrupting {
        mouseInterruptCount += 1
      } else {
        return
      }
      #expect(serve())
    }
  }

  deinit {
    devices.unregister()
    InputDevices.remove(typing)
    InputDevices.remove(log)
  }

  /// The devices send bytes; the events that came of it.
  func events(_ bytes: [UInt8] = [], mouse: [UInt8] = []) -> [InputEvent] {
    log.events = []
    device.send(bytes)
    device.moveMouse(mouse)
    settle()
    return log.events
  }

  /// The keyboard sends bytes; what was typed by them.
  func send(_ bytes: [UInt8]) -> String {
    listener.forget()
    device.send(bytes)
    settle()
    return listener.text
  }
}

@Suite("Keyboard", .serialized)
struct KeyboardTests {
  @Test("A controller that works is set up, with interrupts and translation, and the mouse off")
  func setup() throws {
    let setup = try KeyboardSetup()
    #expect(setup.unit.hasKeyboard && setup.unit.interrupts && setup.unit.isPresent)
    #expect(setup.device.isScanning)
    #expect(setup.device.configuration == 0x65)
    #expect(setup.interruptCount > 0, "the echo interrupts")
    #expect(setup.listener.typed.isEmpty)
    #expect(setup.device.model.violations.isEmpty)
  }

  @Test("Keys become text")
  func typing() throws {
    let setup = try KeyboardSetup()
    #expect(setup.send([0x23, 0xa3, 0x17, 0x97]) == "hi")
    #expect(setup.send([0x2a, 0x23, 0xa3, 0xaa, 0x17, 0x97, 0x1c, 0x9c]) == "Hi\r")
    #expect(setup.send([0xe0, 0x48, 0xe0, 0xc8]) == "\u{1b}[A")
  }

  @Test("A keyboard whose controller does not translate is understood")
  func secondSet() throws {
    let setup = try KeyboardSetup { $0.cannotTranslate = true }
    #expect(setup.send([0x33, 0xf0, 0x33, 0x43, 0xf0, 0x43]) == "hi")
    #expect(setup.send([0x12, 0x33, 0xf0, 0x33, 0xf0, 0x12, 0x33]) == "Hh")
    #expect(setup.send([0xe0, 0x75, 0xe0, 0xf0, 0x75]) == "\u{1b}[A")
    #expect(setup.send([0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77, 0x33]) == "\u{1b}[Ph")
    #expect(setup.send([0x83]) == "\u{1b}[18~")
  }

  @Test("Caps Lock turns its light on and off, once however long it is held")
  func lights() throws {
    let setup = try KeyboardSetup()
    #expect(setup.send([0x3a, 0x3a, 0x3a, 0xba]) == "")
    #expect(setup.device.lights == 4)
    #expect(setup.device.received == [0xed, 4])
    #expect(setup.send([0x1e, 0x02, 0x2a, 0x1e, 0xaa]) == "A1a")
    _ = setup.send([0x45, 0xc5])
    #expect(setup.device.lights == 6)
    _ = setup.send([0x3a, 0xba])
    #expect(setup.device.lights == 2)
    #expect(setup.send([0x1e]) == "a")
  }

  @Test("Lights are tried again when the keyboard asks for it, and not for ever")
  func lightsAgain() throws {
    let setup = try KeyboardSetup()
    setup.device.answers = [0xfe]
    _ = setup.send([0x3a, 0xba])
    #expect(setup.device.received == [0xed, 0xed, 4])
    #expect(setup.device.lights == 4)
    setup.device.answers = Array(repeating: 0xfe, count: 100)
    _ = setup.send([0x3a, 0xba])
    #expect(setup.device.received.count < 10)
    #expect(setup.send([0x1e]) == "a")
  }

  @Test("A keyboard that never answers still types, and is asked again later")
  func silentLights() throws {
    let setup = try KeyboardSetup()
    setup.device.answers = Array(repeating: nil, count: 1)
    #expect(setup.send([0x3a, 0xba, 0x1e]) == "A")
    for _ in 0..<20 { _ = setup.send([0x1e, 0x9e]) }
    _ = setup.send([0x45, 0xc5])
    #expect(setup.device.lights == 6)
  }

  @Test("Ctrl-Alt-Delete and Shift with Page Up and Page Down are requests")
  func requests() throws {
    let setup = try KeyboardSetup()
    #expect(setup.send([0x1d, 0x38, 0xe0, 0x53, 0xe0, 0xd3, 0xb8, 0x9d]) == "")
    #expect(setup.send([0x2a, 0xe0, 0x49, 0xe0, 0xc9, 0xe0, 0x51, 0xe0, 0xd1, 0xaa]) == "")
    #expect(setup.listener.requests == [.restart, .lookBack, .lookForward])
  }

  @Test("Programs choose what arrow keys and the keypad send")
  func modes() throws {
    let setup = try KeyboardSetup()
    setup.listener.currentModes = KeyModes(hasApplicationCursorKeys: true, hasApplicationKeypad: true)
    #expect(setup.send([0xe0, 0x4b, 0x4f, 0xe0, 0x1c]) == "\u{1b}OD\u{1b}Oq\u{1b}OM")
  }

  @Test("Keys that are lost let no modifier stay down")
  func lostKeys() throws {
    let setup = try KeyboardSetup()
    #expect(setup.send([0x1d, 0x2e]) == "\u{3}")
    #expect(setup.send([0xff, 0x2e]) == "c")
  }
}

@Suite("A keyboard controller with faults", .serialized)
struct KeyboardFaultTests {
  private func failure(_ prepare: (KeyboardDevice) -> Void) -> KeyboardControllerError? {
    let device = KeyboardDevice()
    prepare(device)
    do throws(KeyboardControllerError) {
      _ = try KeyboardController(device.model, pollLimit: 50)
      return nil
    } catch {
      return error
    }
  }

  @Test("A controller that is not there or does not work is an error")
  func broken() {
    #expect(failure { $0.model.isGone = true } == .notPresent)
    #expect(failure { $0.model.stick(I8042Model.Status.inputFull, at: 1) } == .inputStaysFull)
    #expect(failure { $0.isOutputEndless = true } == .outputStaysFull)
    #expect(failure { $0.testAnswer = nil } == .noAnswer(command: 0xaa))
    #expect(failure { $0.testAnswer = 0xfc } == .testFailed(command: 0xaa, answer: 0xfc))
    #expect(failure { $0.portTestAnswer = 2 } == .testFailed(command: 0xab, answer: 2))
    #expect(failure { $0.portTestAnswer = nil } == .noAnswer(command: 0xab))
    #expect(failure { $0.model.stick(I8042Model.status, at: 0) } == .noAnswer(command: 0xaa))
  }

  @Test("Without a keyboard everything is ready for one")
  func absent() throws {
    let setup = try KeyboardSetup { $0.hasKeyboard = false }
    #expect(!setup.unit.hasKeyboard && setup.unit.interrupts)
    setup.device.hasKeyboard = true
    // What it says when it has power.
    #expect(setup.send([0xaa, 0x1e]) == "a")
  }

  @Test("What was left from before, and a keyboard that wants everything twice, does no harm")
  func leftovers() throws {
    let setup = try KeyboardSetup { device in
      device.send([0x1e, 0x9e, 0xfa])
      device.answers = [0xfe, 0x1e, 0xfa]
      device.sendAuxiliary([1, 2, 3])
    }
    #expect(setup.listener.typed.isEmpty)
    #expect(setup.send([0x1e]) == "a")
  }

  @Test("The mouse's bytes and damaged ones are nobody's")
  func rubbish() throws {
    let setup = try KeyboardSetup()
    setup.device.sendAuxiliary([0x1e, 0x1f])
    #expect(setup.send([0x20]) == "d")
    setup.device.model.stick(I8042Model.Status.parityError, at: 1)
    #expect(setup.send([0x20]) == "")
  }

  @Test(
    "A device that always has another byte is served for a bounded time and said to be broken, and one that is gone has none"
  )
  func endless() throws {
    let setup = try KeyboardSetup()
    setup.device.isOutputEndless = true
    #expect(throws: KeyboardControllerError.outputStaysFull) { try setup.unit.serve(setup.devices) }
    #expect(setup.listener.typed.count <= 2_048)
    setup.device.model.isGone = true
    #expect(try setup.unit.serve(setup.devices) == 0)
    #expect(!setup.unit.isPresent)
    #expect(throws: KeyboardControllerError.inputStaysFull) { try setup.unit.stopInterrupts() }
    setup.unit.provokeKeyboard()
    setup.unit.provokeMouse()
    setup.unit.follow(setup.devices)
    #expect(!setup.unit.interrupts)
  }

  @Test("A keyboard that does not interrupt can be asked")
  func polled() throws {
    let setup = try KeyboardSetup()
    try setup.unit.stopInterrupts()
    #expect(setup.device.configuration & 1 == 0 && !setup.unit.interrupts)
    setup.device.send([0x1e])
    #expect(setup.serve())
    #expect(setup.listener.text == "a")
    #expect(!setup.serve())
  }

  @Test("Lights whose state is not known are set once more, and otherwise only when that changes anything")
  func lightsAnew() throws {
    let setup = try KeyboardSetup()
    setup.unit.follow(setup.devices)
    setup.settle()
    #expect(setup.device.received.isEmpty)
    setup.unit.forgetLights()
    setup.unit.follow(setup.devices)
    setup.settle()
    #expect(setup.device.received == [0xed, 0])
    setup.unit.follow(setup.devices)
    setup.settle()
    #expect(setup.device.received == [0xed, 0])
  }

  @Test("Random bytes neither trap nor hang", arguments: [false, true])
  func random(cannotTranslate: Bool) throws {
    let setup = try KeyboardSetup(.de) { $0.cannotTranslate = cannotTranslate }
    var state: UInt64 = 7
    for _ in 0..<200 {
      let bytes = (0..<50).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 33)
      }
      _ = setup.send(bytes)
    }
    // Whatever was held, the keyboard can be used again.
    setup.device.send([0xff])
    setup.settle()
    let after = setup.send(cannotTranslate ? [0x1c] : [0x1e])
    #expect(after.lowercased().hasSuffix("a"))
  }
}
