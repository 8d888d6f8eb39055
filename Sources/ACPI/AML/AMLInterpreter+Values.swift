import Foundations
import Machine

/// Reading operands.
extension AMLInterpreter {
  /// What an operand stands for: variables, names and elements of packages are read.
  ///
  /// A reference that a variable holds stays one: only DerefOf follows it. Source: ACPI 6.5, section 19.6.30.
  func value(_ operand: AMLOperand, _ execution: AMLExecution) throws(AMLError) -> AMLValue {
    switch operand {
    case .value(.uninitialized): throw .noReturnValue
    case .value(.reference(.element(let package, let index))):
      return try elementValue(package, index)
    case .value(let value): return value
    case .slot(let number): return try slot(number, execution)
    case .node(let node): return try value(of: node)
    case .none, .name, .constant: throw .operandType
    }
  }

  /// What a name stands for: fields are read; what has no value, such as a device, is given as itself.
  func value(of node: AMLNode) throws(AMLError) -> AMLValue {
    let node = try namespace.resolvingAliases(node)
    switch try namespace.record(node).content {
    case .value(let value): return value
    case .field(let number): return try readField(number)
    case .device, .thermalZone, .processor, .powerResource, .method, .mutex, .event, .region: return .object(node)
    case .free, .scope, .alias: throw .uninitializedNode
    }
  }

  /// An element of a package, with names in it looked up.
  func elementValue(_ package: AMLObjectIndex, _ index: UInt32) throws(AMLError) -> AMLValue {
    let value = try heap.element(package, Int(index))
    guard value != .uninitialized else { throw .uninitializedElement }
    return try resolved(value)
  }

  /// The value that a name in a package stands for; other values stay as they are.
  func resolved(_ value: AMLValue) throws(AMLError) -> AMLValue {
    if case .reference(.named(let node)) = value {
      guard case .value(let held) = try namespace.record(node).content else { return value }
      return held
    }
    guard case .unresolved(let number) = value else { return value }
    guard Int(number) < unresolvedNames.count else { throw .notFound }
    let name = unresolvedNames[Int(number)]
    guard let path = try path(name), let node = try find(path, in: name.scope) else { throw .notFound }
    return try packageElement(for: node)
  }

  private func path(_ name: AMLUnresolvedName) throws(AMLError) -> AMLPath? {
    let reader = AMLExecution(identifier: 0, limits: limits)
    reader.table = name.table
    reader.offset = name.offset
    return try takePath(reader)
  }

  /// What an element is that names `node`: the value of data, else a reference. Source: ACPI 6.5, section 19.6.102.
  func packageElement(for node: AMLNode) throws(AMLError) -> AMLValue {
    let value = try value(of: node)
    if case .object(let object) = value { return .reference(.named(object)) }
    return value
  }

  // MARK: Conversion of operands

  func integer(_ operand: AMLOperand, _ execution: AMLExecution) throws(AMLError) -> UInt64 {
    try integer(of: try value(operand, execution))
  }

  /// The value as an integer. Source: ACPI 6.5, table 19.6, implicit conversions.
  func integer(of value: AMLValue) throws(AMLError) -> UInt64 {
    switch value {
    case .integer(let integer): return integer
    case .string(let string): return integer(ofHexadecimal: string)
    case .buffer(let buffer):
      let count = min(heap.byteCount(buffer), integerWidth)
      guard count > 0 else { throw .bufferLimit }
      return heap.extract(count: count * 8, at: 0, of: buffer)
    case .unresolved: return try integer(of: try resolved(value))
    case .uninitialized, .package, .reference, .object, .table, .debug: throw .operandType
    }
  }

  /// Hexadecimal digits up to the first other character or until the integer is full.
  private func integer(ofHexadecimal string: AMLObjectIndex) -> UInt64 {
    var (value, index): (UInt64, Int) = (0, 0)
    let count = heap.byteCount(string)
    while index < count, Self.isSpace(heap.byte(string, index)) { index += 1 }
    if index + 1 < count, heap.byte(string, index) == 0x30, heap.byte(string, index + 1) | 0x20 == 0x78 { index += 2 }
    while index < count, let digit = Self.digit(heap.byte(string, index)), value >> UInt64(integerWidth * 8 - 4) == 0 {
      value = value << 4 | digit
      index += 1
    }
    return value
  }

  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }

  static func digit(_ byte: UInt8) -> UInt64? {
    switch byte {
    case 0x30...0x39: UInt64(byte - 0x30)
    case 0x41...0x46: UInt64(byte - 0x37)
    case 0x61...0x66: UInt64(byte - 0x57)
    default: nil
    }
  }

  /// The value as a buffer: an integer in little-endian order, a string with its zero byte.
  func buffer(of value: AMLValue) throws(AMLError) -> AMLObjectIndex {
    switch value {
    case .buffer(let buffer): return buffer
    case .integer(let integer):
      let buffer = try heap.makeBytes(count: integerWidth)
      heap.deposit(integer, count: integerWidth * 8, at: 0, in: buffer)
      return buffer
    case .string(let string):
      // The string's terminating zero belongs to the buffer.
      let buffer = try heap.makeBytes(count: heap.byteCount(string) + 1)
      heap.copyBytes(from: string, to: buffer, count: heap.byteCount(string))
      return buffer
    case .unresolved: return try self.buffer(of: try resolved(value))
    case .uninitialized, .package, .reference, .object, .table, .debug: throw .operandType
    }
  }

  // MARK: Copies

  /// A copy of a value, which nothing else leads to: packages with all that they hold.
  func copy(_ value: AMLValue) throws(AMLError) -> AMLValue { try copy(value, depth: 0) }

  private func copy(_ value: AMLValue, depth: Int) throws(AMLError) -> AMLValue {
    switch value {
    case .string(let source): return .string(try copyBytes(source))
    case .buffer(let source): return .buffer(try copyBytes(source))
    case .package(let source):
      guard depth < limits.packageDepth else { throw .depthLimit }
      let count = heap.elementCount(source)
      let target = try heap.makePackage(count: count)
      for number in 0..<count {
        let element = try copy(try resolvedIfPossible(try heap.element(source, number)), depth: depth + 1)
        try heap.setElement(target, number, element)
      }
      return .package(target)
    case .uninitialized, .integer, .reference, .object, .unresolved, .table, .debug: return value
    }
  }

  /// Elements that lead nowhere stay what they are until somebody reads them.
  private func resolvedIfPossible(_ value: AMLValue) throws(AMLError) -> AMLValue {
    do { return try resolved(value) } catch {
      if error == .heapLimit || error == .outOfMemory { throw error }
      return value
    }
  }

  func copyBytes(_ source: AMLObjectIndex) throws(AMLError) -> AMLObjectIndex {
    let count = heap.byteCount(source)
    let target = try heap.makeBytes(count: count)
    heap.copyBytes(from: source, to: target, count: count)
    return target
  }
}
