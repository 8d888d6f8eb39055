import Foundations
import Machine

/// How a value is stored. Source: ACPI 6.5, section 19.3.5.
enum AMLStoring {
  /// A named object keeps its type: the value is converted. Store, and the results of most operators.
  case converting
  /// The value is of the type that the operator says: a name of another type takes it. ToInteger and the like.
  case typed
  /// Through an argument that holds a reference: the name takes the value as it is.
  case direct
  /// As it is, whatever it is and whatever was there. CopyObject.
  case copying
}

extension AMLInterpreter {
  /// Store: gives its value on.
  func performStore(_ base: Int, _ execution: AMLExecution) throws(AMLError) -> AMLOperand {
    let source = execution.operands[base]
    let value: AMLValue
    // The result of Index is stored as the reference that it is.
    if case .value(.reference(let reference)) = source {
      value = .reference(reference)
    } else {
      value = try self.value(source, execution)
    }
    if case .object = value, !isForgiving { throw .operandType }
    try store(value, in: execution.operands[base + 1], .converting, isStore: true, execution)
    return .value(value)
  }

  /// Stores `value` where `target` leads.
  func store(
    _ value: AMLValue, in target: AMLOperand, _ storing: AMLStoring, isStore: Bool = false, _ execution: AMLExecution
  ) throws(AMLError) {
    switch target {
    case .none: return
    case .slot(let number): try store(value, inSlot: number, execution)
    case .node(let node): try store(value, in: node, storing, isStore: isStore)
    case .value(.reference(.node(let node))), .value(.reference(.named(let node))):
      try store(value, in: node, storing, isStore: isStore)
    case .value(.reference(.slot(let call, let number))):
      try setSlot(ofCall: call, number, try copy(value))
    case .value(.reference(.element(let package, let index))):
      try heap.setElement(package, Int(index), try copy(value))
    case .value(.reference(.byte(let bytes, let index))): try store(value, inByte: Int(index), of: bytes)
    case .value(.debug): show(value)
    case .value, .name, .constant: throw .operandType
    }
  }

  /// Stores in a variable. An argument that holds a reference made by RefOf passes the value on to what it refers to.
  private func store(_ value: AMLValue, inSlot number: UInt8, _ execution: AMLExecution) throws(AMLError) {
    guard !execution.calls.isEmpty, number < 15 else { throw .uninitializedLocal }
    let top = execution.calls.count - 1
    if number >= 8 {
      switch execution.calls[top].slots[Int(number)] {
      case .reference(.node(let node)): return try store(value, in: node, .direct, isStore: false)
      case .reference(.slot(let call, let slot)): return try setSlot(ofCall: call, slot, try copy(value))
      default: break
      }
    }
    execution.calls[top].slots[Int(number)] = try copy(value)
  }

  /// One byte of a buffer or string, through Index.
  private func store(_ value: AMLValue, inByte index: Int, of bytes: AMLObjectIndex) throws(AMLError) {
    guard index < heap.byteCount(bytes) else { throw .bufferLimit }
    switch value {
    case .integer(let integer): heap.setByte(bytes, index, UInt8(truncatingIfNeeded: integer))
    case .buffer(let source), .string(let source): heap.setByte(bytes, index, heap.byte(source, 0))
    default: throw .operandType
    }
  }

  /// Stores under a name.
  func store(_ value: AMLValue, in node: AMLNode, _ storing: AMLStoring, isStore: Bool) throws(AMLError) {
    let node = try namespace.resolvingAliases(node)
    switch try namespace.record(node).content {
    case .field(let number): try writeField(number, try readThrough(value))
    case .value(let old): try replace(old, with: value, of: node, storing, isStore: isStore)
    case .device, .thermalZone, .processor, .powerResource, .mutex, .event, .region, .method, .scope:
      guard storing == .copying else { throw .targetType }
      if case .object(let object) = value { return try copyObject(object, to: node) }
      try namespace.setContent(.value(try copy(value)), of: node)
    case .free, .alias: throw .staleReference
    }
  }

  /// CopyObject of an object without a value: the name becomes another name of it.
  private func copyObject(_ object: AMLNode, to node: AMLNode) throws(AMLError) {
    guard object != node else { return }
    try namespace.setContent(.alias(object), of: node)
  }

  /// A value to be stored where only integers, strings and buffers can be: references are followed.
  private func readThrough(_ value: AMLValue) throws(AMLError) -> AMLValue {
    guard case .reference(let reference) = value else { return value }
    return try target(of: reference)
  }

  private func replace(
    _ old: AMLValue, with value: AMLValue, of node: AMLNode, _ storing: AMLStoring, isStore: Bool
  ) throws(AMLError) {
    if storing == .copying {
      if case .object(let object) = value { return try copyObject(object, to: node) }
      return try namespace.setContent(.value(try copy(value)), of: node)
    }
    switch old {
    case .integer, .string, .buffer:
      let value = try readThrough(value)
      switch value {
      case .integer, .string, .buffer: break
      default: throw .operandType
      }
      let isSameType = Self.objectType(of: value) == Self.objectType(of: old)
      guard storing == .converting || storing == .typed && isSameType else {
        return try namespace.setContent(.value(try copy(value)), of: node)
      }
      try convert(value, into: old, of: node)
    case .package:
      guard isStore, case .package = value else { throw .targetType }
      try namespace.setContent(.value(try copy(value)), of: node)
    default: try namespace.setContent(.value(try copy(value)), of: node)
    }
  }

  /// Stores with conversion to the type that the name has. Strings and buffers change in place: fields may be made on them.
  private func convert(_ value: AMLValue, into old: AMLValue, of node: AMLNode) throws(AMLError) {
    switch old {
    case .string(let target):
      let source = try string(of: value, .hexadecimal)
      guard source != target else { return }
      try heap.resize(target, to: heap.byteCount(source))
      heap.copyBytes(from: source, to: target, count: heap.byteCount(source))
    case .buffer(let target):
      let source = try buffer(of: value)
      guard source != target else { return }
      // A buffer keeps its length, but for one without any.
      if heap.byteCount(target) == 0 { try heap.resize(target, to: heap.byteCount(source)) }
      let count = heap.byteCount(source)
      heap.copyBytes(from: source, to: target, count: count)
      for index in min(count, heap.byteCount(target))..<heap.byteCount(target) { heap.setByte(target, index, 0) }
    default: try namespace.setContent(.value(.integer(truncated(try integer(of: value)))), of: node)
    }
  }

  /// What was stored in the debug object, for the log.
  private func show(_ value: AMLValue) {
    switch value {
    case .integer(let integer): host.debug("\(hex: integer)")
    case .string(let string):
      var text = Message()
      for index in 0..<heap.byteCount(string) { text.write(byte: heap.byte(string, index)) }
      host.debug(text)
    case .buffer(let buffer): host.debug("buffer of \(heap.byteCount(buffer)) bytes")
    case .package(let package): host.debug("package of \(heap.elementCount(package)) elements")
    default: host.debug("object")
    }
  }
}
