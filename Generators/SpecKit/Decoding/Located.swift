/// A decoded value together with where it stood in the spec.
public struct Located<Value: Decodable>: Decodable, SourceLocated {
  /// What was decoded.
  public let value: Value
  /// Where it begins.
  public let position: SourcePosition
  /// Which value of the document it is.
  public let path: JSONPath

  /// A value that stood at `position`.
  public init(_ value: Value, position: SourcePosition, path: JSONPath) {
    self.value = value
    self.position = position
    self.path = path
  }

  /// Decodes the value and remembers its place when the decoder reads a spec.
  public init(from decoder: any Decoder) throws {
    let node = (decoder as? SpecDecoder)?.node
    self.init(try Value(from: decoder), position: node?.position ?? .start, path: node?.path ?? .root)
  }
}

extension Located: Sendable where Value: Sendable {}

/// The members of an object whose keys are data, in the order of the file.
public struct OrderedMembers<Value: Decodable>: Decodable {
  /// A key, where it stands, and its value.
  public struct Member {
    /// The key.
    public let key: Located<String>
    /// The value.
    public let value: Value
  }

  /// The members.
  public let members: [Member]

  /// Decodes an object.
  public init(from decoder: any Decoder) throws {
    guard let node = (decoder as? SpecDecoder)?.node, case .object(let members) = node.value else {
      throw DecodingError.typeMismatch(
        Self.self, .init(codingPath: decoder.codingPath, debugDescription: "not an object"))
    }
    self.members = try members.map { member throws(SpecErrors) in
      Member(
        key: Located(member.key, position: member.keyPosition, path: member.value.path),
        value: try SpecDecoder.decode(Value.self, from: member.value))
    }
  }
}

extension OrderedMembers.Member: Sendable where Value: Sendable {}
extension OrderedMembers: Sendable where Value: Sendable {}
