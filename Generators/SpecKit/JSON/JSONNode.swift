/// A value of a JSON document that knows where it stood.
public final class JSONNode: Sendable, SourceLocated {
  /// A key and its value.
  public struct Member: Sendable {
    /// The key, unescaped.
    public let key: String
    /// The value.
    public let value: JSONNode
    let keyOffset: Int

    /// Where the key's opening quote stands.
    public var keyPosition: SourcePosition { value.source.position(at: keyOffset) }
  }

  /// What a node holds.
  public enum Value: Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number written without fraction and exponent.
    case integer(Int128)
    /// Any other number.
    case number(Double)
    /// A string, unescaped.
    case string(String)
    /// An array.
    case array([JSONNode])
    /// An object, its members in the order of the file.
    case object([Member])
  }

  /// What the node holds.
  public let value: Value
  /// Which value of the document it is.
  public let path: JSONPath
  let source: SourceText
  let offset: Int

  init(_ value: Value, path: JSONPath, source: SourceText, offset: Int) {
    self.value = value
    self.path = path
    self.source = source
    self.offset = offset
  }

  /// The file the node stood in, relative to the package root.
  public var file: String { source.file }

  /// Where the value's first character stands.
  public var position: SourcePosition { source.position(at: offset) }

  /// The member called `key`, or nil when there is none or the node is no object.
  public subscript(key: String) -> JSONNode? { members.first { $0.key == key }?.value }

  /// The element at `index`, or nil when there is none or the node is no array.
  public subscript(index: Int) -> JSONNode? { elements.indices.contains(index) ? elements[index] : nil }

  /// The members of an object; empty for any other value.
  public var members: [Member] {
    guard case .object(let members) = value else { return [] }
    return members
  }

  /// The elements of an array; empty for any other value.
  public var elements: [JSONNode] {
    guard case .array(let elements) = value else { return [] }
    return elements
  }

  /// The string, or nil for any other value.
  public var string: String? {
    guard case .string(let text) = value else { return nil }
    return text
  }

  /// The integer, or nil for any other value.
  public var integer: Int128? {
    guard case .integer(let number) = value else { return nil }
    return number
  }

  /// The truth value, or nil for any other value.
  public var bool: Bool? {
    guard case .bool(let truth) = value else { return nil }
    return truth
  }

  /// The node that `path` leads to from here, or nil.
  public func node(at path: JSONPath) -> JSONNode? {
    var node: JSONNode? = self
    for component in path.components {
      switch component {
      case .key(let key): node = node?[key]
      case .index(let index): node = node?[index]
      }
    }
    return node
  }

  /// True when both hold the same value in the sense of JSON Schema: member order does not matter, and 1 equals 1.0.
  public func isSame(as other: JSONNode) -> Bool {
    switch (value, other.value) {
    case (.null, .null): return true
    case (.bool(let left), .bool(let right)): return left == right
    case (.string(let left), .string(let right)): return left == right
    case (.integer(let left), .integer(let right)): return left == right
    case (.number(let left), .number(let right)): return left == right
    case (.integer(let left), .number(let right)), (.number(let right), .integer(let left)):
      return Double(left) == right
    case (.array(let left), .array(let right)):
      return left.count == right.count && zip(left, right).allSatisfy { $0.isSame(as: $1) }
    case (.object(let left), .object(let right)):
      return left.count == right.count && left.allSatisfy { other[$0.key]?.isSame(as: $0.value) ?? false }
    default: return false
    }
  }

  /// The value as a message shows it: short, in JSON's own notation where that is short.
  public var summary: String {
    switch value {
    case .null: "null"
    case .bool(let truth): truth ? "true" : "false"
    case .integer(let number): "\(number)"
    case .number(let number): "\(number)"
    case .string(let text): Self.quoted(text)
    case .array(let elements): elements.isEmpty ? "an empty array" : "an array"
    case .object(let members): members.isEmpty ? "an empty object" : "an object"
    }
  }

  /// `text` in quotes, cut after 60 characters.
  public static func quoted(_ text: String) -> String {
    text.count > 60 ? "\(String(text.prefix(57)).debugDescription.dropLast())...\"" : text.debugDescription
  }
}
