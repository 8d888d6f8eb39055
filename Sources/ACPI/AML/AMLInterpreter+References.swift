import Foundations
import Machine

/// References: RefOf, DerefOf, Index, and operators that look through them.
extension AMLInterpreter {
  /// How many references may follow each other.
  private static let chainLimit = 32

  /// RefOf. Source: ACPI 6.5, section 19.6.117.
  func reference(to operand: AMLOperand, _ execution: AMLExecution) throws(AMLError) -> AMLValue {
    switch operand {
    case .node(let node): return .reference(.node(node))
    case .slot(let number):
      guard !execution.calls.isEmpty else { throw .uninitializedLocal }
      return .reference(.slot(call: execution.calls[execution.calls.count - 1].serial, number))
    case .value(.reference(let reference)): return .reference(reference)
    case .value(.debug): return .debug
    default: throw .operandType
    }
  }

  /// CondRefOf: ones and a reference, or zero. Source: ACPI 6.5, section 19.6.14.
  func performCondRefOf(_ base: Int, _ execution: AMLExecution) throws(AMLError) -> AMLOperand {
    if case .none = execution.operands[base] { return .value(.integer(0)) }
    let reference = try reference(to: execution.operands[base], execution)
    try store(reference, in: execution.operands[base + 1], .copying, execution)
    return .value(.integer(truncated(.max)))
  }

  /// Index: a reference to an element or byte. Source: ACPI 6.5, section 19.6.63.
  func performIndex(_ base: Int, _ execution: AMLExecution) throws(AMLError) -> AMLOperand {
    let source = try value(execution.operands[base], execution)
    let index = try integer(execution.operands[base + 1], execution)
    let result: AMLValue
    switch source {
    case .package(let package):
      guard index < UInt64(heap.elementCount(package)) else { throw .packageLimit }
      result = .reference(.element(package, UInt32(index)))
    case .buffer(let buffer):
      guard index < UInt64(heap.byteCount(buffer)) else { throw .bufferLimit }
      result = .reference(.byte(buffer, UInt32(index)))
    case .string(let string):
      guard index < UInt64(heap.byteCount(string)) else { throw .stringLimit }
      result = .reference(.byte(string, UInt32(index)))
    default: throw .operandType
    }
    try store(result, in: execution.operands[base + 2], .converting, isStore: true, execution)
    return .value(result)
  }

  /// What a reference leads to, one step: a byte of a buffer as an integer, a field read.
  func target(of reference: AMLReference) throws(AMLError) -> AMLValue {
    switch reference {
    case .node(let node), .named(let node): return try value(of: node)
    case .slot(let call, let number): return try slot(ofCall: call, number)
    case .element(let package, let index): return try elementValue(package, index)
    case .byte(let bytes, let index):
      guard Int(index) < heap.byteCount(bytes) else { throw .bufferLimit }
      return .integer(UInt64(heap.byte(bytes, Int(index))))
    }
  }

  /// DerefOf: what a reference leads to, or a string names. Source: ACPI 6.5, section 19.6.30.
  func dereference(_ operand: AMLOperand, _ execution: AMLExecution) throws(AMLError) -> AMLValue {
    let value: AMLValue
    switch operand {
    case .value(.uninitialized): throw .noReturnValue
    case .value(let direct): value = direct
    case let other: value = try self.value(other, execution)
    }
    switch value {
    case .reference(let reference): return try target(of: reference)
    case .string(let string):
      guard let node = try find(nameIn: string, from: execution.scope) else { throw .notFound }
      return try self.value(of: node)
    default: throw .operandType
    }
  }

  /// What the return of a method gives: an element of a package is read, so that it does not outlive the package.
  func returnedValue(_ operand: AMLOperand, _ execution: AMLExecution) throws(AMLError) -> AMLValue {
    if case .value(.uninitialized) = operand { return .uninitialized }
    let value = try self.value(operand, execution)
    if case .reference(.element(let package, let index)) = value { return try elementValue(package, index) }
    return value
  }

  // MARK: Looking through references

  /// What is behind all references: a value, or the node of an object.
  private func bottom(_ operand: AMLOperand, _ execution: AMLExecution) throws(AMLError) -> AMLOperand {
    var operand = operand
    for _ in 0..<Self.chainLimit {
      let value: AMLValue
      switch operand {
      case .node(let node):
        let node = try namespace.resolvingAliases(node)
        guard case .value(let held) = try namespace.record(node).content else { return .node(node) }
        value = held
      case .slot(let number):
        guard !execution.calls.isEmpty else { throw .uninitializedLocal }
        value = execution.calls[execution.calls.count - 1].slots[Int(number)]
      case .value(let direct): value = direct
      default: throw .operandType
      }
      switch value {
      case .reference(.node(let node)), .reference(.named(let node)), .object(let node): operand = .node(node)
      case .reference(.slot(let call, let number)): operand = .value(try slot(ofCall: call, number))
      case .reference(.element(let package, let index)):
        operand = .value(try resolved(try heap.element(package, Int(index))))
      default: return .value(value)
      }
    }
    throw .depthLimit
  }

  /// SizeOf. Source: ACPI 6.5, section 19.6.127.
  func size(_ operand: AMLOperand, _ execution: AMLExecution) throws(AMLError) -> UInt64 {
    switch try bottom(operand, execution) {
    case .value(.integer): return UInt64(integerWidth)
    case .value(.string(let bytes)), .value(.buffer(let bytes)): return UInt64(heap.byteCount(bytes))
    case .value(.package(let package)): return UInt64(heap.elementCount(package))
    default: throw .operandType
    }
  }

  /// ObjectType. Source: ACPI 6.5, section 19.6.96.
  func objectType(_ operand: AMLOperand, _ execution: AMLExecution) throws(AMLError) -> AMLObjectType {
    switch try bottom(operand, execution) {
    case .node(let node): try self.objectType(of: node)
    case .value(let value): Self.objectType(of: value)
    default: .uninitialized
    }
  }

  /// The type of what a name stands for.
  public func objectType(of node: AMLNode) throws(AMLError) -> AMLObjectType {
    switch try namespace.record(try namespace.resolvingAliases(node)).content {
    case .free, .scope, .alias: return .uninitialized
    case .value(let value): return Self.objectType(of: value)
    case .device: return .device
    case .thermalZone: return .thermalZone
    case .processor: return .processor
    case .powerResource: return .powerResource
    case .method: return .method
    case .mutex: return .mutex
    case .event: return .event
    case .region: return .operationRegion
    case .field(let number):
      guard let field = fields[number] else { return .uninitialized }
      return field.isBufferField ? .bufferField : .fieldUnit
    }
  }

  static func objectType(of value: AMLValue) -> AMLObjectType {
    switch value {
    case .uninitialized, .unresolved, .object: .uninitialized
    case .integer: .integer
    case .string: .string
    case .buffer: .buffer
    case .package: .package
    case .reference(.byte): .bufferField
    case .reference: .uninitialized
    case .table: .table
    case .debug: .debug
    }
  }
}
