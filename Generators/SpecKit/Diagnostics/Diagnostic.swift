/// One mistake in a spec: where it is, what is wrong, and what to write instead.
public struct Diagnostic: Error, Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The file, relative to the package root.
  public var file: String
  /// Where the mistake begins.
  public var position: SourcePosition
  /// Which value is mistaken.
  public var path: JSONPath
  /// What is wrong, such as `9 is not an IST index`.
  public var problem: String
  /// What to write instead, such as `use 0 (none) or 1...7`.
  public var remedy: String

  /// A mistake in `file` at `position`.
  public init(file: String, position: SourcePosition, path: JSONPath, problem: String, remedy: String) {
    self.file = file
    self.position = position
    self.path = path
    self.problem = problem
    self.remedy = remedy
  }

  /// A mistake in the value that `node` is.
  public init(_ node: JSONNode, problem: String, remedy: String) {
    self.init(file: node.file, position: node.position, path: node.path, problem: problem, remedy: remedy)
  }

  /// `Specs/interrupts.json:41:17: vectors[14].ist: 9 is not an IST index; use 0 (none) or 1...7`.
  public var description: String { "\(file):\(position): \(path): \(problem); \(remedy)" }

  /// Orders by file and place, so that a list reads from top to bottom.
  public static func < (left: Diagnostic, right: Diagnostic) -> Bool {
    if left.file != right.file { return left.file < right.file }
    if left.position != right.position { return left.position < right.position }
    return left.description < right.description
  }
}

/// All the mistakes found in one run.
public struct SpecErrors: Error, Hashable, Sendable, CustomStringConvertible {
  /// The mistakes, by file and place, without repetition.
  public let diagnostics: [Diagnostic]

  /// The mistakes `diagnostics`, sorted.
  public init(_ diagnostics: [Diagnostic]) { self.diagnostics = Set(diagnostics).sorted() }

  /// One line a mistake.
  public var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}
