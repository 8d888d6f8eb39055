import Foundations

/// What the lock of a `Keyboard` guards.
struct KeyboardState<Space: RegisterSpace & ~Copyable>: ~Copyable {
  /// Bytes that are taken at once: a device that always has another would otherwise be served for ever.
  private static var byteLimit: Int { 32 }

  private var controller: KeyboardController<Space>
  private var decoder: ScanCodeDecoder
  private var interpreter: KeyInterpreter
  private var lights = KeyboardLights()
  private(set) var isPolled = true

  init(_ controller: consuming KeyboardController<Space>, _ map: KeyMap) {
    decoder = ScanCodeDecoder(controller.translates ? .first : .second)
    interpreter = KeyInterpreter(map)
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

  /// Takes what the keyboard has sent, as far as there is room in `typed`.
  ///
  /// - Returns: how many bytes.
  mutating func serve(_ typed: inout TypedInput, _ modes: KeyModes) -> Int {
    for count in 0..<Self.byteLimit {
      guard typed.hasRoom else { return count }
      switch controller.take() {
      case .nothing: return count
      case .rubbish: break
      case .byte(let byte): take(byte, &typed, modes)
      }
    }
    return Self.byteLimit
  }

  private mutating func take(_ byte: UInt8, _ typed: inout TypedInput, _ modes: KeyModes) {
    switch lights.take(byte) {
    case .isAnswer: return
    case .send(let next): return send(next)
    case .isKey: break
    }
    switch decoder.take(byte) {
    case .none: break
    case .lostKeys: interpreter.releaseAll()
    case .event(let event):
      switch interpreter.take(event, modes) {
      case .none: break
      case .text(let text): typed.append(text)
      case .request(let request): typed.append(request)
      case .locksChanged: if let next = lights.set(interpreter.locks) { send(next) }
      }
    }
  }

  private mutating func send(_ byte: UInt8) { if !controller.send(byte) { lights.giveUp() } }
}

/// What was typed with the lock held, to be given to the listener without it.
struct TypedInput: ~Copyable {
  private static let capacity = 128
  private static let requestCapacity = 8

  private var bytes = InlineArray<128, UInt8>(repeating: 0)
  private var count = 0
  private var requests = InlineArray<8, KeyboardRequest>(repeating: .lookBack)
  private var requestCount = 0

  /// Whether another key's text and request fit.
  var hasRoom: Bool { count + KeyText.capacity <= Self.capacity && requestCount < Self.requestCapacity }

  mutating func append(_ text: KeyText) {
    for index in 0..<text.count where count < Self.capacity {
      bytes[count] = text[index]
      count += 1
    }
  }

  mutating func append(_ request: KeyboardRequest) {
    guard requestCount < Self.requestCapacity else { return }
    requests[requestCount] = request
    requestCount += 1
  }

  /// Gives all to `listener`.
  func deliver(to listener: KeyboardListener) {
    if count > 0 { listener.type(bytes.span.extracting(0..<count)) }
    for index in 0..<requestCount { listener.perform(requests[index]) }
  }
}
