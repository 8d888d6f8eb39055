import Foundations
import Machine

/// Terms that define names.
extension AMLInterpreter {
  /// Starts a term that has a package length or names and no plain operands.
  func startDefinition(_ opcode: AMLOpcode, _ execution: AMLExecution) throws(AMLError) {
    switch opcode {
    case .scope: try startScope(execution)
    case .device, .thermalZone, .processor, .powerResource: try startDevice(opcode, execution)
    case .method: try defineMethod(execution)
    case .alias: try defineAlias(execution)
    case .external:
      _ = try takePath(execution)
      _ = try takeInteger(execution, count: 2)
    case .mutex:
      let path = try takePath(execution)
      let level = try takeByte(execution) & 0xf
      let number = try mutexes.add(AMLMutex(syncLevel: level), limit: limits.definitionCount)
      try define(path, .mutex(number), execution) { self.mutexes.remove(number) }
    case .event:
      let path = try takePath(execution)
      let number = try events.add(0, limit: limits.definitionCount)
      try define(path, .event(number), execution) { self.events.remove(number) }
    case .field: try defineFields(execution)
    case .indexField: try defineIndexFields(execution)
    default: throw .badOpcode(opcode.rawValue)
    }
  }

  /// Defines a name, or takes back by `undo` what it would have stood for.
  func define(_ path: AMLPath, _ content: AMLContent, _ execution: AMLExecution, undo: () -> Void) throws(AMLError) {
    do { _ = try define(path, content, execution) } catch {
      undo()
      throw error
    }
  }

  private func startScope(_ execution: AMLExecution) throws(AMLError) {
    let end = try takePackageEnd(execution)
    let path = try takePath(execution)
    guard let node = try find(path, in: execution.scope) else { throw .notFound }
    switch try namespace.record(node).content {
    case .scope, .device, .thermalZone, .processor, .powerResource, .method: break
    case .value(.integer), .value(.string), .value(.buffer):
      // Firmware does it; ACPICA lets it.
      break
    case .free, .value, .mutex, .event, .region, .field, .alias: throw .operandType
    }
    try enterBlock(.scope, end: end, scope: node, execution)
  }

  private func startDevice(_ opcode: AMLOpcode, _ execution: AMLExecution) throws(AMLError) {
    let end = try takePackageEnd(execution)
    let path = try takePath(execution)
    let content: AMLContent
    switch opcode {
    case .processor:
      let identifier = try takeByte(execution)
      let block = UInt32(truncatingIfNeeded: try takeInteger(execution, count: 4))
      content = .processor(id: identifier, block: block, blockLength: try takeByte(execution))
    case .powerResource:
      let level = try takeByte(execution)
      content = .powerResource(
        level: level, order: UInt16(truncatingIfNeeded: try takeInteger(execution, count: 2)))
    case .thermalZone: content = .thermalZone
    default: content = .device
    }
    guard execution.offset <= end else { throw .badPackageLength }
    let node = try define(path, content, execution)
    try enterBlock(opcode, end: end, scope: node, execution)
  }

  private func defineMethod(_ execution: AMLExecution) throws(AMLError) {
    let end = try takePackageEnd(execution)
    let path = try takePath(execution)
    let flags = try takeByte(execution)
    guard execution.offset <= end else { throw .badPackageLength }
    let method = AMLMethod(
      node: .root, table: execution.table, start: execution.offset, end: end, argumentCount: flags & 7,
      isSerialized: flags & 8 != 0, syncLevel: flags >> 4)
    let number = try methods.add(method, limit: limits.definitionCount)
    do {
      let node = try define(path, .method(number), execution)
      methods[number]?.node = node
    } catch {
      methods.remove(number)
      throw error
    }
    execution.offset = end
  }

  private func defineAlias(_ execution: AMLExecution) throws(AMLError) {
    let source = try takePath(execution)
    let path = try takePath(execution)
    guard let node = try find(source, in: execution.scope) else { throw .notFound }
    _ = try define(path, .alias(node), execution)
  }

  /// Name: a copy of the value under a new name.
  func performName(_ pending: AMLPending, _ execution: AMLExecution) throws(AMLError) {
    guard case .name(let offset) = execution.operands[pending.operandBase] else { throw .operandType }
    let value = try self.value(execution.operands[pending.operandBase + 1], execution)
    if case .object = value { throw .operandType }
    let copy = try isLiteral(pending, execution) ? value : self.copy(value)
    let path = try path(at: offset, execution)
    _ = try define(path, .value(copy), execution)
    try finish(pending, .none, execution)
  }

  /// Whether the value of a Name is new, so that nothing else can lead to it.
  private func isLiteral(_ pending: AMLPending, _ execution: AMLExecution) throws(AMLError) -> Bool {
    guard case .value = execution.operands[pending.operandBase + 1] else { return false }
    guard case .name(let offset) = execution.operands[pending.operandBase] else { return false }
    let here = execution.offset
    defer { execution.offset = here }
    execution.offset = offset
    _ = try takePath(execution)
    switch try takeOpcode(execution) {
    case .buffer, .package, .variablePackage, .string: return true
    default: return false
    }
  }

  // MARK: Operation regions

  func performOperationRegion(_ pending: AMLPending, _ execution: AMLExecution) throws(AMLError) {
    let base = pending.operandBase
    guard case .name(let offset) = execution.operands[base], case .constant(let space) = execution.operands[base + 1]
    else { throw .operandType }
    let address = try integer(execution.operands[base + 2], execution)
    let length = try integer(execution.operands[base + 3], execution)
    let region = AMLRegion(
      node: .root, space: AMLAddressSpace(rawValue: UInt8(truncatingIfNeeded: space)), base: address, length: length)
    try defineRegion(region, at: offset, execution)
    try finish(pending, .none, execution)
  }

  func performDataTableRegion(_ pending: AMLPending, _ execution: AMLExecution) throws(AMLError) {
    let base = pending.operandBase
    guard case .name(let offset) = execution.operands[base] else { throw .operandType }
    let signature = try characters(execution.operands[base + 1], count: 4, execution)
    let oem = try characters(execution.operands[base + 2], count: 6, execution)
    let oemTable = try characters(execution.operands[base + 3], count: 8, execution)
    guard
      let table = host.findTable(
        signature: UInt32(truncatingIfNeeded: signature), oem: oem, oemTable: oemTable)
    else { throw .notFound }
    let region = AMLRegion(node: .root, space: .table, base: 0, length: host.tableLength(table), table: table)
    try defineRegion(region, at: offset, execution)
    try finish(pending, .none, execution)
  }

  private func defineRegion(_ region: AMLRegion, at offset: UInt32, _ execution: AMLExecution) throws(AMLError) {
    let path = try path(at: offset, execution)
    let number = try regions.add(region, limit: limits.definitionCount)
    do {
      let node = try define(path, .region(number), execution)
      regions[number]?.node = node
    } catch {
      regions.remove(number)
      throw error
    }
  }

  /// Up to eight characters of a string as a little-endian number, as table headers have them.
  func characters(_ operand: AMLOperand, count: Int, _ execution: AMLExecution) throws(AMLError) -> UInt64 {
    guard case .string(let string) = try value(operand, execution) else { throw .operandType }
    guard heap.byteCount(string) <= count else { throw .stringLimit }
    var value: UInt64 = 0
    for index in 0..<heap.byteCount(string) { value |= UInt64(heap.byte(string, index)) << UInt64(index * 8) }
    return value
  }
}
