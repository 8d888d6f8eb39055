/// Where a text screen becomes visible: a grid of character positions.
public protocol TextDisplay: ~Copyable {
  /// How many characters stand in a row; constant.
  var columns: Int { get }
  /// How many rows there are; constant.
  var rows: Int { get }

  /// Makes everything look like a blank `cell`, margins too.
  borrowing func clear(_ cell: Cell)

  /// Draws `cells` from `column` on in `row`; what is not on the grid is left out.
  borrowing func draw(_ cells: Span<Cell>, column: Int, row: Int)
}
