import Foundations
import Interrupts
import KeyboardDriver
import Logging
import Machine
import Time

/// The keyboard at the PC's own controller.
enum KernelKeyboard {
  /// The line of the keyboard in every PC.
  private static let line: UInt8 = 1
  /// How long a keyboard that was told to send something at once may take, in nanoseconds.
  private static let interruptLimit: UInt64 = 20_000_000
  /// How often a keyboard that does not interrupt is asked.
  private static let pollInterval: UInt64 = 10_000_000

  private static let connection = BootCell<InterruptConnection>()
  private static let timer = BootCell<Timer>()

  /// Has what is typed brought to `listener`, if there is a controller. A machine without one is as good.
  ///
  /// - Context: a thread, once, after the scheduler has started.
  static func start(_ listener: KeyboardListener) {
    guard let space = KeyboardPorts.claim() else { return }
    do throws(KeyboardControllerError) {
      let map = Consoles.keyMap.withValue { $0 } ?? .us
      start(Keyboard(try KeyboardController(space), map: map, listener: listener))
    } catch {
      KernelLog.add(.info, .drivers, "no keyboard controller: \(error.text)")
    }
  }

  private static func start(_ keyboard: Keyboard<KeyboardPorts>) {
    do throws(Errno) {
      let new = try InterruptLines.connect(isa: line, handler: KeyboardInterrupt(keyboard))
      let (global, processor) = (UInt64(new.global), new.processor)
      connection.fill(new)
      if keyboard.startInterrupts(), interrupts(keyboard) {
        return KernelLog.add(.debug, .drivers, "keyboard interrupts CPU \(processor) by line \(global)")
      }
      keyboard.stopInterrupts()
      KernelLog.add(.warning, .drivers, "the keyboard does not interrupt by line \(global), and is asked instead")
    } catch {
      KernelLog.add(.warning, .drivers, "the keyboard has no interrupt, and is asked instead: error \(error.rawValue)")
    }
    startPolling(keyboard)
  }

  /// Whether the keyboard interrupts; one that is not there yet is believed to.
  private static func interrupts(_ keyboard: Keyboard<KeyboardPorts>) -> Bool {
    guard keyboard.hasKeyboard else { return true }
    let begin = Clock.nanoseconds
    while keyboard.interruptCount == 0, Clock.nanoseconds &- begin < interruptLimit { Machine.pause() }
    return keyboard.interruptCount > 0
  }

  private static func startPolling(_ keyboard: Keyboard<KeyboardPorts>) {
    do throws(Errno) {
      let new = try Timer(handler: KeyboardPoll(keyboard))
      new.arm(at: Clock.nanoseconds &+ pollInterval, period: pollInterval, slack: pollInterval / 8)
      timer.fill(new)
    } catch {
      KernelLog.add(.error, .drivers, "the keyboard is not heard: error \(error.rawValue)")
    }
  }
}

/// Asks a keyboard that does not interrupt.
private final class KeyboardPoll: TimerHandler {
  private let keyboard: Keyboard<KeyboardPorts>

  init(_ keyboard: Keyboard<KeyboardPorts>) {
    self.keyboard = keyboard
    super.init()
  }

  override func timerExpired(now: UInt64, expirations: UInt64) { keyboard.poll() }
}
