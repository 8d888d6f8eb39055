public import Foundations
public import Input
public import Interrupts
import Machine
import Synchronization
import Time

/// The keyboard and the mouse of a PC: what they do is reported to an `InputDevice` each.
///
/// They interrupt once `startInterrupts` has run; otherwise `poll` is to be called now and then. Whatever the devices do,
/// serving them ends after some bytes.
public final class Keyboard<Space: RegisterSpace & ~Copyable> {
  private let state: SpinLock<KeyboardState<Space>>
  /// The keyboard, for handlers.
  public let keyboardDevice: InputDevice
  /// The mouse, for handlers; nil when there is none.
  public let mouseDevice: InputDevice?
  /// Whether the controller translates what the keyboard sends into the first set of scan codes.
  public let isTranslated: Bool
  private let arrivals = Atomic<Int>(0)
  private let mouseArrivals = Atomic<Int>(0)
  private let isMousePolled = Atomic<Bool>(false)

  /// More rounds of serving than a device that works asks for.
  private static var roundLimit: Int { 64 }

  /// Makes the devices of a controller that works.
  ///
  /// - Throws: `ENOMEM`.
  public init(_ controller: consuming KeyboardController<Space>) throws(Errno) {
    let driver = KeyboardOrders<Space>()
    let keyCodes = KeyboardDescription.keyCodes
    isTranslated = controller.translates
    keyboardDevice = try InputDevice(
      KeyboardDescription.keyboard(isTranslated: controller.translates, identity: controller.keyboardIdentity),
      keyCodes: keyCodes.span, driver: driver)
    mouseDevice = try controller.mouse.map { kind throws(Errno) in
      try InputDevice(KeyboardDescription.mouse(kind))
    }
    state = SpinLock(KeyboardState(controller))
    driver.attach(self)
  }

  /// Makes the devices known to handlers.
  ///
  /// - Parameters:
  ///   - keyboardPort: what the keyboard is a part of; nil for nothing that programs know.
  ///   - mousePort: the same of the mouse.
  /// - Throws: `ENOMEM`.
  /// - Context: a thread without locks, once.
  public func register(at keyboardPort: InputParent? = nil, _ mousePort: InputParent? = nil) throws(Errno) {
    try InputDevices.register(keyboardDevice, below: keyboardPort)
    if let mouseDevice { try InputDevices.register(mouseDevice, below: mousePort) }
  }

  /// Whether a keyboard has answered when the controller was set up.
  public var hasKeyboard: Bool { state.withLock { $0.hasKeyboard } }

  /// Whether a mouse has answered when the controller was set up.
  public var hasMouse: Bool { mouseDevice != nil }

  // MARK: Interrupts

  /// Lets the devices interrupt. Those that are there do so at once: they are made to send something that means nothing.
  ///
  /// - Returns: whether the controller did as it was told.
  public func startInterrupts() -> Bool {
    let isDone = state.withLock { $0.setInterrupts(true) }
    // What came before would keep a line that tells of changes from changing.
    _ = serve()
    state.withLock { $0.askForEcho() }
    return isDone
  }

  /// Has the mouse send something that means nothing, so that it interrupts.
  public func provokeMouse() { state.withLock { $0.askMouse() } }

  /// Makes them polled devices again.
  public func stopInterrupts() { _ = state.withLock { $0.setInterrupts(false) } }

  /// Has the mouse asked for, because its line does not interrupt.
  public func pollMouse() { isMousePolled.store(true, ordering: .relaxed) }

  /// Whether the keyboard, and so the controller, has to be asked.
  public var isPolled: Bool { state.withLock { $0.isPolled } }

  /// How often the keyboard has interrupted.
  public var interruptCount: Int { arrivals.load(ordering: .relaxed) }

  /// How often the mouse has interrupted.
  public var mouseInterruptCount: Int { mouseArrivals.load(ordering: .relaxed) }

  func countInterrupt(_ line: KeyboardLine) {
    switch line {
    case .keyboard: arrivals.wrappingAdd(1, ordering: .relaxed)
    case .mouse: mouseArrivals.wrappingAdd(1, ordering: .relaxed)
    }
  }

  /// Takes what the devices have sent.
  ///
  /// One at a time reports, in the order in which bytes came; another that comes meanwhile leaves it to the first.
  ///
  /// - Returns: whether there was anything, or another takes it.
  /// - Context: an interrupt of theirs, or any other, without locks.
  public func serve() -> Bool {
    guard state.withLock({ $0.beginServing() }) else { return true }
    var hasAnything = false
    var round = 0
    repeat {
      var reports = KeyboardReports()
      let now = Clock.nanoseconds
      if state.withLock({ $0.serve(&reports, now: now) }) > 0 { hasAnything = true }
      deliver(reports)
      round += 1
    } while !state.withLock({ $0.endServing(isLast: round == Self.roundLimit) })
    return hasAnything
  }

  /// Serves devices that do not interrupt.
  ///
  /// - Context: any, without locks.
  public func poll() { if isPolled || isMousePolled.load(ordering: .relaxed) { _ = serve() } }

  // MARK: Events

  private func deliver(_ reports: borrowing KeyboardReports) {
    for index in 0..<reports.count {
      switch reports[index] {
      case .key(let event): deliver(event)
      case .lostKeys: keyboardDevice.releaseAllKeys()
      case .mouse(let report): if let mouseDevice { KeyboardDescription.deliver(report, to: mouseDevice) }
      }
    }
  }

  /// Source of what comes in which order: Linux, drivers/input/keyboard/atkbd.c.
  private func deliver(_ event: ScanCodeEvent) {
    let key = keyboardDevice.key(ofScanCode: UInt32(event.code)) ?? EventCode.KEY_RESERVED
    let isKnown = key != EventCode.KEY_RESERVED
    // What no key sends may be half of an answer; that it went up says nothing.
    guard isKnown || event.isPressed else { return }
    let time = InputTime.now
    keyboardDevice.report(.EV_MSC, EventCode.MSC_SCAN, Int32(event.code), at: time)
    if isKnown {
      // The keyboard repeats keys for itself.
      let value: Int32 = event.isPressed ? (keyboardDevice.isDown(key) ? 2 : 1) : 0
      keyboardDevice.report(.EV_KEY, key, value, at: time)
    }
    keyboardDevice.synchronize(at: time)
  }

  fileprivate func perform(_ event: InputEvent) { state.withLock { $0.perform(event) } }
}

/// What the keyboard is to do.
private final class KeyboardOrders<Space: RegisterSpace & ~Copyable>: InputDriver {
  private let keyboard = SpinLock<Keyboard<Space>?>(nil)

  func attach(_ new: Keyboard<Space>) { keyboard.withLock { $0 = new } }

  override func perform(_ event: InputEvent) {
    let keyboard = keyboard.withLock { $0 }
    keyboard?.perform(event)
  }
}

/// Which of the two interrupts.
public enum KeyboardLine: Sendable {
  /// The keyboard's.
  case keyboard
  /// The mouse's.
  case mouse
}

/// The interrupt of a keyboard, or of the mouse at the same controller.
public final class KeyboardInterrupt<Space: RegisterSpace & ~Copyable>: InterruptHandler {
  private let keyboard: Keyboard<Space>
  private let line: KeyboardLine

  /// An interrupt of `keyboard`.
  public init(_ keyboard: Keyboard<Space>, _ line: KeyboardLine = .keyboard) {
    (self.keyboard, self.line) = (keyboard, line)
    super.init()
  }

  /// Linux's name of the controller's driver.
  public override var label: StaticString { "i8042" }

  public override func handle() -> Bool {
    keyboard.countInterrupt(line)
    return keyboard.serve()
  }
}
