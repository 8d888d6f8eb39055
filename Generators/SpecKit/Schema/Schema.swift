/// A compiled JSON Schema: the part of draft 2020-12 that the specs need.
///
/// A keyword outside that part is a mistake in the schema, so that a misspelled rule cannot silently hold nothing.
/// Source: JSON Schema 2020-12, "Core" and "Validation".
final class Schema {
  /// The kinds of value that `type` names.
  enum Kind: String, CaseIterable {
    case null, boolean, integer, number, string, array, object

    /// The kind with its article, as messages say it.
    var phrase: String {
      switch self {
      case .null: "null"
      case .boolean: "true or false"
      case .integer: "an integer"
      case .number: "a number"
      case .string: "a string"
      case .array: "an array"
      case .object: "an object"
      }
    }
  }

  /// A regular expression and how the schema wrote it.
  struct Pattern {
    let text: String
    let matcher: PatternMatcher
  }

  /// What a node the schema stood in; messages about the schema itself point there.
  let node: JSONNode
  var refuses = false
  var kinds: [Kind] = []
  var title: String?
  var description: String?
  var reference: Schema?
  var constant: JSONNode?
  var allowed: [JSONNode]?

  var properties: [String: Schema] = [:]
  var propertyNames: [String] = []
  var required: [String] = []
  var dependentRequired: [(key: String, needs: [String])] = []
  var patternProperties: [(pattern: Pattern, schema: Schema)] = []
  var additionalProperties: Schema?
  var keys: Schema?
  var fewestProperties: Int?
  var mostProperties: Int?

  var prefixItems: [Schema] = []
  var items: Schema?
  var fewestItems: Int?
  var mostItems: Int?
  var uniqueItems = false

  var pattern: Pattern?
  var shortest: Int?
  var longest: Int?

  var minimum: JSONNode?
  var maximum: JSONNode?
  var exclusiveMinimum: JSONNode?
  var exclusiveMaximum: JSONNode?
  var multipleOf: JSONNode?

  var allOf: [Schema] = []
  var anyOf: [Schema] = []
  var oneOf: [Schema] = []
  var negated: Schema?
  var condition: Schema?
  var consequence: Schema?
  var alternative: Schema?

  init(_ node: JSONNode) { self.node = node }

  /// What to write, from the description of this schema or the one it refers to.
  var advice: String? {
    guard let text = description ?? reference?.advice else { return nil }
    let trimmed = text.hasSuffix(".") ? String(text.dropLast()) : text
    guard let first = trimmed.first, first.isUppercase, let second = trimmed.dropFirst().first,
      second.isLowercase || second == " "
    else { return trimmed }
    return first.lowercased() + trimmed.dropFirst()
  }
}
