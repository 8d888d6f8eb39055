import Foundations
import Input
import Interrupts
import KeyboardDriver
import Logging
import Machine
import Synchronization
import SystemFileSystem
import Time

/// The keyboard and the mouse at the PC's own controller, and the terminal as the user of every keyboard.
enum KernelKeyboard {
  /// The line of the keyboard in every PC.
  private static let line: UInt8 = 1
  /// That of the mouse.
  private static let mouseLine: UInt8 = 12
  /// How long a keyboard that was told to send something at once may take, in nanoseconds.
  private static let interruptLimit: UInt64 = 20_000_000
  /// How often a keyboard that does not interrupt is asked.
  private static let pollInterval: UInt64 = 10_000_000

  private static let connection = BootCell<InterruptConnection>()
  private static let mouseConnection = BootCell<InterruptConnection>()
  private static let isStarted = Atomic<Bool>(false)
  private static let timer = BootCell<Timer>()
  private static let system = BootCell<SystemFileSystem>()

  /// Has the controller's ports shown in `system`, when it is started.
  static func show(in system: SystemFileSystem?) { if let system { self.system.fill(system) } }

  /// Has what is typed on any keyboard brought to `listener`, and starts the devices of the controller, if there is one. A
  /// machine without one is as good. Nothing happens when that was done before.
  ///
  /// - Parameter listener: nil when there is no terminal for it.
  /// - Context: a thread, after the scheduler has started.
  static func start(_ listener: KeyboardListener?) {
    guard isStarted.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged else {
      return
    }
    do throws(Errno) {
      let map = Consoles.keyMap.withValue { $0 } ?? .us
      if let listener { try InputDevices.add(TypingHandler(map, listener: listener)) }
    } catch {
      KernelLog.add(.error, .drivers, "nothing can be typed: error \(error.rawValue)")
    }
    startController()
  }

  private static func startController() {
    guard let space = KeyboardPorts.claim() else { return }
    do throws(KeyboardControllerError) {
      startDevices(try KeyboardController(space))
    } catch {
      KernelLog.add(.info, .drivers, "no keyboard controller: \(error.text)")
    }
  }

  private static func startDevices(_ controller: consuming KeyboardController<KeyboardPorts>) {
    do throws(Errno) {
      let keyboard = try Keyboard(controller)
      let ports = KernelSerioPorts(keyboard, in: system.withValue { $0 })
      try keyboard.register(at: ports.keyboard, ports.mouse)
      ports.announce()
      if let mouse = keyboard.mouseDevice {
        let name = mouse.name
        KernelLog.add(.info, .drivers, name)
      }
      start(keyboard)
    } catch {
      KernelLog.add(.error, .drivers, "the keyboard cannot be used: error \(error.rawValue)")
    }
  }

  private static func start(_ keyboard: Keyboard<KeyboardPorts>) {
    if keyboard.hasMouse { connectMouse(keyboard) }
    do throws(Errno) {
      let new = try InterruptLines.connect(isa: line, handler: KeyboardInterrupt(keyboard))
      let (global, processor) = (UInt64(new.global), new.processor)
      connection.fill(new)
      if keyboard.startInterrupts(), interrupts(keyboard) {
        KernelLog.add(.debug, .drivers, "keyboard interrupts CPU \(processor) by line \(global)")
        return checkMouse(keyboard)
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

  private static func connectMouse(_ keyboard: Keyboard<KeyboardPorts>) {
    do throws(Errno) {
      mouseConnection.fill(
        try InterruptLines.connect(isa: mouseLine, handler: KeyboardInterrupt(keyboard, .mouse)))
    } catch {
      KernelLog.add(.warning, .drivers, "the mouse has no interrupt: error \(error.rawValue)")
    }
  }

  /// Has the mouse asked if its line does not interrupt.
  private static func checkMouse(_ keyboard: Keyboard<KeyboardPorts>) {
    guard keyboard.hasMouse else { return }
    keyboard.provokeMouse()
    let begin = Clock.nanoseconds
    while keyboard.mouseInterruptCount == 0, Clock.nanoseconds &- begin < interruptLimit { Machine.pause() }
    guard keyboard.mouseInterruptCount == 0 else {
      return KernelLog.add(.debug, .drivers, "mouse interrupts by line \(UInt64(mouseLine))")
    }
    KernelLog.add(.warning, .drivers, "the mouse does not interrupt, and is asked instead")
    keyboard.pollMouse()
    startPolling(keyboard)
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
