import Console
import Terminals

/// What the lock of a `ScreenTerminal` guards.
struct SharedScreen<Display: TextDisplay & ~Copyable>: ~Copyable {
  var screen: TextScreen<Display>
  var pacer: DrawingPacer?
  var bell: ScreenBell?
  /// When it was drawn last.
  var lastDrawing: UInt64 = 0
  /// Whether somebody will call because something is to be drawn.
  var isDrawingRequested = false
  // What is being taken from the terminal.
  private var piece = InlineArray<256, UInt8>(repeating: 0)

  init(screen: consuming TextScreen<Display>) { self.screen = screen }

  /// Takes a piece of output.
  ///
  /// - Returns: whether there was any.
  mutating func take(from terminal: Terminal) -> Bool {
    var span = piece.mutableSpan
    let count = terminal.takeOutput(into: &span)
    screen.process(piece.span.extracting(0..<count), from: .program)
    return count > 0
  }
}
