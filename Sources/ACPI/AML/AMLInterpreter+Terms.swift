import Foundations
import Machine

/// Starting terms: what is at the current place of the code.
extension AMLInterpreter {
  /// Starts the next operand of an operator.
  func startOperand(_ kind: AMLOperandKind, _ execution: AMLExecution) throws(AMLError) {
    switch kind {
    case .none: return
    case .value: try startTerm(execution, isTarget: false)
    case .superName: try startTerm(execution, isTarget: true)
    case .target:
      guard try peekByte(execution) != 0 else {
        execution.offset += 1
        return try push(.none, execution)
      }
      try startTerm(execution, isTarget: true)
    case .conditionalName:
      guard Self.isNameStart(try peekByte(execution)) else { return try startTerm(execution, isTarget: true) }
      let path = try takePath(execution)
      if let node = try find(path, in: execution.scope) {
        try push(.node(node), execution)
      } else {
        try push(.none, execution)
      }
    case .newName:
      try push(.name(execution.offset), execution)
      _ = try takePath(execution)
    case .byte: try push(.constant(try takeInteger(execution, count: 1)), execution)
    case .word: try push(.constant(try takeInteger(execution, count: 2)), execution)
    case .doubleWord: try push(.constant(try takeInteger(execution, count: 4)), execution)
    }
  }

  /// Starts the term at the current place. A short one is delivered at once; others go on the stack.
  ///
  /// - Parameter isTarget: The term stands where something is stored or looked at: a method's name is not a call.
  func startTerm(_ execution: AMLExecution, isTarget: Bool) throws(AMLError) {
    let start = execution.offset
    let limit = enclosingEnd(execution)
    guard start < limit else { throw .truncated }
    let top = execution.pending.count - 1
    if execution.pending[top].kind == .block { execution.pending[top].statement = start }
    if Self.isNameStart(try peekByte(execution)) { return try startName(execution, start, isTarget: isTarget) }
    let opcode = try takeOpcode(execution)
    if let operand = try simpleTerm(opcode, execution) {
      if isTarget, case .value(.integer) = operand { throw .badOpcode(opcode.rawValue) }
      return try deliver(operand, execution)
    }
    if isTarget && opcode != .refOf && opcode != .derefOf && opcode != .index { throw .badOpcode(opcode.rawValue) }
    // A term that defines something or steers the flow has no value, so it cannot stand for one.
    if execution.pending[top].kind != .block && opcode.isStatement { throw .badOpcode(opcode.rawValue) }
    var pending = AMLPending(
      kind: .operation, opcode: opcode, start: start, end: limit, operandBase: execution.operands.count)
    switch opcode {
    case .ifThen, .whileLoop, .buffer, .variablePackage:
      pending.end = try takePackageEnd(execution)
      pending.extra = execution.offset
      try push(pending, execution)
    case .package:
      pending.end = try takePackageEnd(execution)
      try startElements(pending, count: Int(try takeByte(execution)), execution)
    case .bankField: try startBankFields(pending, execution)
    case .elseThen: throw .badOpcode(opcode.rawValue)
    default:
      guard opcode.operands == nil else { return try push(pending, execution) }
      try startDefinition(opcode, execution)
    }
  }

  /// Constants and variables.
  private func simpleTerm(_ opcode: AMLOpcode, _ execution: AMLExecution) throws(AMLError) -> AMLOperand? {
    switch opcode {
    case .zero: return .value(.integer(0))
    case .one: return .value(.integer(1))
    case .ones: return .value(.integer(truncated(UInt64.max)))
    case .byteConstant: return .value(.integer(try takeInteger(execution, count: 1)))
    case .wordConstant: return .value(.integer(try takeInteger(execution, count: 2)))
    case .doubleWordConstant: return .value(.integer(try takeInteger(execution, count: 4)))
    case .quadWordConstant: return .value(.integer(truncated(try takeInteger(execution, count: 8))))
    case .revision: return .value(.integer(0x2020_0925))
    case .debug: return .value(.debug)
    case .string: return .value(.string(try takeString(execution)))
    default:
      guard (0x60...0x6e).contains(opcode.rawValue) else { return nil }
      return .slot(UInt8(opcode.rawValue - 0x60))
    }
  }

  private func takeString(_ execution: AMLExecution) throws(AMLError) -> AMLObjectIndex {
    let start = execution.offset
    while try takeByte(execution) != 0 {}
    let count = Int(execution.offset - start) - 1
    let string = try heap.makeBytes(count: count)
    for index in 0..<count { heap.setByte(string, index, try byte(execution.table, start + UInt32(index))) }
    return string
  }

  /// A name: an object, or a call of a method.
  private func startName(_ execution: AMLExecution, _ start: UInt32, isTarget: Bool) throws(AMLError) {
    let path = try takePath(execution)
    guard let node = try find(path, in: execution.scope) else { throw .notFound }
    if !isTarget, case .method = try namespace.record(node).content {
      return try push(
        AMLPending(
          kind: .invocation, opcode: .method, start: start, end: enclosingEnd(execution),
          operandBase: execution.operands.count, node: node), execution)
    }
    // A name is read when its turn comes, a variable when the operator runs, as in ACPICA.
    try deliver(isTarget ? .node(node) : .value(try value(of: node)), execution)
  }

  // MARK: Lists of terms

  /// Enters a list of terms, whose names are looked up from `scope`.
  func enterBlock(_ opcode: AMLOpcode, end: UInt32, scope: AMLNode, extra: UInt32 = 0, _ execution: AMLExecution)
    throws(AMLError)
  {
    try push(
      AMLPending(
        kind: .block, opcode: opcode, start: execution.offset, end: end, operandBase: execution.operands.count,
        node: execution.scope, extra: extra), execution)
    execution.scope = scope
  }

  /// Leaves a list of terms at its end.
  func finishBlock(_ execution: AMLExecution) throws(AMLError) {
    guard let block = execution.pending.popLast() else { return }
    execution.scope = block.node
    switch block.opcode {
    case .whileLoop: try startWhile(block, execution)
    case .method: try returnFromCall(.uninitialized, hasValue: false, execution)
    case .ifThen: if let end = try takeElse(execution) { execution.offset = end }
    default: break
    }
  }

  /// Takes the head of an Else if one follows; gives its end.
  private func takeElse(_ execution: AMLExecution) throws(AMLError) -> UInt32? {
    guard execution.offset < enclosingEnd(execution), try peekByte(execution) == 0xa1 else { return nil }
    execution.offset += 1
    return try takePackageEnd(execution)
  }

  func performIf(_ pending: AMLPending, _ execution: AMLExecution) throws(AMLError) {
    let isTrue = try integer(execution.operands[pending.operandBase], execution) != 0
    dropTop(pending, execution)
    if isTrue { return try enterBlock(.ifThen, end: pending.end, scope: execution.scope, execution) }
    execution.offset = pending.end
    if let end = try takeElse(execution) { try enterBlock(.elseThen, end: end, scope: execution.scope, execution) }
  }

  func performWhile(_ pending: AMLPending, _ execution: AMLExecution) throws(AMLError) {
    let isTrue = try integer(execution.operands[pending.operandBase], execution) != 0
    dropTop(pending, execution)
    if isTrue {
      try enterBlock(.whileLoop, end: pending.end, scope: execution.scope, extra: pending.extra, execution)
    } else {
      execution.offset = pending.end
    }
  }

  /// Evaluates the loop's predicate once more.
  private func startWhile(_ block: AMLPending, _ execution: AMLExecution) throws(AMLError) {
    execution.offset = block.extra
    try push(
      AMLPending(
        kind: .operation, opcode: .whileLoop, start: block.extra, end: block.end,
        operandBase: execution.operands.count, extra: block.extra), execution)
  }

  /// Break and Continue.
  func leaveLoop(isContinuing: Bool, _ execution: AMLExecution) throws(AMLError) {
    var loop = execution.pending.count - 1
    while loop >= 0, execution.pending[loop].opcode != .whileLoop || execution.pending[loop].kind != .block {
      guard execution.pending[loop].opcode != .method else { throw .noLoop }
      loop -= 1
    }
    guard loop >= 0 else { throw .noLoop }
    while execution.pending.count > loop, let pending = execution.pending.popLast() {
      while execution.operands.count > pending.operandBase { _ = execution.operands.popLast() }
      guard pending.kind == .block else { continue }
      execution.scope = pending.node
      guard execution.pending.count == loop else { continue }
      execution.offset = pending.end
      return isContinuing ? try startWhile(pending, execution) : ()
    }
  }

  /// Takes a finished term from the stack that has no value.
  func dropTop(_ pending: AMLPending, _ execution: AMLExecution) {
    _ = execution.pending.popLast()
    while execution.operands.count > pending.operandBase { _ = execution.operands.popLast() }
  }
}
