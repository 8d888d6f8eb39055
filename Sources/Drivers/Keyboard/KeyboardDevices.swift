public import Foundations
public import Input

/// The input devices of a keyboard and a mouse at one controller.
///
/// They belong to the kernel, and stay when the controller's driver is replaced.
///
/// - Context: one caller at a time, without locks.
public final class KeyboardDevices {
  /// The keyboard, for handlers.
  public let keyboard: InputDevice
  /// The mouse, for handlers; nil when there is none.
  public let mouse: InputDevice?
  /// What they were made of.
  public let identity: KeyboardIdentity

  /// Makes devices, which nobody knows before `register`.
  ///
  /// - Parameter driver: told what the keyboard is to do, which `wishes` has then.
  /// - Throws: `ENOMEM`.
  public init(_ identity: KeyboardIdentity, driver: InputDriver) throws(Errno) {
    let keyCodes = KeyboardDescription.keyCodes
    keyboard = try InputDevice(
      KeyboardDescription.keyboard(isTranslated: identity.isTranslated, identity: identity.number),
      keyCodes: keyCodes.span, driver: driver)
    mouse = try identity.mouse.map { kind throws(Errno) in try InputDevice(KeyboardDescription.mouse(kind)) }
    self.identity = identity
  }

  /// Makes the devices known to handlers.
  ///
  /// - Parameters:
  ///   - keyboardPort: what the keyboard is a part of; nil for nothing that programs know.
  ///   - mousePort: the same of the mouse.
  /// - Throws: `ENOMEM`; then none is.
  /// - Context: a thread without locks, once.
  public func register(at keyboardPort: InputParent? = nil, _ mousePort: InputParent? = nil) throws(Errno) {
    try InputDevices.register(keyboard, below: keyboardPort)
    guard let mouse else { return }
    do throws(Errno) { try InputDevices.register(mouse, below: mousePort) } catch {
      InputDevices.unregister(keyboard)
      throw error
    }
  }

  /// The devices are gone.
  ///
  /// - Context: a thread without locks.
  public func unregister() {
    InputDevices.unregister(keyboard)
    if let mouse { InputDevices.unregister(mouse) }
  }

  /// Whether no key and no button is down.
  public var isAtRest: Bool {
    keyboard.active(.EV_KEY).isEmpty && mouse?.active(.EV_KEY).isEmpty != false
  }

  /// Lets all keys and buttons go, as when nobody knows any more what is down.
  public func releaseAll() {
    keyboard.releaseAllKeys()
    mouse?.releaseAllKeys()
  }

  /// What is wanted of the keyboard.
  var wishes: KeyboardWishes {
    let lights = keyboard.active(.EV_LED)
    var wishes = KeyboardWishes()
    if lights[EventCode.LED_SCROLLL] { wishes.locks.insert(.scrollLock) }
    if lights[EventCode.LED_NUML] { wishes.locks.insert(.numLock) }
    if lights[EventCode.LED_CAPSL] { wishes.locks.insert(.capsLock) }
    if let repetition = keyboard.repetition {
      wishes.rate = KeyRate(
        delay: KeyRate.delay(atLeast: repetition.delay), period: KeyRate.period(atLeast: repetition.period))
    }
    return wishes
  }

  // MARK: Events

  func deliver(_ report: KeyboardReports.Report) {
    switch report {
    case .key(let event): deliver(event)
    case .lostKeys: keyboard.releaseAllKeys()
    case .mouse(let report): if let mouse { KeyboardDescription.deliver(report, to: mouse) }
    }
  }

  /// Source of what comes in which order: Linux, drivers/input/keyboard/atkbd.c.
  private func deliver(_ event: ScanCodeEvent) {
    let key = keyboard.key(ofScanCode: UInt32(event.code)) ?? EventCode.KEY_RESERVED
    let isKnown = key != EventCode.KEY_RESERVED
    // What no key sends may be half of an answer; that it went up says nothing.
    guard isKnown || event.isPressed else { return }
    let time = InputTime.now
    keyboard.report(.EV_MSC, EventCode.MSC_SCAN, Int32(event.code), at: time)
    if isKnown {
      // The keyboard repeats keys for itself.
      let value: Int32 = event.isPressed ? (keyboard.isDown(key) ? 2 : 1) : 0
      keyboard.report(.EV_KEY, key, value, at: time)
    }
    keyboard.synchronize(at: time)
  }
}

/// What programs and the terminal want of a keyboard.
struct KeyboardWishes: Equatable {
  /// Which lights are on.
  var locks: KeyboardLocks = []
  /// How keys repeat.
  var rate = KeyRate.usual
}
