import Console
import DeviceFileSystem
import Foundations
import Machine
import ScreenDriver
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
    screen.attach(new, pacer: try ScreenPacer(screen))
    terminal.fill(new)
    try KernelTerminals.add("tty0", 4, 0, permissions: 0o620, TerminalOpener(new, control: .refused), devices)
    try KernelTerminals.add("tty1", 4, 1, permissions: 0o620, TerminalOpener(new), devices)
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
