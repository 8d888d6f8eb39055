import Foundations

/// A controller with both devices: what comes from them, and what goes to them.
struct KeyboardState<Space: RegisterSpace & ~Copyable>: ~Copyable {
  private var controller: KeyboardController<Space>
  private var decoder: ScanCodeDecoder
  private var settings = KeyboardSettings()
  private var mouse: MouseState?
  /// Whether the controller was told to interrupt.
  private(set) var interrupts = false

  init(_ controller: consuming KeyboardController<Space>) {
    decoder = ScanCodeDecoder(controller.translates ? .first : .second)
    mouse = controller.mouse.map { MouseState($0) }
    self.controller = controller
  }

  /// Whether the controller answers.
  var isPresent: Bool { controller.isPresent }

  mutating func setInterrupts(_ areOn: Bool) throws(KeyboardControllerError) {
    interrupts = false
    try controller.setInterrupts(areOn)
    interrupts = areOn
  }

  /// Makes the keyboard send something.
  func askForEcho() { _ = controller.send(KeyboardCommand.echo) }

  /// Makes the mouse send something: it is told again that it may.
  mutating func askMouse() {
    guard mouse != nil, controller.sendToMouse(MouseCommand.enable) else { return }
    mouse?.expectAnswer()
  }

  // MARK: Serving

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

  // MARK: Wishes

  /// Has the keyboard do what is wanted of it.
  mutating func follow(_ wishes: KeyboardWishes) {
    if let next = settings.follow(wishes) { send(next) }
  }

  mutating func forgetLights() { settings.forgetLights() }
}

/// What the devices did, taken from the controller before it is reported: one entry for each byte at most.
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
