/// Decodes `Decodable` types from a JSON node.
///
/// Integers may stand as JSON integers or as strings like `"0x60"`. What the schema should have caught and did not still gets a
/// diagnostic with its place.
struct SpecDecoder: Decoder {
  let node: JSONNode
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  private init(_ node: JSONNode, _ codingPath: [any CodingKey]) {
    self.node = node
    self.codingPath = codingPath
  }

  /// The value of type `Value` that `node` holds.
  static func decode<Value: Decodable>(_ type: Value.Type, from node: JSONNode) throws(SpecErrors) -> Value {
    do {
      return try Value(from: SpecDecoder(node, []))
    } catch let errors as SpecErrors {
      throw errors
    } catch let error as DecodingError {
      throw SpecErrors([diagnostic(for: error, in: node)])
    } catch {
      throw SpecErrors([Diagnostic(node, problem: "\(error)", remedy: "correct it")])
    }
  }

  private static func diagnostic(for error: DecodingError, in root: JSONNode) -> Diagnostic {
    let (context, problem): (DecodingError.Context, String?) =
      switch error {
      case .keyNotFound(let key, let context): (context, "the key \(key.stringValue.debugDescription) is missing")
      case .dataCorrupted(let context): (context, nil)
      case .typeMismatch(_, let context): (context, nil)
      case .valueNotFound(_, let context): (context, "the value is missing")
      @unknown default: (DecodingError.Context(codingPath: [], debugDescription: "\(error)"), nil)
      }
    var node = root
    for key in context.codingPath { node = key.intValue.flatMap { node[$0] } ?? node[key.stringValue] ?? node }
    return Diagnostic(
      node, problem: problem ?? context.debugDescription, remedy: "write what the schema's description asks for")
  }

  fileprivate func child(_ node: JSONNode, _ key: any CodingKey) -> SpecDecoder {
    SpecDecoder(node, codingPath + [key])
  }

  fileprivate func mismatch(_ wanted: String) -> SpecErrors {
    SpecErrors([Diagnostic(node, problem: "\(node.summary) is not \(wanted)", remedy: "write \(wanted)")])
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard case .object = node.value else { throw mismatch("an object") }
    return KeyedDecodingContainer(Keyed<Key>(decoder: self))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .array = node.value else { throw mismatch("an array") }
    return Unkeyed(decoder: self)
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

  fileprivate func integer<Number: FixedWidthInteger>(_ type: Number.Type) throws -> Number {
    guard let wide = SpecInteger(node)?.value else { throw mismatch("an integer, or a string like \"0x60\"") }
    guard let number = Number(exactly: wide) else { throw mismatch("an integer of \(Number.min)...\(Number.max)") }
    return number
  }
}

extension SpecDecoder: SingleValueDecodingContainer {
  func decodeNil() -> Bool {
    guard case .null = node.value else { return false }
    return true
  }

  func decode(_ type: Bool.Type) throws -> Bool {
    guard let truth = node.bool else { throw mismatch("true or false") }
    return truth
  }

  func decode(_ type: String.Type) throws -> String {
    guard let text = node.string else { throw mismatch("a string") }
    return text
  }

  func decode(_ type: Double.Type) throws -> Double {
    switch node.value {
    case .integer(let number): return Double(number)
    case .number(let number): return number
    default: throw mismatch("a number")
    }
  }

  func decode(_ type: Float.Type) throws -> Float { Float(try decode(Double.self)) }
  func decode(_ type: Int.Type) throws -> Int { try integer(type) }
  func decode(_ type: Int8.Type) throws -> Int8 { try integer(type) }
  func decode(_ type: Int16.Type) throws -> Int16 { try integer(type) }
  func decode(_ type: Int32.Type) throws -> Int32 { try integer(type) }
  func decode(_ type: Int64.Type) throws -> Int64 { try integer(type) }
  func decode(_ type: UInt.Type) throws -> UInt { try integer(type) }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try integer(type) }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try integer(type) }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try integer(type) }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try integer(type) }
  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try Value(from: self) }
}

extension SpecDecoder {
  private struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let decoder: SpecDecoder
    var codingPath: [any CodingKey] { decoder.codingPath }
    var allKeys: [Key] { decoder.node.members.compactMap { Key(stringValue: $0.key) } }

    func contains(_ key: Key) -> Bool { decoder.node[key.stringValue] != nil }

    private func value(_ key: Key) throws -> SpecDecoder {
      guard let node = decoder.node[key.stringValue] else {
        throw DecodingError.keyNotFound(key, .init(codingPath: codingPath, debugDescription: ""))
      }
      return decoder.child(node, key)
    }

    func decodeNil(forKey key: Key) throws -> Bool { try value(key).decodeNil() }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value { try Value(from: value(key)) }

    func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
      try value(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
      try value(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { decoder }
    func superDecoder(forKey key: Key) throws -> any Decoder { try value(key) }
  }

  private struct Index: CodingKey {
    let index: Int
    var intValue: Int? { index }
    var stringValue: String { "\(index)" }
    init(_ index: Int) { self.index = index }
    init?(intValue: Int) { index = intValue }
    init?(stringValue: String) { nil }
  }

  private struct Unkeyed: UnkeyedDecodingContainer {
    let decoder: SpecDecoder
    var currentIndex = 0
    var codingPath: [any CodingKey] { decoder.codingPath }
    var count: Int? { decoder.node.elements.count }
    var isAtEnd: Bool { currentIndex >= decoder.node.elements.count }

    init(decoder: SpecDecoder) { self.decoder = decoder }

    private mutating func next() throws -> SpecDecoder {
      guard let node = decoder.node[currentIndex] else { throw decoder.mismatch("an array with more elements") }
      defer { currentIndex += 1 }
      return decoder.child(node, Index(currentIndex))
    }

    mutating func decodeNil() throws -> Bool {
      guard let node = decoder.node[currentIndex], case .null = node.value else { return false }
      currentIndex += 1
      return true
    }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try Value(from: next()) }

    mutating func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
      try next().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next().unkeyedContainer() }
    mutating func superDecoder() throws -> any Decoder { try next() }
  }
}
