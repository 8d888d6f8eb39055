import Foundations
import Machine

/// Terms that define fields. Source: ACPI 6.5, sections 19.6.46, 19.6.61, 19.6.7 and 19.6.22.
extension AMLInterpreter {
  /// The node of a name that must exist.
  private func takeExisting(_ execution: AMLExecution) throws(AMLError) -> AMLNode {
    guard let node = try find(try takePath(execution), in: execution.scope) else { throw .notFound }
    return node
  }

  private func takeExistingField(_ execution: AMLExecution) throws(AMLError) -> AMLNode {
    let node = try takeExisting(execution)
    guard case .field = try namespace.record(node).content else { throw .operandType }
    return node
  }

  private func takeExistingRegion(_ execution: AMLExecution) throws(AMLError) -> AMLNode {
    let node = try takeExisting(execution)
    guard case .region = try namespace.record(node).content else { throw .operandType }
    return node
  }

  func defineFields(_ execution: AMLExecution) throws(AMLError) {
    let end = try takePackageEnd(execution)
    let region = try takeExistingRegion(execution)
    try defineFieldList(.region(region), end: end, execution)
  }

  func defineIndexFields(_ execution: AMLExecution) throws(AMLError) {
    let end = try takePackageEnd(execution)
    let register = try takeExistingField(execution)
    let data = try takeExistingField(execution)
    try defineFieldList(.index(register: register, data: data), end: end, execution)
  }

  /// BankField: its value is a term, so it waits on the stack.
  func startBankFields(_ pending: AMLPending, _ execution: AMLExecution) throws(AMLError) {
    var pending = pending
    pending.end = try takePackageEnd(execution)
    pending.extra = execution.offset
    _ = try takePath(execution)
    _ = try takePath(execution)
    try push(pending, execution)
  }

  func performBankFields(_ pending: AMLPending, _ execution: AMLExecution) throws(AMLError) {
    let value = try integer(execution.operands[pending.operandBase], execution)
    let list = execution.offset
    execution.offset = pending.extra
    let region = try takeExistingRegion(execution)
    let register = try takeExistingField(execution)
    execution.offset = list
    dropTop(pending, execution)
    try defineFieldList(.bank(region: region, register: register, value: value), end: pending.end, execution)
  }

  /// Reads the flags and the list of fields. Source: ACPI 6.5, section 20.2.5.2, FieldList.
  private func defineFieldList(_ storage: AMLField.Storage, end: UInt32, _ execution: AMLExecution) throws(AMLError) {
    var access = AMLFieldAccess(flags: try takeByte(execution))
    var bit: UInt64 = 0
    while execution.offset < end {
      switch try peekByte(execution) {
      case 0x00:
        execution.offset += 1
        bit += UInt64(try takePackageLength(execution))
      case 0x01:
        execution.offset += 1
        access.type = try takeByte(execution) & 0xf
        _ = try takeByte(execution)
      case 0x02:
        execution.offset += 1
        try skipConnection(execution)
      case 0x03:
        execution.offset += 1
        access.type = try takeByte(execution) & 0xf
        _ = try takeInteger(execution, count: 2)
      default:
        let path = AMLPath(table: execution.table, count: 1, first: execution.offset)
        guard try segment(path, 0).isValid else { throw .badName }
        execution.offset += 4
        let count = UInt64(try takePackageLength(execution))
        let field = AMLField(storage: storage, access: access, bitOffset: bit, bitCount: count)
        let number = try fields.add(field, limit: limits.definitionCount)
        try define(path, .field(number), execution) { self.fields.remove(number) }
        bit += count
      }
      guard bit <= 1 << 40 else { throw .operandValue }
    }
    guard execution.offset == end else { throw .badPackageLength }
  }

  /// A Connection: a name or a buffer with a resource, of GPIO and serial buses, which this kernel has no handlers for.
  private func skipConnection(_ execution: AMLExecution) throws(AMLError) {
    if Self.isNameStart(try peekByte(execution)) {
      _ = try takePath(execution)
      return
    }
    guard try takeOpcode(execution) == .buffer else { throw .badOpcode(0x02) }
    execution.offset = try takePackageEnd(execution)
  }

  // MARK: Fields of buffers

  /// CreateField and its relatives. Source: ACPI 6.5, sections 19.6.19 to 19.6.26.
  func performCreateField(_ pending: AMLPending, _ execution: AMLExecution) throws(AMLError) {
    let base = pending.operandBase
    let buffer = try self.buffer(of: try value(execution.operands[base], execution))
    let index = try integer(execution.operands[base + 1], execution)
    var nameOperand = execution.operands[base + 2]
    var bits: UInt64
    var scale: UInt64 = 8
    switch pending.opcode {
    case .createBitField: (bits, scale) = (1, 1)
    case .createByteField: bits = 8
    case .createWordField: bits = 16
    case .createDoubleWordField: bits = 32
    case .createQuadWordField: bits = 64
    default:
      scale = 1
      bits = try integer(execution.operands[base + 2], execution)
      nameOperand = execution.operands[base + 3]
      guard bits > 0 else { throw .operandValue }
    }
    guard case .name(let offset) = nameOperand else { throw .operandType }
    let available = UInt64(heap.byteCount(buffer)) * 8
    let (first, isTooLarge) = index.multipliedReportingOverflow(by: scale)
    guard !isTooLarge, first <= available, bits <= available - first else { throw .bufferLimit }
    let field = AMLField(
      storage: .buffer(buffer), access: AMLFieldAccess(flags: 1), bitOffset: first, bitCount: bits,
      isAlwaysBuffer: pending.opcode == .createField)
    let number = try fields.add(field, limit: limits.definitionCount)
    let path: AMLPath
    do { path = try self.path(at: offset, execution) } catch {
      fields.remove(number)
      throw error
    }
    try define(path, .field(number), execution) { self.fields.remove(number) }
    try finish(pending, .none, execution)
  }
}
