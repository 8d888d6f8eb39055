import Console
import DeviceFileSystem
import Foundations
import KeyboardDriver
import LinuxABI
import Machine
import PlatformDrivers
import Processes
import ScreenDriver
import SystemCalls
import TerminalFiles
import Terminals
import Time

/// The terminal on the screen, and its files: `/dev/tty1`, and `/dev/tty0`, which on Linux is whichever is shown.
enum KernelScreen {
  /// The terminal; empty without a screen.
  static let terminal = BootCell<Terminal>()

  /// Makes the terminal and its files in `devices`, if there is a screen.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: a thread, once, after the scheduler has started.
  static func start(_ devices: DeviceFileSystem, _ jobControl: TerminalJobControl) throws(Errno) {
    guard let screen = Consoles.screen.withValue({ $0 }) else { return }
    let new = try Terminal(screen, major: 4, minor: 1, modes: screen.initialModes, jobControl: jobControl)
    screen.attach(new, pacer: try ScreenPacer(screen), bell: KernelBell())
    terminal.fill(new)
    try KernelTerminals.add("tty0", 4, 0, permissions: 0o620, TerminalOpener(new, control: .refused), devices)
    try KernelTerminals.add("tty1", 4, 1, permissions: 0o620, TerminalOpener(new), devices)
    KernelKeyboard.start(KeyboardUser(screen, new))
  }
}

/// Draws the screen by a timer.
private final class ScreenPacer: DrawingPacer {
  private let timer: Timer

  init(_ screen: ScreenTerminal<AnyTextDisplay<DisplayWindow>>) throws(Errno) {
    timer = try Timer(handler: ScreenDrawing(screen))
    super.init()
  }

  override var nanoseconds: UInt64 { Clock.nanoseconds }

  override func requestDrawing(at time: UInt64) { timer.arm(at: time) }
}

/// The time at which the screen is drawn.
private final class ScreenDrawing: TimerHandler {
  private let screen: ScreenTerminal<AnyTextDisplay<DisplayWindow>>

  init(_ screen: ScreenTerminal<AnyTextDisplay<DisplayWindow>>) {
    self.screen = screen
    super.init()
  }

  override func timerExpired(now: UInt64, expirations: UInt64) { screen.drawPending() }
}

/// The sounds of the screen's terminal, by the machine's speaker.
private final class KernelBell: ScreenBell {
  override func ring(hertz: UInt32, milliseconds: UInt32) {
    guard milliseconds > 0 else { return }
    Speaker.sound(Speaker.Tone(hertz: hertz, milliseconds: milliseconds))
  }

  override func sound(period: UInt16, milliseconds: UInt16?) {
    Speaker.soundTone(period: period, milliseconds: milliseconds)
  }
}

/// Brings what is typed to the terminal on the screen.
private final class KeyboardUser: KeyboardListener {
  private let screen: ScreenTerminal<AnyTextDisplay<DisplayWindow>>
  private let terminal: Terminal

  init(_ screen: ScreenTerminal<AnyTextDisplay<DisplayWindow>>, _ terminal: Terminal) {
    (self.screen, self.terminal) = (screen, terminal)
    super.init()
  }

  override var modes: KeyModes {
    let modes = screen.keyModes
    return KeyModes(
      hasApplicationCursorKeys: modes.hasApplicationCursorKeys, hasApplicationKeypad: modes.hasApplicationKeypad)
  }

  override func type(_ bytes: Span<UInt8>) { terminal.receive(bytes) }

  override func perform(_ request: KeyboardRequest) {
    switch request {
    case .lookBack: screen.lookBack(.up)
    case .lookForward: screen.lookBack(.down)
    case .restart: restart()
    }
  }

  /// Source: reboot(2), LINUX_REBOOT_CMD_CAD_OFF.
  private func restart() {
    if !MachineControl.restartsOnControlAltDelete, let first = Processes.tree?.task(1) {
      return first.process.sendFromKernel(.SIGINT)
    }
    Power.requestRestart()
  }
}
