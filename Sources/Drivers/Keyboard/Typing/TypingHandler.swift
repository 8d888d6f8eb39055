public import Foundations
public import Input
import Machine

/// Brings what is typed on every keyboard to a `KeyboardListener`, as the terminal's keyboard on Linux: all keyboards are one.
///
/// A keyboard that a program has grabbed types nothing. Source: Linux, drivers/tty/vt/keyboard.c.
public final class TypingHandler: InputHandler {
  private let listener: KeyboardListener
  private let state: SpinLock<TypingState>

  /// Creates a handler; `InputDevices.add` lets it hear.
  public init(_ map: KeyMap, listener: KeyboardListener) {
    self.listener = listener
    state = SpinLock(TypingState(map))
    super.init()
  }

  /// As Linux calls it.
  public override var name: StaticString? { "kbd" }

  /// Source: Linux, kbd_match: whatever has a key that is no button.
  public override func connect(_ device: InputDevice) throws(Errno) -> InputHandle? {
    guard let first = device.capabilities.keys.next(from: 1), first < EventCode.BTN_MISC else { return nil }
    let handle = TypingHandle(device, self)
    let locks = try state.withLock { state throws(Errno) in
      try state.handles.append(handle)
      return state.interpreter.locks
    }
    Self.show(locks, on: handle)
    return handle
  }

  /// Notes a key.
  ///
  /// - Context: any, a device's lock held.
  fileprivate func note(_ event: KeyEvent) { state.withLock { $0.note(event) } }

  /// Types what was noted.
  ///
  /// - Context: any, without locks.
  fileprivate func type() {
    let modes = listener.modes
    var isDone = false
    while !isDone {
      var typed = TypedInput()
      let change = state.withLock { $0.interpret(&typed, modes) }
      typed.deliver(to: listener)
      if let locks = change.newLocks {
        Self.note(locks)
        show(locks)
      }
      isDone = change.isDone
    }
  }

  /// Shows the locks on all keyboards.
  private func show(_ locks: KeyboardLocks) {
    var index = 0
    while let handle = state.withLock({ index < $0.handles.count ? $0.handles[index] : nil }) {
      Self.show(locks, on: handle)
      index += 1
    }
  }

  private static func show(_ locks: KeyboardLocks, on handle: TypingHandle) {
    show(.scrollLock, locks.contains(.scrollLock), on: handle)
    show(.numLock, locks.contains(.numLock), on: handle)
    show(.capsLock, locks.contains(.capsLock), on: handle)
    handle.device.inject(.report, by: handle)
  }

  /// Turns the lights that follow `trigger`: programs may have others do so, or none.
  private static func show(_ trigger: LightTrigger, _ isOn: Bool, on handle: TypingHandle) {
    let lights = handle.device.lights(following: trigger)
    var next = lights.next(from: 0)
    while let code = next {
      handle.device.inject(InputEvent(.EV_LED, code, isOn ? 1 : 0), by: handle)
      next = lights.next(from: code + 1)
    }
  }

  /// Says which locks are on, to lights that come to follow one.
  private static func note(_ locks: KeyboardLocks) {
    LightTriggers.set(.scrollLock, locks.contains(.scrollLock))
    LightTriggers.set(.numLock, locks.contains(.numLock))
    LightTriggers.set(.capsLock, locks.contains(.capsLock))
  }

  fileprivate func forget(_ handle: TypingHandle) {
    state.withLock { state in
      for index in 0..<state.handles.count where state.handles[index] === handle {
        _ = state.handles.remove(at: index)
        return
      }
    }
  }
}

/// One keyboard, as the handler hears it.
private final class TypingHandle: InputHandle {
  private let handler: TypingHandler

  init(_ device: InputDevice, _ handler: TypingHandler) {
    self.handler = handler
    super.init(device)
  }

  override var name: Message { "kbd" }

  override func take(_ packet: Span<InputEvent>, at time: InputTime) {
    for index in packet.indices { note(packet[index]) }
  }

  private func note(_ event: InputEvent) {
    guard event.type == .EV_KEY else { return }
    handler.note(KeyEvent(KeyCode(rawValue: event.code), isPressed: event.value != 0))
  }

  override func deliver() { handler.type() }

  override func disconnect() { handler.forget(self) }
}

/// What the lock of a `TypingHandler` guards.
private struct TypingState: ~Copyable {
  /// More keys than come between a packet and its delivery.
  private static var capacity: Int { 64 }

  private(set) var interpreter: KeyInterpreter
  var handles = GrowableArray<TypingHandle>()
  private var keys = InlineArray<64, KeyEvent>(repeating: KeyEvent(.escape, isPressed: false))
  private var first = 0
  private var count = 0

  init(_ map: KeyMap) { interpreter = KeyInterpreter(map) }

  mutating func note(_ event: KeyEvent) {
    guard count < Self.capacity else { return }
    keys[(first + count) % Self.capacity] = event
    count += 1
  }

  /// Makes text and requests of the keys that were noted, as far as there is room in `typed`.
  ///
  /// - Returns: the locks if they have changed, and whether all keys are done with.
  mutating func interpret(_ typed: inout TypedInput, _ modes: KeyModes) -> (newLocks: KeyboardLocks?, isDone: Bool) {
    let before = interpreter.locks
    while count > 0 && typed.hasRoom {
      let event = keys[first]
      first = (first + 1) % Self.capacity
      count -= 1
      switch interpreter.take(event, modes) {
      case .none, .locksChanged: break
      case .text(let text): typed.append(text)
      case .request(let request): typed.append(request)
      }
    }
    return (interpreter.locks == before ? nil : interpreter.locks, count == 0)
  }
}
