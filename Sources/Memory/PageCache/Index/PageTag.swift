/// What is to be found again quickly about some of a file's pages.
public enum PageTag: Int, Sendable {
  /// The page differs from what is on disk.
  case dirty
  /// The page is being written to disk.
  case writeback

  /// How many tags there are.
  static let count = 2
}
