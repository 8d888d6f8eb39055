import Foundations

/// Whichever of the two displays a machine has, as one type, so that the rest of the kernel need not be generic.
public enum AnyTextDisplay<Memory: DisplayMemory & ~Copyable>: ~Copyable, TextDisplay {
  /// A VGA in text mode.
  case vga(VGATextDisplay<Memory>)
  /// A screen of pixels.
  case framebuffer(FramebufferDisplay<Memory>)

  /// How many characters stand in a row.
  public var columns: Int {
    switch self {
    case .vga(let display): display.columns
    case .framebuffer(let display): display.columns
    }
  }

  /// How many rows there are.
  public var rows: Int {
    switch self {
    case .vga(let display): display.rows
    case .framebuffer(let display): display.rows
    }
  }

  /// Makes everything look like a blank `cell`.
  public borrowing func clear(_ cell: Cell) {
    switch self {
    case .vga(let display): display.clear(cell)
    case .framebuffer(let display): display.clear(cell)
    }
  }

  /// Draws `cells`.
  public borrowing func draw(_ cells: Span<Cell>, column: Int, row: Int) {
    switch self {
    case .vga(let display): display.draw(cells, column: column, row: row)
    case .framebuffer(let display): display.draw(cells, column: column, row: row)
    }
  }
}
