public import Console
public import Foundations
import Machine
public import Terminals

/// A screen that the kernel's text and a terminal share: Linux's first virtual console.
///
/// Text of the kernel is drawn at once, at any time and from any context. What programs write is taken at once and drawn at most
/// sixty times a second, so that a program that writes faster than anybody reads does not wait for its text to be drawn. Drawing
/// lets go of the lock every few rows.
public final class ScreenTerminal<Display: TextDisplay & ~Copyable>: TerminalDevice {
  /// The shortest time between two drawings, in nanoseconds.
  private static var drawingInterval: UInt64 { 16_000_000 }
  /// Rows that are drawn before others get the lock.
  private static var rowsPerTurn: Int { 8 }
  /// The memory for rows that can be looked back to: 273 of 80 columns.
  private static var historyByteCount: Int { 256 << 10 }

  /// The modes of its terminal to begin with: those of every terminal, and erasing whole characters of UTF-8.
  public let initialModes: Termios
  private let shared: SpinLock<SharedScreen<Display>>

  /// Makes the terminal's side of `screen`, which until `attach` only the kernel writes to.
  public init(_ screen: consuming TextScreen<Display>) {
    var modes = Termios()
    modes.input.insert(.IUTF8)
    initialModes = modes
    shared = SpinLock(SharedScreen(screen: screen))
  }

  // MARK: For the kernel

  /// Shows text of the kernel's.
  ///
  /// - Context: any.
  public func write(_ text: Span<UInt8>) { shared.withLock { $0.screen.write(text) } }

  /// As `write`, for a report that must not wait for ever: false when the lock could not be had in `attempts` tries.
  public func write(_ text: Span<UInt8>, attempts: Int) -> Bool {
    shared.withLockIfAvailable(attempts: attempts) { $0.screen.write(text) } != nil
  }

  /// Makes `terminal` as large as the screen, and keeps from now on what leaves the screen. Once.
  ///
  /// - Parameters:
  ///   - pacer: who says when to draw; without it everything is drawn at once.
  ///   - bell: who makes its sounds; without it there are none.
  /// - Context: a thread.
  public func attach(_ terminal: Terminal, pacer: DrawingPacer? = nil, bell: ScreenBell? = nil) {
    shared.withLock { shared in
      (shared.pacer, shared.bell) = (pacer, bell)
      let rowByteCount = shared.screen.columns * MemoryLayout<Cell>.stride
      shared.screen.keepHistory(rows: Self.historyByteCount / rowByteCount)
    }
    terminal.resize(size)
  }

  /// Columns and rows.
  public var size: WindowSize {
    shared.withLock { shared in
      WindowSize(
        rows: UInt16(truncatingIfNeeded: shared.screen.rows),
        columns: UInt16(truncatingIfNeeded: shared.screen.columns))
    }
  }

  // MARK: For the keyboard

  /// What programs want keys to send.
  public var keyModes: ScreenKeyModes {
    shared.withLock { shared in
      ScreenKeyModes(
        hasApplicationCursorKeys: shared.screen.hasApplicationCursorKeys,
        hasApplicationKeypad: shared.screen.hasApplicationKeypad)
    }
  }

  /// Shows what stood half a screen further up, or further down.
  public func lookBack(_ direction: LookDirection) {
    shared.withLock { shared in
      let half = max(shared.screen.rows / 2, 1)
      shared.screen.lookBack(by: direction == .up ? half : -half)
    }
    drawAll()
  }

  /// Where to look.
  public enum LookDirection: Sendable {
    /// At what was written before.
    case up
    /// At what was written after that.
    case down
  }

  // MARK: Drawing

  /// Draws what `DrawingPacer.requestDrawing` was asked for.
  ///
  /// - Context: any, without locks.
  public func drawPending() {
    shared.withLock { $0.isDrawingRequested = false }
    drawAll()
  }

  private func drawAll() {
    let (pacer, rows) = shared.withLock { ($0.pacer, $0.screen.rows) }
    // Once each row and no more: who changes one meanwhile has it drawn again.
    for first in stride(from: 0, to: rows, by: Self.rowsPerTurn) {
      shared.withLock { $0.screen.draw(rows: first..<first + Self.rowsPerTurn) }
    }
    guard let pacer else { return }
    let now = pacer.nanoseconds
    shared.withLock { $0.lastDrawing = now }
  }

  /// Draws now, or has it done when it is time.
  private func drawOrRequest() {
    guard let pacer = shared.withLock({ $0.pacer }) else { return drawAll() }
    let now = pacer.nanoseconds
    var request: UInt64?
    let isTime = shared.withLock { shared in
      if now &- shared.lastDrawing >= Self.drawingInterval { return true }
      if !shared.isDrawingRequested {
        shared.isDrawingRequested = true
        request = shared.lastDrawing &+ Self.drawingInterval
      }
      return false
    }
    if isTime { return drawAll() }
    if let request { pacer.requestDrawing(at: request) }
  }

  // MARK: For the terminal

  public override func startOutput(_ terminal: Terminal) {
    while transmit(terminal) {}
    drawOrRequest()
    ring()
  }

  /// Has the bell heard, if it was rung.
  private func ring() {
    var rung: Bell?
    let bell = shared.withLock { shared in
      rung = shared.screen.takeBell()
      return shared.bell
    }
    if let rung, let bell { bell.ring(hertz: rung.hertz, milliseconds: rung.milliseconds) }
  }

  /// Takes a piece of what programs have written, and gives them the answers to it.
  ///
  /// - Returns: whether there was any.
  private func transmit(_ terminal: Terminal) -> Bool {
    var replies = InlineArray<64, UInt8>(repeating: 0)
    var replyCount = 0
    let isTaken = shared.withLock { shared in
      let isTaken = shared.take(from: terminal)
      if isTaken {
        var span = replies.mutableSpan
        replyCount = shared.screen.takeReplies(into: &span)
      }
      return isTaken
    }
    if replyCount > 0 { terminal.receive(replies.span.extracting(0..<replyCount)) }
    return isTaken
  }

  /// A screen forgets what a program has set when all have closed it.
  public override var forgetsModes: Bool { true }

  /// Requests of ioctl_console(2), as far as they make sense for one console: what programs use to find out that it is one.
  public override func control(_ request: UInt32, _ argument: UInt64) throws(Errno) -> Int {
    switch request {
    case ConsoleRequest.keyboardType: try UserPointer<UInt8>(argument).store(ConsoleRequest.standardKeyboard)
    case ConsoleRequest.keyboardMode: try UserPointer<UInt32>(argument).store(ConsoleRequest.unicodeKeyboard)
    case ConsoleRequest.displayMode: try UserPointer<UInt32>(argument).store(ConsoleRequest.textDisplay)
    case ConsoleRequest.freeConsole: try UserPointer<UInt32>(argument).store(.max)
    case ConsoleRequest.sound: sound(period: argument, milliseconds: nil)
    case ConsoleRequest.tone: sound(period: argument & 0xffff, milliseconds: UInt16(truncatingIfNeeded: argument >> 16))
    case ConsoleRequest.activate, ConsoleRequest.waitUntilActive: if argument != 1 { throw .ENXIO }
    default: throw .ENOTTY
    }
    return 0
  }
}

extension ScreenTerminal where Display: ~Copyable {
  /// Orders a tone. One so low that nobody hears it is silence.
  private func sound(period: UInt64, milliseconds: UInt16?) {
    guard let bell = shared.withLock({ $0.bell }) else { return }
    bell.sound(period: UInt16(exactly: period) ?? 0, milliseconds: milliseconds)
  }
}

/// What programs want keys to send.
public struct ScreenKeyModes: Equatable, Sendable {
  /// Whether arrow keys send what they do in application mode.
  public var hasApplicationCursorKeys: Bool
  /// Whether the keypad sends sequences instead of digits.
  public var hasApplicationKeypad: Bool
}

/// Numbers of ioctl_console(2). Source: Linux, include/uapi/linux/kd.h and vt.h.
private enum ConsoleRequest {
  /// KDGKBTYPE, and KB_101.
  static let keyboardType: UInt32 = 0x4b33
  static let standardKeyboard: UInt8 = 2
  /// KIOCSOUND and KDMKTONE.
  static let sound: UInt32 = 0x4b2f
  static let tone: UInt32 = 0x4b30
  /// KDGETMODE, and KD_TEXT.
  static let displayMode: UInt32 = 0x4b3b
  static let textDisplay: UInt32 = 0
  /// KDGKBMODE, and K_UNICODE.
  static let keyboardMode: UInt32 = 0x4b44
  static let unicodeKeyboard: UInt32 = 3
  /// VT_OPENQRY.
  static let freeConsole: UInt32 = 0x5600
  /// VT_ACTIVATE and VT_WAITACTIVE.
  static let activate: UInt32 = 0x5606
  static let waitUntilActive: UInt32 = 0x5607
}
