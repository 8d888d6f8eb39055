public import Foundations
import Registers

/// The controller of the keyboard, an 8042 or what stands in for one, with the keyboard at its first port and a mouse at its
/// second.
///
/// Exists only for one that has passed its self test. Every wait is bounded by a number of polls, so a device that hangs or goes
/// away is an error and never a hang. The second port is on when a mouse was found there. Source: IBM Personal System/2 Hardware Interface
/// Technical Reference, May 1988, keyboard and auxiliary device controller; keyboard commands in the same, keyboard.
public struct KeyboardController<Space: RegisterSpace & ~Copyable>: ~Copyable {
  private let registers: I8042Registers<Space>
  private let pollLimit: Int
  private var configuration: ControllerConfiguration
  /// Whether a keyboard has answered.
  public let hasKeyboard: Bool
  /// What the keyboard says that it is, two bytes as they came.
  let keyboardIdentity: UInt16
  /// The mouse that was found; nil for none.
  let mouse: MouseKind?

  /// Bytes that may be left from before.
  static var leftoverLimit: Int { 64 }
  /// How much longer than anything else a self test may take.
  static var testPatience: Int { 20 }
  /// Looks at the status before something that is sent in an interrupt is given up.
  private static var shortPollLimit: Int { 200 }

  /// Tests and sets up the controller at `space`, and the keyboard if there is one; no interrupts yet.
  ///
  /// - Parameter pollLimit: how often to look at the status for one event; the default is some 50 ms on a real bus.
  /// - Throws: what is wrong with it.
  public init(_ space: consuming Space, pollLimit: Int = 50_000) throws(KeyboardControllerError) {
    let registers = I8042Registers(space)
    let found = try Self.start(registers, pollLimit)
    self.registers = registers
    self.pollLimit = pollLimit
    configuration = found.configuration
    hasKeyboard = found.hasKeyboard
    keyboardIdentity = found.identity
    mouse = found.mouse
  }

  /// Whether the controller translates what the keyboard sends into the first set of scan codes.
  var translates: Bool { configuration.contains(.translates) }

  /// Whether somebody answers: all ones are what a bus gives for a device that has gone.
  var isPresent: Bool { registers.status.rawValue != 0xff }

  /// Lets the keyboard and the mouse interrupt, or not.
  ///
  /// - Throws: `.inputStaysFull`.
  mutating func setInterrupts(_ areOn: Bool) throws(KeyboardControllerError) {
    var new = configuration
    if areOn { new.insert(.firstPortInterrupts) } else { new.remove(.firstPortInterrupts) }
    if areOn && mouse != nil { new.insert(.secondPortInterrupts) } else { new.remove(.secondPortInterrupts) }
    try Self.configure(new, registers, pollLimit)
    configuration = new
  }

  /// What waits to be taken.
  enum Input: Equatable {
    case nothing
    /// A byte that the keyboard sent.
    case byte(UInt8)
    /// A byte that the mouse sent.
    case mouseByte(UInt8)
    /// A byte that came damaged.
    case rubbish
  }

  /// Takes the next byte.
  func take() -> Input {
    let status = registers.status
    // All ones is what a bus gives for a device that has gone.
    guard status.outputFull, status.rawValue != 0xff else { return .nothing }
    let byte = registers.output
    if status.timeout || status.parityError { return .rubbish }
    return status.isAuxiliary ? .mouseByte(byte) : .byte(byte)
  }

  /// Sends a byte to the keyboard, without waiting for its answer.
  ///
  /// - Returns: whether the controller has taken it.
  func send(_ byte: UInt8) -> Bool {
    guard hasRoomSoon else { return false }
    registers.input = byte
    return true
  }

  /// Sends a byte to the mouse, without waiting for its answer.
  ///
  /// - Returns: whether the controller has taken it.
  func sendToMouse(_ byte: UInt8) -> Bool {
    guard hasRoomSoon else { return false }
    registers.command = ControllerCommand.writeToSecondPort.rawValue
    return send(byte)
  }

  private var hasRoomSoon: Bool {
    for _ in 0..<Self.shortPollLimit where !registers.status.inputFull { return true }
    return false
  }
}

/// Commands of the controller.
enum ControllerCommand: UInt8 {
  case readConfiguration = 0x20
  case writeConfiguration = 0x60
  case disableSecondPort = 0xa7
  case enableSecondPort = 0xa8
  case testSecondPort = 0xa9
  case testController = 0xaa
  case testFirstPort = 0xab
  case disableFirstPort = 0xad
  case enableFirstPort = 0xae
  case writeToSecondPort = 0xd4
}

/// The controller's command byte.
struct ControllerConfiguration: OptionSet {
  let rawValue: UInt8
  static let firstPortInterrupts = ControllerConfiguration(rawValue: 0x01)
  static let secondPortInterrupts = ControllerConfiguration(rawValue: 0x02)
  static let passedSelfTest = ControllerConfiguration(rawValue: 0x04)
  static let secondPortIsOff = ControllerConfiguration(rawValue: 0x20)
  static let translates = ControllerConfiguration(rawValue: 0x40)
}

/// What is sent to a keyboard, and what it answers.
enum KeyboardCommand {
  static let setLights: UInt8 = 0xed
  static let echo: UInt8 = 0xee
  static let selectScanCodes: UInt8 = 0xf0
  static let identify: UInt8 = 0xf2
  static let setRate: UInt8 = 0xf3
  static let startScanning: UInt8 = 0xf4
  /// Also gives it its usual settings.
  static let stopScanning: UInt8 = 0xf5
  static let acknowledgement: UInt8 = 0xfa
  static let resend: UInt8 = 0xfe
}

extension KeyboardController where Space: ~Copyable {
  // MARK: Before there is a controller

  /// What was found.
  private struct Found {
    var configuration: ControllerConfiguration
    var hasKeyboard: Bool
    var identity: UInt16
    var mouse: MouseKind?
  }

  private static func start(
    _ registers: borrowing I8042Registers<Space>, _ pollLimit: Int
  ) throws(KeyboardControllerError) -> Found {
    guard registers.status.rawValue != 0xff else { throw .notPresent }
    try command(.disableFirstPort, registers, pollLimit)
    try command(.disableSecondPort, registers, pollLimit)
    try drain(registers)
    try test(.testController, expecting: 0x55, registers, pollLimit)
    // The self test may have turned everything on again.
    try command(.disableFirstPort, registers, pollLimit)
    try test(.testFirstPort, expecting: 0x00, registers, pollLimit)
    let wanted: ControllerConfiguration = [.passedSelfTest, .secondPortIsOff, .translates]
    try configure(wanted, registers, pollLimit)
    let found = ControllerConfiguration(rawValue: try ask(.readConfiguration, registers, pollLimit))
    try command(.enableFirstPort, registers, pollLimit)
    let hasKeyboard = startKeyboard(registers, pollLimit)
    var identity: UInt16 = found.contains(.translates) ? 0xab41 : 0xab83
    if hasKeyboard, let answer = identify(registers, pollLimit) { identity = answer }
    let mouse = try startMouse(registers, pollLimit)
    var configuration = found.contains(.translates) ? wanted : wanted.subtracting(.translates)
    if mouse != nil { configuration.remove(.secondPortIsOff) }
    // Last, so that no key comes between the answers before.
    let isScanning = hasKeyboard && send(KeyboardCommand.startScanning, registers, pollLimit)
    return Found(configuration: configuration, hasKeyboard: isScanning, identity: identity, mouse: mouse)
  }

  /// What the keyboard says that it is; nil when it does not say.
  private static func identify(_ registers: borrowing I8042Registers<Space>, _ pollLimit: Int) -> UInt16? {
    guard send(KeyboardCommand.identify, registers, pollLimit), let first = receive(registers, pollLimit),
      // Of keyboards that there have been; anything else is a key.
      first == 0xab || first == 0xac || first == 0x2b || first == 0x5d || first == 0x60 || first == 0x47,
      let second = receive(registers, pollLimit)
    else { return nil }
    return UInt16(first) << 8 | UInt16(second)
  }

  static func waitForRoom(
    _ registers: borrowing I8042Registers<Space>, _ pollLimit: Int
  ) throws(KeyboardControllerError) {
    for _ in 0..<pollLimit where !registers.status.inputFull { return }
    throw .inputStaysFull
  }

  static func command(
    _ command: ControllerCommand, _ registers: borrowing I8042Registers<Space>, _ pollLimit: Int
  ) throws(KeyboardControllerError) {
    try waitForRoom(registers, pollLimit)
    registers.command = command.rawValue
  }

  /// The next byte; nil when none comes.
  static func receive(_ registers: borrowing I8042Registers<Space>, _ pollLimit: Int) -> UInt8? {
    for _ in 0..<pollLimit where registers.status.outputFull { return registers.output }
    return nil
  }

  private static func ask(
    _ command: ControllerCommand, _ registers: borrowing I8042Registers<Space>, _ pollLimit: Int
  ) throws(KeyboardControllerError) -> UInt8 {
    try self.command(command, registers, pollLimit)
    guard let answer = receive(registers, pollLimit) else { throw .noAnswer(command: command.rawValue) }
    return answer
  }

  private static func test(
    _ command: ControllerCommand, expecting expected: UInt8, _ registers: borrowing I8042Registers<Space>,
    _ pollLimit: Int
  ) throws(KeyboardControllerError) {
    let answer = try ask(command, registers, pollLimit * testPatience)
    guard answer == expected else { throw .testFailed(command: command.rawValue, answer: answer) }
  }

  private static func configure(
    _ configuration: ControllerConfiguration, _ registers: borrowing I8042Registers<Space>, _ pollLimit: Int
  ) throws(KeyboardControllerError) {
    try command(.writeConfiguration, registers, pollLimit)
    try waitForRoom(registers, pollLimit)
    registers.input = configuration.rawValue
  }

  private static func drain(_ registers: borrowing I8042Registers<Space>) throws(KeyboardControllerError) {
    for _ in 0..<leftoverLimit {
      guard registers.status.outputFull else { return }
      _ = registers.output
    }
    throw .outputStaysFull
  }

  /// Stops the keyboard and gives it its usual settings.
  ///
  /// - Returns: whether it has answered.
  private static func startKeyboard(_ registers: borrowing I8042Registers<Space>, _ pollLimit: Int) -> Bool {
    guard send(KeyboardCommand.stopScanning, registers, pollLimit) else { return false }
    if send(KeyboardCommand.selectScanCodes, registers, pollLimit) { _ = send(2, registers, pollLimit) }
    if send(KeyboardCommand.setRate, registers, pollLimit) { _ = send(KeyRate.usual.byte, registers, pollLimit) }
    return true
  }

  /// Sends a byte until the keyboard has got it, at most three times.
  private static func send(_ byte: UInt8, _ registers: borrowing I8042Registers<Space>, _ pollLimit: Int) -> Bool {
    for _ in 0..<3 {
      do throws(KeyboardControllerError) { try waitForRoom(registers, pollLimit) } catch { return false }
      registers.input = byte
      var answer: UInt8?
      // Keys that were pressed before may come first.
      for _ in 0..<leftoverLimit {
        answer = receive(registers, pollLimit)
        guard let answer else { return false }
        if answer == KeyboardCommand.acknowledgement { return true }
        if answer == KeyboardCommand.resend { break }
      }
      guard answer == KeyboardCommand.resend else { return false }
    }
    return false
  }
}
