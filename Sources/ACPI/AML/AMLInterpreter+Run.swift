import Foundations
import Machine

/// The loop that executes, one part of a term at a time.
extension AMLInterpreter {
  /// Runs `execution` until it ends or waits.
  ///
  /// - Throws: what ended it. Its stacks are empty then, and its mutexes released.
  func run(_ execution: AMLExecution) throws(AMLError) -> AMLProgress {
    execution.suspension = nil
    let begin = host.timer()
    defer { execution.spend(host.timer() &- begin) }
    while !execution.pending.isEmpty {
      do throws(AMLError) {
        try step(execution)
        // A step is cheap, and the clock may be far away.
        if execution.stepsLeft & 0x3ff == 0, host.timer() &- begin > execution.ticksLeft { throw .timeLimit }
      } catch {
        guard try stepOver(error, execution) else {
          abandon(execution)
          throw error
        }
      }
      if let suspension = execution.suspension { return .suspended(suspension) }
      if heap.isCollectionDue {
        collectGarbage()
        // Code that keeps the heap full pays for the collections that it causes.
        execution.stepsLeft -= (heap.placeCount + namespace.placeCount) / 16
      }
    }
    releaseAll(execution)
    return .finished
  }

  private func step(_ execution: AMLExecution) throws(AMLError) {
    execution.stepsLeft -= 1
    guard execution.stepsLeft > 0 else { throw .stepLimit }
    let top = execution.pending.count - 1
    let pending = execution.pending[top]
    switch pending.kind {
    case .block:
      guard execution.offset <= pending.end else { throw .badPackageLength }
      if execution.offset == pending.end {
        try finishBlock(execution)
      } else {
        try startTerm(execution, isTarget: false)
      }
    case .operation:
      let kind = AMLOperandKind(rawValue: (pending.opcode.operands ?? 0) >> UInt64(pending.position * 4) & 0xf)
      guard let kind, kind != .none else {
        guard execution.operands.count == pending.operandBase + Int(pending.position) else {
          throw .badOpcode(pending.opcode.rawValue)
        }
        return try perform(pending, execution)
      }
      execution.pending[top].position += 1
      try startOperand(kind, execution)
    case .invocation:
      guard case .method(let number) = try namespace.record(pending.node).content, let method = methods[number] else {
        throw .staleReference
      }
      guard pending.position < UInt32(method.argumentCount) else { return try call(number, pending, execution) }
      execution.pending[top].position += 1
      try startTerm(execution, isTarget: false)
    case .elements: try nextElement(pending, execution)
    case .root: execution.pending.removeAll()
    }
  }

  func push(_ pending: AMLPending, _ execution: AMLExecution) throws(AMLError) {
    guard execution.pending.count < limits.termDepth else { throw .depthLimit }
    do { try execution.pending.append(pending) } catch { throw .outOfMemory }
  }

  func push(_ operand: AMLOperand, _ execution: AMLExecution) throws(AMLError) {
    do { try execution.operands.append(operand) } catch { throw .outOfMemory }
  }

  /// Takes the finished term from the stack and gives what it results in to the term around it.
  func finish(_ pending: AMLPending, _ result: AMLOperand, _ execution: AMLExecution) throws(AMLError) {
    _ = execution.pending.popLast()
    while execution.operands.count > pending.operandBase { _ = execution.operands.popLast() }
    try deliver(result, execution)
  }

  /// Gives a value to the term that is on top of the stack.
  func deliver(_ operand: AMLOperand, _ execution: AMLExecution) throws(AMLError) {
    guard !execution.pending.isEmpty else { return }
    let top = execution.pending.count - 1
    switch execution.pending[top].kind {
    case .block:
      // The value of a statement is dropped, but for firmware that forgets its Return.
      guard isForgiving, !execution.calls.isEmpty else { return }
      if case .value(let value) = operand {
        execution.calls[execution.calls.count - 1].implicitResult = value
      }
    case .operation, .invocation: try push(operand, execution)
    case .elements: try setElement(operand, execution)
    case .root: if case .value(let value) = operand { execution.result = value }
    }
  }

  /// Steps over a faulty term in the code of a table, as far as its end is known, so that the rest of the table counts.
  private func stepOver(_ error: AMLError, _ execution: AMLExecution) throws(AMLError) -> Bool {
    switch error {
    case .stepLimit, .timeLimit, .heapLimit, .namespaceLimit, .outOfMemory, .depthLimit, .methodLimit, .truncated:
      return false
    default: break
    }
    var loader = execution.calls.count - 1
    while loader >= 0, execution.calls[loader].method != nil { loader -= 1 }
    guard loader >= 0 else { return false }
    while execution.calls.count > loader + 1, let call = execution.calls.popLast() {
      while execution.pending.count > call.pendingBase { _ = execution.pending.popLast() }
      endCall(call, execution)
      execution.table = call.returnTable
      execution.offset = call.returnOffset
      execution.scope = call.returnScope
    }
    // Everything above the innermost list of terms belongs to the faulty one.
    while !execution.pending.isEmpty, execution.pending[execution.pending.count - 1].kind != .block {
      _ = execution.pending.popLast()
    }
    guard let block = execution.pending.popLast(), let end = try endOfStatement(block, execution) else { return false }
    while execution.operands.count > block.operandBase { _ = execution.operands.popLast() }
    try push(block, execution)
    execution.skippedErrorCount += 1
    host.warn("ACPI: a term of table \(execution.table) at \(hex: block.statement) is left out: \(error.text)")
    execution.offset = end
    return true
  }

  /// Where the statement ends that is being executed in `block`, if it says so: when it has a package length.
  private func endOfStatement(_ block: AMLPending, _ execution: AMLExecution) throws(AMLError) -> UInt32? {
    execution.offset = block.statement
    switch try takeOpcode(execution) {
    case .scope, .method, .ifThen, .whileLoop, .field, .device, .processor, .powerResource, .thermalZone, .indexField,
      .bankField:
      break
    default: return nil
    }
    let start = execution.offset
    let end = start + (try takePackageLength(execution))
    return end >= execution.offset && end <= block.end ? end : nil
  }

  /// Ends an execution that failed: names that its methods created go, and its mutexes are released.
  func abandon(_ execution: AMLExecution) {
    while let call = execution.calls.popLast() { endCall(call, execution) }
    execution.pending.removeAll()
    execution.operands.removeAll()
    releaseAll(execution)
  }
}
