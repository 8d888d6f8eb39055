import Foundations
import Machine

/// A name as it stands in the code. Source: ACPI 6.5, section 20.2.2.
struct AMLPath {
  var table: UInt32
  var isAbsolute = false
  var parentCount = 0
  /// How many segments there are; zero is the scope itself.
  var count = 0
  /// Where the first segment is.
  var first: UInt32 = 0

  /// Whether the name is searched for upwards. Source: ACPI 6.5, section 5.3.
  var isSearched: Bool { !isAbsolute && parentCount == 0 && count == 1 }
}

/// Reading the bytes of the code.
extension AMLInterpreter {
  /// The byte at `offset` of a table.
  func byte(_ table: UInt32, _ offset: UInt32) throws(AMLError) -> UInt8 {
    guard Int(table) < tables.count, Int(offset) < tables[Int(table)].bytes.count else { throw .truncated }
    return tables[Int(table)].bytes[Int(offset)]
  }

  func peekByte(_ execution: AMLExecution) throws(AMLError) -> UInt8 { try byte(execution.table, execution.offset) }

  func takeByte(_ execution: AMLExecution) throws(AMLError) -> UInt8 {
    let value = try byte(execution.table, execution.offset)
    execution.offset += 1
    return value
  }

  /// Takes `count` bytes, 1...8, as a little-endian number.
  func takeInteger(_ execution: AMLExecution, count: Int) throws(AMLError) -> UInt64 {
    var value: UInt64 = 0
    for index in 0..<count { value |= UInt64(try takeByte(execution)) << UInt64(index * 8) }
    return value
  }

  func takeOpcode(_ execution: AMLExecution) throws(AMLError) -> AMLOpcode {
    let first = try takeByte(execution)
    guard first == 0x5b else { return AMLOpcode(UInt16(first)) }
    return AMLOpcode(0x5b00 | UInt16(try takeByte(execution)))
  }

  /// Takes a package length; gives where the package ends. Source: ACPI 6.5, section 20.2.4.
  func takePackageEnd(_ execution: AMLExecution) throws(AMLError) -> UInt32 {
    let start = execution.offset
    let (length, limit) = (try takePackageLength(execution), enclosingEnd(execution))
    guard start <= limit, length <= limit - start, start + length >= execution.offset else { throw .badPackageLength }
    return start + length
  }

  /// Takes the number that a package length is, which also gives the widths of fields: below 2^28.
  func takePackageLength(_ execution: AMLExecution) throws(AMLError) -> UInt32 {
    let lead = UInt32(try takeByte(execution))
    let count = lead >> 6
    guard count > 0 else { return lead }
    var value = lead & 0xf
    for index in 0..<count { value |= UInt32(try takeByte(execution)) << (4 + index * 8) }
    return value
  }

  /// Where what is being executed ends.
  func enclosingEnd(_ execution: AMLExecution) -> UInt32 {
    execution.pending.isEmpty ? 0 : execution.pending[execution.pending.count - 1].end
  }

  /// Takes a name.
  func takePath(_ execution: AMLExecution) throws(AMLError) -> AMLPath {
    var path = AMLPath(table: execution.table)
    var lead = try takeByte(execution)
    if lead == 0x5c {
      path.isAbsolute = true
      lead = try takeByte(execution)
    }
    while lead == 0x5e {
      path.parentCount += 1
      lead = try takeByte(execution)
    }
    switch lead {
    case 0x00: path.count = 0
    case 0x2e: path.count = 2
    case 0x2f: path.count = Int(try takeByte(execution))
    default:
      path.count = 1
      execution.offset -= 1
    }
    path.first = execution.offset
    for index in 0..<path.count { guard try segment(path, index).isValid else { throw .badName } }
    execution.offset += UInt32(path.count * 4)
    return path
  }

  func segment(_ path: AMLPath, _ index: Int) throws(AMLError) -> AMLNameSegment {
    var value: UInt32 = 0
    let (start, isTooFar) = path.first.addingReportingOverflow(UInt32(index * 4))
    guard !isTooFar, start < UInt32.max - 4 else { throw .truncated }
    for part in 0..<UInt32(4) { value |= UInt32(try byte(path.table, start + part)) << (part * 8) }
    return AMLNameSegment(rawValue: value)
  }

  /// Whether a term that begins with `byte` is a name.
  static func isNameStart(_ byte: UInt8) -> Bool {
    AMLNameSegment.isLeading(byte) || byte == 0x5c || byte == 0x5e || byte == 0x2e || byte == 0x2f
  }

  // MARK: Looking names up

  /// The scope that a path starts from.
  private func start(of path: AMLPath, in scope: AMLNode) throws(AMLError) -> AMLNode {
    if path.isAbsolute { return .root }
    var node = scope
    for _ in 0..<path.parentCount {
      guard let parent = namespace.parent(of: node) else { throw .notFound }
      node = parent
    }
    return node
  }

  /// The object that `path` names as seen from `scope`, or nil; aliases are followed.
  func find(_ path: AMLPath, in scope: AMLNode) throws(AMLError) -> AMLNode? {
    if path.isSearched {
      guard let found = namespace.search(from: scope, named: try segment(path, 0)) else { return nil }
      return try namespace.resolvingAliases(found)
    }
    var node: AMLNode
    do { node = try start(of: path, in: scope) } catch { return nil }
    for index in 0..<path.count {
      guard let child = namespace.child(of: node, named: try segment(path, index)) else { return nil }
      node = try namespace.resolvingAliases(child)
    }
    return node
  }

  /// Adds the name `path`; what it is in must exist. A name that a method creates goes away with the call.
  func define(_ path: AMLPath, _ content: AMLContent, _ execution: AMLExecution) throws(AMLError) -> AMLNode {
    guard path.count > 0 else { throw .alreadyExists }
    var parent = try start(of: path, in: execution.scope)
    for index in 0..<(path.count - 1) {
      guard let child = namespace.child(of: parent, named: try segment(path, index)) else { throw .notFound }
      parent = try namespace.resolvingAliases(child)
    }
    let node: AMLNode
    do {
      node = try namespace.add(try segment(path, path.count - 1), to: parent, table: path.table, content)
    } catch {
      // Two calls of a method that was not marked as serialized met in it; from now on it is.
      if error == .alreadyExists, !execution.calls.isEmpty,
        let method = execution.calls[execution.calls.count - 1].method
      {
        methods[method]?.isSerialized = true
      }
      throw error
    }
    if !execution.calls.isEmpty {
      let top = execution.calls.count - 1
      if execution.calls[top].method != nil {
        namespace.setPreviousOfCall(execution.calls[top].lastCreated, of: node)
        execution.calls[top].lastCreated = node
      }
    }
    return node
  }

  /// The path at `offset`, without moving the execution.
  func path(at offset: UInt32, _ execution: AMLExecution) throws(AMLError) -> AMLPath {
    let here = execution.offset
    execution.offset = offset
    defer { execution.offset = here }
    return try takePath(execution)
  }
}
