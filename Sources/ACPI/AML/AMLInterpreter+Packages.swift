import Foundations
import Machine

/// Buffers and packages that the code makes.
extension AMLInterpreter {
  /// Buffer: so many bytes, or as many as are listed. Source: ACPI 6.5, section 19.6.10.
  func performBuffer(_ pending: AMLPending, _ execution: AMLExecution) throws(AMLError) {
    let size = try integer(execution.operands[pending.operandBase], execution)
    guard execution.offset <= pending.end else { throw .badPackageLength }
    let listed = Int(pending.end - execution.offset)
    guard size <= UInt64(limits.objectSize) else { throw .heapLimit }
    let buffer = try heap.makeBytes(count: max(Int(size), listed))
    for index in 0..<listed {
      heap.setByte(buffer, index, try byte(execution.table, execution.offset + UInt32(index)))
    }
    execution.offset = pending.end
    try finish(pending, .value(.buffer(buffer)), execution)
  }

  /// Starts the elements of a package, whose length is known. Source: ACPI 6.5, section 19.6.102.
  func startElements(_ pending: AMLPending, count: Int, _ execution: AMLExecution) throws(AMLError) {
    guard execution.offset <= pending.end else { throw .badPackageLength }
    let package = try heap.makePackage(count: count)
    try push(
      AMLPending(
        kind: .elements, opcode: pending.opcode, start: pending.start, end: pending.end,
        operandBase: pending.operandBase, extra: package.rawValue), execution)
  }

  /// Takes the next element, or ends the package: elements that are not listed stay without value, surplus ones are left out.
  func nextElement(_ pending: AMLPending, _ execution: AMLExecution) throws(AMLError) {
    let package = AMLObjectIndex(rawValue: pending.extra)
    guard execution.offset <= pending.end else { throw .badPackageLength }
    guard Int(pending.position) < heap.elementCount(package), execution.offset < pending.end else {
      execution.offset = pending.end
      return try finish(pending, .value(.package(package)), execution)
    }
    execution.pending[execution.pending.count - 1].position += 1
    guard Self.isNameStart(try peekByte(execution)) else { return try startTerm(execution, isTarget: false) }
    let start = execution.offset
    let path = try takePath(execution)
    try heap.setElement(package, Int(pending.position), try element(for: path, at: start, execution))
  }

  /// Puts the value of a term into the package that waits for it.
  func setElement(_ operand: AMLOperand, _ execution: AMLExecution) throws(AMLError) {
    let pending = execution.pending[execution.pending.count - 1]
    let package = AMLObjectIndex(rawValue: pending.extra)
    let value = try value(operand, execution)
    let element: AMLValue
    if case .object(let node) = value { element = .reference(.named(node)) } else { element = value }
    try heap.setElement(package, Int(pending.position) - 1, element)
  }

  /// A name in a package. While a table is loaded, what it names may follow later or not be ready to be read.
  private func element(for path: AMLPath, at offset: UInt32, _ execution: AMLExecution) throws(AMLError) -> AMLValue {
    let node = try find(path, in: execution.scope)
    let isLoading = execution.calls.isEmpty || execution.calls[execution.calls.count - 1].method == nil
    if let node {
      guard isLoading else { return try packageElement(for: node) }
      switch try namespace.record(node).content {
      case .field: break
      // The element follows the name: firmware sets the name later and expects the package to know.
      case .value(.integer): return .reference(.named(node))
      default: return try packageElement(for: node)
      }
    }
    guard isLoading else { throw .notFound }
    guard unresolvedNames.count < limits.definitionCount else { throw .namespaceLimit }
    do {
      try unresolvedNames.append(AMLUnresolvedName(table: path.table, offset: offset, scope: execution.scope))
    } catch { throw .outOfMemory }
    return .unresolved(UInt32(unresolvedNames.count - 1))
  }
}
