/// An 8042 with a keyboard, and a mouse if there is one: the register rules come from the spec, commands and answers from here.
public final class KeyboardDevice {
  /// Its registers.
  public let model = DeviceModel(I8042Model.layout)
  /// What waits to be read, with where it comes from.
  private var output: [(byte: UInt8, isAuxiliary: Bool)] = []
  /// The controller's command byte.
  public private(set) var configuration: UInt8 = 0
  /// What the keyboard was sent.
  public private(set) var received: [UInt8] = []
  /// Its lights: scroll, number and capitals, from bit 0 on.
  public private(set) var lights: UInt8 = 0
  /// Whether it sends keys.
  public private(set) var isScanning = false
  /// The command whose parameter comes next.
  private var waitingCommand: UInt8?
  private var waitingKeyboardCommand: UInt8?

  /// What is plugged into the second port.
  public var mouse: MouseModel?
  /// Whether there is a second port.
  public var hasSecondPort = true
  /// How keys repeat, as it was told; nil when it never was.
  public private(set) var rate: UInt8?

  /// Called when a line goes up: 0 is the keyboard's, 1 the mouse's.
  public var onInterrupt: (Int) -> Void = { _ in }

  // MARK: Faults

  /// What the keyboard says that it is.
  public var identity: [UInt8] = [0xab, 0x41]
  /// Nobody is plugged in.
  public var hasKeyboard = true
  /// What the self test gives; nil for no answer.
  public var testAnswer: UInt8? = 0x55
  /// What the test of the first port gives; nil for no answer.
  public var portTestAnswer: UInt8? = 0x00
  /// Whether the translation bit stays off.
  public var cannotTranslate = false
  /// What the keyboard answers instead of an acknowledgement, as often as there are entries; nil for nothing.
  public var answers: [UInt8?] = []
  /// Whether the output never empties.
  public var isOutputEndless = false

  /// The names of its registers.
  public typealias Controller = I8042Model

  /// A controller with a keyboard, and nothing at its second port.
  public init() {
    model.onRead[Controller.status] = { [unowned self] _, _ in showFirst() }
    model.onRead[Controller.output] = { [unowned self] model, _ in
      if isOutputEndless { return model[Controller.output] = 0x1e }
      model[Controller.output] = output.isEmpty ? 0 : UInt64(output.removeFirst().byte)
      interrupt()
    }
    model.onWrite[Controller.command] = { [unowned self] _, _, value in command(UInt8(value)) }
    model.onWrite[Controller.input] = { [unowned self] _, _, value in input(UInt8(value)) }
  }

  private func showFirst() {
    model[Controller.Status.outputFull] = output.isEmpty && !isOutputEndless ? 0 : 1
    model[Controller.Status.isAuxiliary] = output.first?.isAuxiliary == true ? 1 : 0
  }

  private func interrupt() {
    if isInterrupting { onInterrupt(0) } else if isMouseInterrupting { onInterrupt(1) }
  }

  private func append(_ bytes: [UInt8], isAuxiliary: Bool) {
    let wasEmpty = output.isEmpty
    output += bytes.map { ($0, isAuxiliary) }
    if wasEmpty { interrupt() }
  }

  /// Whether the keyboard's interrupt line has something to say.
  public var isInterrupting: Bool {
    configuration & 1 != 0 && output.first.map { !$0.isAuxiliary || configuration & 2 == 0 } == true
  }

  /// Whether the mouse's has.
  public var isMouseInterrupting: Bool { configuration & 2 != 0 && output.first?.isAuxiliary == true }

  /// The mouse moves.
  public func moveMouse(_ report: [UInt8]) { if mouse?.isEnabled == true { sendAuxiliary(report) } }

  /// Another mouse is plugged in.
  public func plugMouse(_ new: MouseModel) {
    mouse = new
    sendAuxiliary([0xaa, 0x00])
  }

  /// The keyboard sends bytes.
  public func send(_ bytes: [UInt8]) { append(bytes, isAuxiliary: false) }

  /// The mouse sends bytes.
  public func sendAuxiliary(_ bytes: [UInt8]) { append(bytes, isAuxiliary: true) }

  /// Forgets what the keyboard was sent.
  public func forgetReceived() { received = [] }

  private func command(_ command: UInt8) {
    waitingCommand = nil
    switch command {
    case 0x20: send([cannotTranslate ? configuration & ~0x40 : configuration])
    case 0x60: waitingCommand = command
    case 0xaa: if let testAnswer { send([testAnswer]) }
    case 0xab: if let portTestAnswer { send([portTestAnswer]) }
    case 0xad: configuration |= 0x10
    case 0xae: configuration &= ~0x10
    case 0xa7: configuration |= 0x20
    case 0xa8: configuration &= ~0x20
    case 0xa9: if hasSecondPort { send([0x00]) }
    case 0xd4: waitingCommand = command
    default: break
    }
  }

  private func input(_ byte: UInt8) {
    if waitingCommand == 0x60 {
      configuration = byte
      waitingCommand = nil
      interrupt()
      return
    }
    if waitingCommand == 0xd4 {
      waitingCommand = nil
      if let answers = mouse?.take(byte) { sendAuxiliary(answers) }
      return
    }
    received.append(byte)
    guard hasKeyboard else { return }
    if !answers.isEmpty {
      if let answer = answers.removeFirst() { send([answer]) }
      return
    }
    if let waiting = waitingKeyboardCommand {
      waitingKeyboardCommand = nil
      if waiting == 0xed { lights = byte }
      if waiting == 0xf3 { rate = byte }
      return send([0xfa])
    }
    switch byte {
    case 0xee: return send([0xee])
    case 0xed, 0xf0, 0xf3: waitingKeyboardCommand = byte
    case 0xf2: return send([0xfa] + identity)
    case 0xf4: isScanning = true
    default: break
    }
    send([0xfa])
  }
}
