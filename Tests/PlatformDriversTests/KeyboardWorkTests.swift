import DeviceModels
import Foundations
import Input
import Machine
import Testing

@testable import DriverKit
@testable import KeyboardDriver
@testable import PlatformDrivers

/// A controller with its driver's work, by interrupts that come at once.
private final class Controller {
  let device = KeyboardDevice()
  let node: DeviceNode
  let context: DriverContext
  let keeper: KeyboardKeeper
  var work: KeyboardWork<DeviceModel>?
  /// The lines that there are, by numbers of interrupts.
  var lines: Set<Int> = [0, 1]
  private(set) var connected: Set<Int> = []

  init() throws {
    node = firmwareDevice(.pnp, "PNP0303")
    context = makeContext(node)
    keeper = try KeyboardKeeper.publish(KeyboardPlaces(), through: context)
    device.onInterrupt = { [unowned self] number in
      if connected.contains(number) { context.signals.raise(number) }
    }
  }

  deinit { keeper.withdraw() }

  func start() throws(Errno) {
    let new = try KeyboardWork.begin(device.model, keeper, pollLimit: 50, context)
    work = new
    try new.start(context) { number in
      guard lines.contains(number) else { return false }
      connected.insert(number)
      return true
    }
    try settle()
    device.forgetReceived()
  }

  /// What the device's thread does with interrupts.
  func settle() throws(Errno) {
    for _ in 0..<10_000 {
      guard context.signals.takeInterrupt() != nil else { return }
      try work?.interrupt(context)
    }
  }

  /// Another driver takes the place of this one.
  func restart() throws(Errno) {
    work?.stopInterrupts()
    context.signals.dropInterrupts()
    (work, connected) = (nil, [])
    try start()
  }

  func isDown(_ key: UInt16) -> Bool { keeper.devices?.keyboard.isDown(key) ?? false }
}

@Suite("The driver of keyboard and mouse", .serialized)
struct KeyboardWorkTests {
  private static let capsLight = InputEvent(.EV_LED, EventCode.LED_CAPSL, 1)

  @Test("The driver takes the keyboard's device, wherever that hangs, and not the mouse's")
  func matches() {
    let (described, usual) = (
      KeyboardPortsDriverType(.pnp, KeyboardPlaces()), KeyboardPortsDriverType(.platform, KeyboardPlaces())
    )
    #expect(described.name.description == "i8042 kbd" && usual.name.description == "i8042")
    for type in [described, usual] {
      #expect(type.matches(firmwareDevice(type.bus, "PNP0303")) && type.matches(firmwareDevice(type.bus, "PNP030B")))
      #expect(!type.matches(firmwareDevice(type.bus, "PNP0F13")) && !type.matches(makeDevice()))
    }
  }

  @Test("Firmware's two ports are taken, and the usual ones where it says something else")
  func places() {
    func place(_ ports: [(UInt64, UInt64)]) -> KeyboardPlace {
      var resources = PlatformResources()
      for (first, count) in ports {
        if let range = PlatformResources.Ports(first: first, count: count) { resources.append(range) }
      }
      return KeyboardPlace(FirmwareDevice(HardwareIdentifier("PNP0303"), resources: resources))
    }
    #expect(place([(0x60, 1), (0x64, 1)]) == KeyboardPlace())
    let other = place([(0x68, 1), (0x6c, 1)])
    #expect(other.data == 0x68 && other.command == 0x6c)
    for nonsense in [[], [(0x60, 1)], [(0x62, 5), (0x66, 1)], [(0x62, 1), (0x66, 2)]] as [[(UInt64, UInt64)]] {
      let place = place(nonsense)
      #expect(place.data == 0x60 && place.command == 0x64)
    }
    #expect(PlatformDriver.keyboard.usualDevice.resources.ports(1)?.first == 0x64)
    #expect(PlatformDriver.keyboard.interrupt(of: PlatformDriver.keyboard.usualDevice)?.number == 1)
  }

  @Test("Keys and motion come by interrupts, and nothing is asked for")
  func interrupts() throws {
    let controller = try Controller()
    controller.device.mouse = MouseModel(kind: 4)
    try controller.start()
    #expect(controller.work?.isPolling == false && controller.device.configuration == 0x47)
    #expect(controller.node.canWake && controller.keeper.devices?.mouse != nil)
    controller.device.send([0x1e])
    try controller.settle()
    #expect(controller.isDown(EventCode.KEY_A))
    controller.device.moveMouse([0x09, 1, 1, 0])
    try controller.settle()
    #expect(controller.keeper.devices?.mouse?.isDown(EventCode.BTN_LEFT) == true)
    #expect(controller.work?.checkHealth() == .good && controller.device.model.violations.isEmpty)
  }

  @Test("Without lines the controller is asked, and cannot wake the machine", arguments: [[], [1]] as [Set<Int>])
  func polled(lines: Set<Int>) throws {
    let controller = try Controller()
    (controller.lines, controller.device.mouse) = (lines, MouseModel(kind: 0))
    try controller.start()
    #expect(controller.work?.isPolling == true && controller.device.configuration & 3 == 0)
    #expect(!controller.node.canWake && controller.work?.checkHealth() == .degraded)
    controller.device.send([0x1e])
    try controller.work?.poll(controller.context)
    #expect(controller.isDown(EventCode.KEY_A))
  }

  @Test("A mouse whose line does not interrupt is asked, and the keyboard is not")
  func mousePolled() throws {
    let controller = try Controller()
    (controller.lines, controller.device.mouse) = ([0], MouseModel(kind: 3))
    try controller.start()
    #expect(controller.work?.isPolling == true && controller.device.configuration & 1 == 1)
    controller.device.moveMouse([0x0a, 0, 0, 0])
    try controller.work?.poll(controller.context)
    #expect(controller.keeper.devices?.mouse?.isDown(EventCode.BTN_RIGHT) == true)
  }

  @Test("Without a keyboard the driver waits for one")
  func noKeyboard() throws {
    let controller = try Controller()
    controller.device.hasKeyboard = false
    try controller.start()
    #expect(controller.work?.isPolling == false)
    controller.device.hasKeyboard = true
    controller.device.send([0xaa, 0x1e])
    try controller.settle()
    #expect(controller.isDown(EventCode.KEY_A))
  }

  // MARK: Orders

  @Test("The driver finds what is wanted of lights and repetition when it looks")
  func orders() throws {
    let controller = try Controller()
    try controller.start()
    let keyboard = try #require(controller.keeper.devices?.keyboard)
    // Nobody drives the device in this test, so nobody is told.
    keyboard.report(Self.capsLight)
    controller.work?.follow()
    try controller.settle()
    #expect(controller.device.lights == 4 && controller.device.received == [0xed, 4])
    keyboard.report(.EV_REP, EventCode.REP_DELAY, 500)
    controller.work?.follow()
    try controller.settle()
    #expect(controller.device.rate == 0x20)
  }

  // MARK: Another driver

  @Test("The next driver goes on with the same input devices, lets keys go, and sets the lights that are wanted")
  func restart() throws {
    let controller = try Controller()
    controller.device.mouse = MouseModel(kind: 4)
    try controller.start()
    let devices = try #require(controller.keeper.devices)
    controller.device.send([0x1e])
    try controller.settle()
    devices.keyboard.report(Self.capsLight)
    try controller.restart()
    #expect(controller.keeper.devices === devices && !controller.isDown(EventCode.KEY_A))
    #expect(controller.device.lights == 4, "though no driver was there to be told")
    controller.device.send([0x30])
    try controller.settle()
    #expect(controller.isDown(EventCode.KEY_B))
  }

  @Test("Another mouse is another input device")
  func otherMouse() throws {
    let controller = try Controller()
    controller.device.mouse = MouseModel(kind: 0)
    try controller.start()
    let devices = try #require(controller.keeper.devices)
    controller.device.mouse = MouseModel(kind: 4)
    try controller.restart()
    #expect(controller.keeper.devices !== devices && controller.keeper.devices?.mouse?.identity.product == 6)
  }

  @Test("What the driver leaves to its successor goes with the device")
  func removal() throws {
    let controller = try Controller()
    try controller.start()
    let device = try #require(controller.keeper.devices?.keyboard)
    controller.work?.stopInterrupts()
    #expect(controller.device.configuration & 3 == 0)
    controller.keeper.withdraw()
    var isKnown = false
    var index = 0
    while let known = InputDevices.device(at: index) {
      if known === device { isKnown = true }
      index += 1
    }
    #expect(!isKnown && controller.keeper.devices == nil)
  }

  // MARK: Rest

  @Test(
    "At rest a key interrupts if the device may wake the machine, and is reported afterwards", arguments: [true, false])
  func rest(wakes: Bool) throws {
    let controller = try Controller()
    try controller.start()
    controller.node.mayWake = wakes
    try controller.work?.suspend(controller.context)
    #expect(controller.context.signals.takeInterrupt() == nil)
    controller.device.send([0x1e])
    #expect((controller.context.signals.takeInterrupt() != nil) == wakes)
    try controller.work?.resume(controller.context)
    #expect(controller.isDown(EventCode.KEY_A))
    controller.device.send([0x9e])
    try controller.settle()
    #expect(!controller.isDown(EventCode.KEY_A) && controller.device.configuration & 1 == 1)
  }

  @Test("A key that is down as the rest begins is waited for, and not for ever")
  func heldKey() throws {
    let controller = try Controller()
    try controller.start()
    controller.device.send([0x1c])
    try controller.settle()
    // It is let go while the driver waits for that.
    let begin = controller.device.model.accessCount
    controller.device.model.beforeAccess = { [device = controller.device] model in
      if model.accessCount == begin + 4 { device.send([0x9c]) }
    }
    try controller.work?.suspend(controller.context)
    controller.device.model.beforeAccess = nil
    #expect(!controller.isDown(EventCode.KEY_ENTER) && controller.context.signals.takeInterrupt() == nil)
    try controller.work?.resume(controller.context)
    controller.device.send([0x1c])
    try controller.settle()
    try controller.work?.suspend(controller.context)
    #expect(controller.isDown(EventCode.KEY_ENTER))
  }

  // MARK: Faults

  @Test("A controller that was never there is no device, and one that breaks is an error of the driver")
  func broken() throws {
    for fault in [
      { $0.model.isGone = true }, { $0.testAnswer = nil }, { $0.testAnswer = 0xfc }, { $0.isOutputEndless = true },
      { $0.model.stick(I8042Model.Status.inputFull, at: 1) }, { $0.model.stick(I8042Model.status, at: 0) },
    ] as [(KeyboardDevice) -> Void] {
      let absent = try Controller()
      fault(absent.device)
      #expect(throws: Errno.ENODEV) { try absent.start() }
      #expect(absent.keeper.devices == nil)
      let controller = try Controller()
      try controller.start()
      fault(controller.device)
      let isGone = controller.device.model.isGone
      #expect(throws: isGone ? Errno.ENODEV : Errno.EIO) { try controller.restart() }
    }
  }

  @Test("A controller that vanishes is seen to have failed, and does nothing any more")
  func vanishes() throws {
    let controller = try Controller()
    try controller.start()
    controller.device.model.isGone = true
    #expect(controller.work?.checkHealth() == .failed)
    try controller.work?.interrupt(controller.context)
    controller.work?.follow()
    controller.work?.stopInterrupts()
    #expect(throws: Errno.EIO) { try controller.work?.resume(controller.context) }
  }

  @Test("A controller that always has another byte ends its driver")
  func endless() throws {
    let controller = try Controller()
    try controller.start()
    controller.device.isOutputEndless = true
    #expect(throws: Errno.EIO) { try controller.work?.interrupt(controller.context) }
    #expect(controller.work?.checkHealth() == .failed)
  }

  @Test("A line that interrupts without end and for nothing ends the controller's interrupts, and keys still come")
  func storm() throws {
    let controller = try Controller()
    try controller.start()
    let limit = KeyboardWork<DeviceModel>.stormLimit
    for _ in 1..<limit { try controller.work?.interrupt(controller.context) }
    #expect(controller.work?.isPolling == false)
    try controller.work?.interrupt(controller.context)
    #expect(controller.work?.isPolling == true && controller.device.configuration & 1 == 0)
    controller.device.send([0x1e])
    try controller.work?.poll(controller.context)
    #expect(controller.isDown(EventCode.KEY_A))
  }

  @Test("Garbage neither traps nor ends the driver")
  func garbage() throws {
    let controller = try Controller()
    controller.device.mouse = MouseModel(kind: 4)
    try controller.start()
    var state: UInt64 = 11
    for _ in 0..<4_000 {
      // Knuth's MMIX generator; its high bits are the good ones.
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let byte = UInt8(truncatingIfNeeded: state >> 33)
      if state >> 62 == 0 { controller.device.sendAuxiliary([byte]) } else { controller.device.send([byte]) }
      try controller.settle()
    }
    // Whatever was held, the keyboard can be used again.
    controller.device.send([0xff, 0x1e])
    try controller.settle()
    #expect(controller.work?.checkHealth() == .good)
  }

  @Test("A controller that goes away at any access neither hangs nor traps")
  func vanishesAnywhere() throws {
    for limit in stride(from: 0, to: 700, by: 3) {
      let controller = try Controller()
      controller.device.mouse = MouseModel(kind: 4)
      controller.device.model.beforeAccess = { if $0.accessCount > limit { $0.isGone = true } }
      func live() throws(Errno) {
        try controller.start()
        controller.device.send([0x1e, 0x9e])
        try controller.settle()
        controller.work?.follow()
        try controller.work?.suspend(controller.context)
        try controller.work?.resume(controller.context)
      }
      do throws(Errno) { try live() } catch { #expect(error == .EIO || error == .ENODEV) }
      controller.work?.stopInterrupts()
    }
  }
}
