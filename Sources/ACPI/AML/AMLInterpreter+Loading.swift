import Foundations
import Machine

/// Loading tables: the DSDT, SSDTs, and what Load and LoadTable bring.
extension AMLInterpreter {
  /// Bytes of a table's header. Source: ACPI 6.5, table 5.4.
  static let headerLength = 36

  /// Runs the code of a table, which defines its names. The DSDT comes first: its revision decides how wide integers are.
  ///
  /// A term that cannot be carried out is left out with a warning when its end is known, as ACPICA does, so that one mistake
  /// does not cost the whole table; else what came before it stays.
  ///
  /// - Parameter bytes: The whole table with its header.
  /// - Returns: How many terms were left out.
  /// - Throws: `.badTable` for a wrong header, or what ended the table's code.
  public func load(_ bytes: consuming GrowableArray<UInt8>) throws(AMLError) -> Int {
    let isFirst = tables.isEmpty
    let table = try addTable(bytes)
    if isFirst { integerWidth = byteOrZero(table, 8) < 2 ? 4 : 8 }
    let execution = try makeExecution()
    defer { remove(execution) }
    try callTable(table, start: UInt32(Self.headerLength), execution)
    _ = try runToEnd(execution)
    return execution.skippedErrorCount
  }

  private func byteOrZero(_ table: UInt32, _ offset: UInt32) -> UInt8 { (try? byte(table, offset)) ?? 0 }

  /// Checks the header, takes the table in, and gives its number.
  private func addTable(_ bytes: consuming GrowableArray<UInt8>) throws(AMLError) -> UInt32 {
    guard tables.count < limits.tableCount else { throw .namespaceLimit }
    guard bytes.count >= Self.headerLength, bytes.count <= limits.heapByteCount else { throw .badTable }
    var length = 0
    for index in 0..<4 { length |= Int(bytes[4 + index]) << (index * 8) }
    guard length >= Self.headerLength, length <= bytes.count else { throw .badTable }
    var sum: UInt8 = 0
    for index in 0..<length { sum &+= bytes[index] }
    guard sum == 0 else { throw .badTable }
    while bytes.count > length { _ = bytes.popLast() }
    do { try tables.append(AMLTable(bytes: bytes)) } catch { throw .outOfMemory }
    return UInt32(tables.count - 1)
  }

  // MARK: Operators

  /// Load: a table from an operation region or a buffer. Source: ACPI 6.5, section 19.6.76.
  func performLoad(_ pending: AMLPending, _ execution: AMLExecution) throws(AMLError) {
    let source = execution.operands[pending.operandBase]
    let target = execution.operands[pending.operandBase + 1]
    let table = try addTable(try tableBytes(source, execution))
    try store(.table(table), in: target, .copying, execution)
    try finish(pending, .value(.integer(truncated(.max))), execution)
    try callTable(table, start: UInt32(Self.headerLength), execution)
  }

  private func tableBytes(
    _ operand: AMLOperand, _ execution: AMLExecution
  ) throws(AMLError) -> GrowableArray<UInt8> {
    var bytes = GrowableArray<UInt8>()
    if case .node(let node) = operand, case .region(let number) = try namespace.record(node).content {
      guard let region = regions[number], region.space == .systemMemory || region.space == .table else {
        throw .operandType
      }
      var length: UInt64 = 0
      for index in 0..<UInt64(4) { length |= try readRegion(number, at: 4 + index, width: 1) << (index * 8) }
      guard length >= UInt64(Self.headerLength), length <= region.length, length <= UInt64(limits.objectSize) else {
        throw .badTable
      }
      for offset in 0..<length {
        let byte = UInt8(truncatingIfNeeded: try readRegion(number, at: offset, width: 1))
        do { try bytes.append(byte) } catch { throw .outOfMemory }
      }
      return bytes
    }
    guard case .buffer(let buffer) = try value(operand, execution) else { throw .operandType }
    for index in 0..<heap.byteCount(buffer) {
      do { try bytes.append(heap.byte(buffer, index)) } catch { throw .outOfMemory }
    }
    return bytes
  }

  /// LoadTable: a table that the firmware lists. Source: ACPI 6.5, section 19.6.77.
  ///
  /// A parameter to be stored after loading is refused: no known firmware has one.
  func performLoadTable(_ pending: AMLPending, _ execution: AMLExecution) throws(AMLError) {
    let base = pending.operandBase
    let signature = try characters(execution.operands[base], count: 4, execution)
    let oem = try characters(execution.operands[base + 1], count: 6, execution)
    let oemTable = try characters(execution.operands[base + 2], count: 8, execution)
    guard case .string(let root) = try value(execution.operands[base + 3], execution),
      case .string(let parameter) = try value(execution.operands[base + 4], execution)
    else { throw .operandType }
    guard heap.byteCount(parameter) == 0 else { throw .unsupported }
    guard
      let number = host.findTable(
        signature: UInt32(truncatingIfNeeded: signature), oem: oem, oemTable: oemTable)
    else { return try finish(pending, .value(.integer(0)), execution) }
    var scope = AMLNode.root
    if heap.byteCount(root) > 0 {
      guard let node = try find(nameIn: root, from: execution.scope) else { throw .notFound }
      scope = node
    }
    var bytes = GrowableArray<UInt8>()
    for offset in 0..<min(host.tableLength(number), UInt64(limits.objectSize)) {
      do { try bytes.append(host.tableByte(number, at: offset)) } catch { throw .outOfMemory }
    }
    let table = try addTable(bytes)
    try finish(pending, .value(.table(table)), execution)
    try callTable(table, start: UInt32(Self.headerLength), execution)
    execution.scope = scope
  }

  /// Unload: the names of a loaded table go away. Source: ACPI 6.5, section 19.6.149.
  func performUnload(_ pending: AMLPending, _ execution: AMLExecution) throws(AMLError) {
    guard case .table(let table) = try value(execution.operands[pending.operandBase], execution),
      Int(table) < tables.count, !tables[Int(table)].isUnloaded
    else { throw .operandType }
    tables[Int(table)].isUnloaded = true
    var node = namespace.next(after: .root, below: .root)
    while let here = node {
      // What is below a removed name goes with it.
      let isRemoved = try namespace.record(here).table == table
      node = namespace.next(after: here, below: .root, isDescending: !isRemoved)
      if isRemoved { remove(here) }
    }
    try finish(pending, .none, execution)
  }
}
