/// What a kind of spec means: decodes from a document that holds to the schema, and checks what a schema cannot say.
public protocol SpecModel: Decodable {
  /// The file name of the schema, such as `interrupts.schema.json`.
  static var schema: String { get }

  /// How many entries the spec has; `SpecGen check` counts them.
  var entryCount: Int { get }

  /// Reports every mistake that the schema lets pass: duplicates, gaps, overlaps, values that do not fit together.
  func check(_ context: inout CheckContext)
}

/// Collects what a model's checks find.
public struct CheckContext {
  /// The document under check.
  public let document: SpecDocument
  /// What was found so far.
  public private(set) var diagnostics: [Diagnostic] = []

  /// A context for the checks of `document`.
  public init(document: SpecDocument) { self.document = document }

  /// Reports that the value at `place` is wrong.
  public mutating func report(_ place: some SourceLocated, _ problem: String, _ remedy: String) {
    report(place.position, place.path, problem, remedy)
  }

  /// Reports that something at `position` is wrong.
  public mutating func report(_ position: SourcePosition, _ path: JSONPath, _ problem: String, _ remedy: String) {
    diagnostics.append(
      Diagnostic(file: document.file, position: position, path: path, problem: problem, remedy: remedy))
  }

  /// Reports every value of `places` that an earlier one already has.
  ///
  /// - Parameter what: the name of the thing that must be unique, such as `vector` or `name`.
  public mutating func reportDuplicates<Value: Hashable>(of what: String, in places: [Located<Value>]) {
    var seen: [Value: Located<Value>] = [:]
    for place in places {
      guard let first = seen[place.value] else {
        seen[place.value] = place
        continue
      }
      let value = (place.value as? SpecInteger).map { "\($0.value)" } ?? "\(place.value)"
      report(
        place, "the \(what) \(value) is already taken by \(first.path) on line \(first.position.line)",
        "give each its own \(what)")
    }
  }
}
