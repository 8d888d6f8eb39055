public import Foundations
public import Interrupts
import Machine
import Synchronization

/// A keyboard: what is typed on it comes to a `KeyboardListener`.
///
/// It interrupts once `startInterrupts` has run; otherwise `poll` is to be called now and then. Whatever the device does, serving it
/// ends after some bytes.
public final class Keyboard<Space: RegisterSpace & ~Copyable> {
  private let state: SpinLock<KeyboardState<Space>>
  private let listener: KeyboardListener
  private let arrivals = Atomic<Int>(0)

  /// Makes a keyboard of a controller that works.
  public init(_ controller: consuming KeyboardController<Space>, map: KeyMap, listener: KeyboardListener) {
    state = SpinLock(KeyboardState(controller, map))
    self.listener = listener
  }

  /// Whether a keyboard has answered when the controller was set up.
  public var hasKeyboard: Bool { state.withLock { $0.hasKeyboard } }

  /// Lets the device interrupt. A keyboard that is there does so at once: it is made to send something that is no key.
  ///
  /// - Returns: whether the controller did as it was told.
  public func startInterrupts() -> Bool {
    let isDone = state.withLock { $0.setInterrupts(true) }
    // What came before would keep a line that tells of changes from changing.
    _ = serve()
    state.withLock { $0.askForEcho() }
    return isDone
  }

  /// Makes it a polled device again.
  public func stopInterrupts() { _ = state.withLock { $0.setInterrupts(false) } }

  /// Whether it has to be asked.
  public var isPolled: Bool { state.withLock { $0.isPolled } }

  /// How often the device has interrupted.
  public var interruptCount: Int { arrivals.load(ordering: .relaxed) }

  func countInterrupt() { arrivals.wrappingAdd(1, ordering: .relaxed) }

  /// Takes what the keyboard has sent.
  ///
  /// - Returns: whether there was anything.
  /// - Context: its interrupt, or any other, without locks.
  public func serve() -> Bool {
    let modes = listener.modes
    var typed = TypedInput()
    let count = state.withLock { $0.serve(&typed, modes) }
    typed.deliver(to: listener)
    return count > 0
  }

  /// Serves a device that does not interrupt.
  ///
  /// - Context: any, without locks.
  public func poll() { if isPolled { _ = serve() } }
}

/// The interrupt of a keyboard.
public final class KeyboardInterrupt<Space: RegisterSpace & ~Copyable>: InterruptHandler {
  private let keyboard: Keyboard<Space>

  /// The interrupt of `keyboard`.
  public init(_ keyboard: Keyboard<Space>) {
    self.keyboard = keyboard
    super.init()
  }

  public override func handle() -> Bool {
    keyboard.countInterrupt()
    return keyboard.serve()
  }
}
