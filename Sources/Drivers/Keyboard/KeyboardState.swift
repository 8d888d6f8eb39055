import Foundations
import Input

/// What the lock of a `Keyboard` guards.
struct KeyboardState<Space: RegisterSpace & ~Copyable>: ~Copyable {
  private var controller: KeyboardController<Space>
  private var decoder: ScanCodeDecoder
  private var settings = KeyboardSettings()
  private var mouse: MouseState?
  private(set) var isPolled = true
  /// Whether somebody takes bytes and reports them.
  private var isServing = false
  /// Whether somebody else has come meanwhile to do the same.
  private var isAskedAgain = false

  init(_ controller: consuming KeyboardController<Space>) {
    decoder = ScanCodeDecoder(controller.translates ? .first : .second)
    mouse = controller.mouse.map { MouseState($0) }
    self.controller = controller
  }

  /// Whether a keyboard has answered.
  var hasKeyboard: Bool { controller.hasKeyboard }

  /// - Returns: whether the controller does it.
  mutating func setInterrupts(_ areOn: Bool) -> Bool {
    isPolled = !areOn
    do throws(KeyboardControllerError) {
      try controller.setInterrupts(areOn)
      return true
    } catch {
      isPolled = true
      return false
    }
  }

  /// Makes the keyboard send something.
  func askForEcho() { _ = controller.send(KeyboardCommand.echo) }

  /// Makes the mouse send something: it is told again that it may.
  mutating func askMouse() {
    guard mouse != nil, controller.sendToMouse(MouseCommand.enable) else { return }
    mouse?.expectAnswer()
  }

  // MARK: Serving

  /// - Returns: whether the caller is the one to serve.
  mutating func beginServing() -> Bool {
    guard !isServing else {
      isAskedAgain = true
      return false
    }
    isServing = true
    return true
  }

  /// - Returns: whether that was all; otherwise there is to be another round.
  mutating func endServing(isLast: Bool) -> Bool {
    guard isLast || !isAskedAgain else {
      isAskedAgain = false
      return false
    }
    (isServing, isAskedAgain) = (false, false)
    return true
  }

  /// Takes what the devices have sent, as far as there is room in `reports`.
  ///
  /// - Returns: how many bytes.
  mutating func serve(_ reports: inout KeyboardReports, now: UInt64) -> Int {
    for count in 0..<KeyboardReports.capacity {
      switch controller.take() {
      case .nothing: return count
      case .rubbish: mouse?.lose()
      case .byte(let byte): take(byte, &reports)
      case .mouseByte(let byte): takeFromMouse(byte, now, &reports)
      }
    }
    return KeyboardReports.capacity
  }

  private mutating func take(_ byte: UInt8, _ reports: inout KeyboardReports) {
    switch settings.take(byte) {
    case .isAnswer: return
    case .send(let next): return send(next)
    case .isKey: break
    }
    switch decoder.take(byte) {
    case .none: break
    case .lostKeys: reports.append(.lostKeys)
    case .event(let event): reports.append(.key(event))
    }
  }

  private mutating func takeFromMouse(_ byte: UInt8, _ now: UInt64, _ reports: inout KeyboardReports) {
    guard var mouse else { return }
    switch mouse.take(byte, now: now) {
    case .none: break
    case .report(let report): reports.append(.mouse(report))
    case .send(let next): if !controller.sendToMouse(next) { mouse.giveUp() }
    }
    self.mouse = mouse
  }

  private mutating func send(_ byte: UInt8) { if !controller.send(byte) { settings.giveUp() } }

  // MARK: Orders

  /// Does what a program or the terminal wants of the keyboard.
  mutating func perform(_ event: InputEvent) {
    var next: UInt8?
    switch (event.type, event.code) {
    case (.EV_LED, EventCode.LED_NUML): next = settings.set(.numLock, isOn: event.value != 0)
    case (.EV_LED, EventCode.LED_CAPSL): next = settings.set(.capsLock, isOn: event.value != 0)
    case (.EV_LED, EventCode.LED_SCROLLL): next = settings.set(.scrollLock, isOn: event.value != 0)
    case (.EV_REP, EventCode.REP_DELAY): next = settings.setRepetition(delay: event.value, period: nil)
    case (.EV_REP, EventCode.REP_PERIOD): next = settings.setRepetition(delay: nil, period: event.value)
    default: break
    }
    if let next { send(next) }
  }
}

/// What the devices did, noted with the lock held and reported without it: one entry for each byte at most.
struct KeyboardReports: ~Copyable {
  /// What one byte can come to.
  enum Report {
    case key(ScanCodeEvent)
    /// The keyboard has lost count of what is down.
    case lostKeys
    case mouse(MouseReport)
  }

  /// Bytes that are taken at once: a device that always has another would otherwise be served for ever.
  static var capacity: Int { 32 }

  private var reports = InlineArray<32, Report>(repeating: .lostKeys)
  private(set) var count = 0

  /// Report number `index`, 0..<count.
  subscript(index: Int) -> Report { reports[index] }

  mutating func append(_ report: Report) {
    guard count < Self.capacity else { return }
    reports[count] = report
    count += 1
  }
}
