import Foundations
import Machine

/// A value that the kernel got from AML or made for it. It lives for as long as this does.
///
/// It must not outlive its interpreter's thread: like the interpreter, one thread at a time may use it.
public struct AMLObject: ~Copyable {
  let interpreter: AMLInterpreter
  let value: AMLValue
  private let pin: UInt32

  init(_ value: AMLValue, in interpreter: AMLInterpreter) throws(AMLError) {
    pin = try interpreter.pins.add(value, limit: interpreter.limits.definitionCount)
    self.interpreter = interpreter
    self.value = value
  }

  deinit { interpreter.pins.remove(pin) }

  /// The type.
  public var type: AMLObjectType {
    if let node { return (try? interpreter.objectType(of: node)) ?? .uninitialized }
    return AMLInterpreter.objectType(of: value)
  }

  /// The number, of an integer, or of a string or buffer that AML would take for one.
  public var integer: UInt64? { try? interpreter.integer(of: value) }

  /// The number, of an integer only.
  public var exactInteger: UInt64? { if case .integer(let integer) = value { integer } else { nil } }

  private var bytes: AMLObjectIndex? {
    switch value {
    case .string(let bytes), .buffer(let bytes): bytes
    default: nil
    }
  }

  /// Whether it is a string.
  public var isString: Bool { if case .string = value { true } else { false } }
  /// Whether it is a buffer.
  public var isBuffer: Bool { if case .buffer = value { true } else { false } }
  /// Whether it is a package.
  public var isPackage: Bool { if case .package = value { true } else { false } }

  /// How many bytes a string or buffer has, or elements a package; zero for others.
  public var count: Int {
    if case .package(let package) = value { return interpreter.heap.elementCount(package) }
    return bytes.map { interpreter.heap.byteCount($0) } ?? 0
  }

  /// Byte `index` of a string or buffer, zero behind its end.
  public func byte(_ index: Int) -> UInt8 { bytes.map { interpreter.heap.byte($0, index) } ?? 0 }

  /// Whether it is a string or buffer of exactly these characters.
  public func isEqual(to text: String) -> Bool {
    guard bytes != nil, count == text.utf8.count else { return false }
    var index = 0
    for character in text.utf8 {
      guard byte(index) == character else { return false }
      index += 1
    }
    return true
  }

  /// Element `index` of a package; names in it are looked up.
  ///
  /// - Throws: `.packageLimit`, `.uninitializedElement`, `.notFound` for a name that does not exist, `.operandType` when it
  ///   is no package.
  public func element(_ index: Int) throws(AMLError) -> AMLObject {
    guard case .package(let package) = value else { throw .operandType }
    guard index >= 0, index < count else { throw .packageLimit }
    return try AMLObject(try interpreter.elementValue(package, UInt32(index)), in: interpreter)
  }

  /// The name that a reference leads to, such as a device in a package.
  public var node: AMLNode? {
    switch value {
    case .object(let node), .reference(.node(let node)), .reference(.named(let node)): node
    default: nil
    }
  }
}

/// What a method is called with: up to seven values.
public struct AMLArguments: ~Copyable {
  private let interpreter: AMLInterpreter
  private var pins = InlineArray<7, UInt32>(repeating: 0)
  /// How many there are.
  public private(set) var count = 0

  /// Creates a list without arguments, for methods of `interpreter`.
  public init(_ interpreter: AMLInterpreter) { self.interpreter = interpreter }

  deinit { for index in 0..<count { interpreter.pins.remove(pins[index]) } }

  subscript(index: Int) -> AMLValue { interpreter.pins[pins[index]] ?? .uninitialized }

  private mutating func append(_ value: AMLValue) throws(AMLError) {
    guard count < 7 else { throw .badArgumentCount }
    pins[count] = try interpreter.pins.add(value, limit: interpreter.limits.definitionCount)
    count += 1
  }

  /// Adds an integer.
  public mutating func append(_ integer: UInt64) throws(AMLError) {
    try append(.integer(interpreter.truncated(integer)))
  }

  /// Adds a string.
  public mutating func append(_ text: String) throws(AMLError) {
    try append(.string(try interpreter.makeString(text)))
  }

  /// Adds a buffer with these bytes.
  public mutating func append(buffer bytes: Span<UInt8>) throws(AMLError) {
    let buffer = try interpreter.heap.makeBytes(count: bytes.count)
    for index in bytes.indices { interpreter.heap.setByte(buffer, index, bytes[index]) }
    try append(.buffer(buffer))
  }

  /// Adds an empty package, as `_DSM` functions without parameters take it.
  public mutating func appendEmptyPackage() throws(AMLError) {
    try append(.package(try interpreter.heap.makePackage(count: 0)))
  }

  /// Adds a value that came from AML.
  public mutating func append(_ object: borrowing AMLObject) throws(AMLError) { try append(object.value) }
}
