import Foundations
import Machine

/// How numbers become text.
enum AMLRadix {
  /// Implicit conversion: all digits, bytes behind each other with spaces.
  case hexadecimal
  /// ToHexString: bytes with commas.
  case hexadecimalList
  /// ToDecimalString: bytes with commas.
  case decimalList
}

/// Operators on strings and buffers.
extension AMLInterpreter {
  /// The results of conversions and of what puts bytes together; each has its target as the last operand.
  func convertedResult(of opcode: AMLOpcode, _ base: Int, _ execution: AMLExecution) throws(AMLError) -> AMLValue {
    let source = try value(execution.operands[base], execution)
    switch opcode {
    case .toBuffer: return try stored(.buffer(try buffer(of: source)), base + 1, .typed, execution)
    case .toDecimalString: return try stored(.string(try string(of: source, .decimalList)), base + 1, .typed, execution)
    case .toHexString:
      return try stored(.string(try string(of: source, .hexadecimalList)), base + 1, .typed, execution)
    case .toInteger: return try stored(.integer(try explicitInteger(of: source)), base + 1, .typed, execution)
    case .toString:
      let length = try integer(execution.operands[base + 1], execution)
      return try stored(try text(of: try buffer(of: source), length), base + 2, .typed, execution)
    case .concatenate:
      let other = try value(execution.operands[base + 1], execution)
      return try stored(try concatenated(source, other), base + 2, .converting, execution)
    case .concatenateResources:
      let first = try buffer(of: source)
      let second = try buffer(of: try value(execution.operands[base + 1], execution))
      return try stored(.buffer(try concatenatedResources(first, second)), base + 2, .converting, execution)
    case .mid:
      let index = try integer(execution.operands[base + 1], execution)
      let length = try integer(execution.operands[base + 2], execution)
      return try stored(try middle(of: source, index, length), base + 3, .converting, execution)
    default: throw .badOpcode(opcode.rawValue)
    }
  }

  /// Stores the value in a target operand and gives it on.
  private func stored(
    _ value: AMLValue, _ target: Int, _ storing: AMLStoring, _ execution: AMLExecution
  ) throws(AMLError) -> AMLValue {
    try store(value, in: execution.operands[target], storing, execution)
    return value
  }

  // MARK: Numbers and text

  /// The value as text.
  func string(of value: AMLValue, _ radix: AMLRadix) throws(AMLError) -> AMLObjectIndex {
    switch value {
    case .string(let string): return string
    case .integer(let integer):
      var text = AMLText()
      if radix == .decimalList {
        text.write(decimal: integer)
      } else {
        text.writeDigits(integer, count: integerWidth * 2)
      }
      return try makeString(text)
    case .buffer(let buffer): return try string(ofBytes: buffer, radix)
    case .unresolved: return try string(of: try resolved(value), radix)
    case .uninitialized, .package, .reference, .object, .table, .debug: throw .operandType
    }
  }

  private func string(ofBytes buffer: AMLObjectIndex, _ radix: AMLRadix) throws(AMLError) -> AMLObjectIndex {
    var length = 0
    let count = heap.byteCount(buffer)
    for index in 0..<count {
      let byte = heap.byte(buffer, index)
      length += radix != .decimalList ? 4 : byte < 10 ? 1 : byte < 100 ? 2 : 3
    }
    let string = try heap.makeBytes(count: length + max(0, count - 1))
    var place = 0
    for index in 0..<count {
      var text = AMLText()
      if index > 0 { text.write(byte: radix == .hexadecimal ? 0x20 : 0x2c) }
      if radix == .decimalList {
        text.write(decimal: UInt64(heap.byte(buffer, index)))
      } else {
        text.write("0x")
        text.writeDigits(UInt64(heap.byte(buffer, index)), count: 2)
      }
      for character in 0..<text.count { heap.setByte(string, place + character, text[character]) }
      place += text.count
    }
    return string
  }

  func makeString(_ text: AMLText) throws(AMLError) -> AMLObjectIndex {
    let string = try heap.makeBytes(count: text.count)
    for index in 0..<text.count { heap.setByte(string, index, text[index]) }
    return string
  }

  /// ToInteger: a string is decimal, or hexadecimal behind 0x.
  private func explicitInteger(of value: AMLValue) throws(AMLError) -> UInt64 {
    guard case .string(let string) = value else { return try integer(of: value) }
    var index = 0
    let count = heap.byteCount(string)
    while index < count, Self.isSpace(heap.byte(string, index)) { index += 1 }
    let isHexadecimal =
      index + 1 < count && heap.byte(string, index) == 0x30 && heap.byte(string, index + 1) | 0x20 == 0x78
    if isHexadecimal { return try integer(of: value) }
    // Digits count until the integer is full.
    var result: UInt64 = 0
    while index < count, let digit = Self.digit(heap.byte(string, index)), digit <= 9 {
      let (product, overflows) = result.multipliedReportingOverflow(by: 10)
      let (sum, carries) = product.addingReportingOverflow(digit)
      guard !overflows, !carries, sum == truncated(sum) else { break }
      result = sum
      index += 1
    }
    return result
  }

  /// ToString: bytes up to a zero, or so many.
  private func text(of buffer: AMLObjectIndex, _ length: UInt64) throws(AMLError) -> AMLValue {
    var count = 0
    while count < heap.byteCount(buffer), UInt64(count) < length, heap.byte(buffer, count) != 0 { count += 1 }
    let string = try heap.makeBytes(count: count)
    heap.copyBytes(from: buffer, to: string, count: count)
    return .string(string)
  }

  // MARK: Pieces

  /// Mid: some bytes of a string or buffer. Source: ACPI 6.5, section 19.6.84.
  private func middle(of value: AMLValue, _ index: UInt64, _ length: UInt64) throws(AMLError) -> AMLValue {
    let source: AMLObjectIndex
    if case .string(let string) = value { source = string } else { source = try buffer(of: value) }
    let available = UInt64(heap.byteCount(source))
    let start = min(index, available)
    let count = Int(min(length, available - start))
    let piece = try heap.makeBytes(count: count)
    heap.copyBytes(from: source, at: Int(start), to: piece, count: count)
    if case .string = value { return .string(piece) }
    return .buffer(piece)
  }

  /// Concatenate: the first operand's type is the result's, but for integers, which become a buffer.
  ///
  /// Source: ACPI 6.5, section 19.6.12 and table 19.28.
  private func concatenated(_ first: AMLValue, _ second: AMLValue) throws(AMLError) -> AMLValue {
    let first = try data(first)
    let second = try data(second)
    switch first {
    case .integer:
      return .buffer(try joined(try buffer(of: first), try buffer(of: .integer(try integer(of: second)))))
    case .buffer(let buffer): return .buffer(try joined(buffer, try self.buffer(of: second)))
    default:
      return .string(try joined(try string(of: first, .hexadecimal), try string(of: second, .hexadecimal)))
    }
  }

  /// Integers, strings and buffers as they are; everything else as a text that says what it is.
  private func data(_ value: AMLValue) throws(AMLError) -> AMLValue {
    let name: String
    switch value {
    case .integer, .string, .buffer: return value
    case .object(let node): name = Self.name(of: try objectType(of: node))
    case .reference: name = "Reference"
    default: name = Self.name(of: Self.objectType(of: value))
    }
    var text = AMLText()
    text.write("[")
    text.write(name)
    text.write(" Object]")
    return .string(try makeString(text))
  }

  private static func name(of type: AMLObjectType) -> String {
    switch type {
    case .uninitialized: "Uninitialized"
    case .integer: "Integer"
    case .string: "String"
    case .buffer: "Buffer"
    case .package: "Package"
    case .fieldUnit: "FieldUnit"
    case .device: "Device"
    case .event: "Event"
    case .method: "Method"
    case .mutex: "Mutex"
    case .operationRegion: "Region"
    case .powerResource: "Power"
    case .processor: "Processor"
    case .thermalZone: "Thermal"
    case .bufferField: "BufferField"
    case .table: "DdbHandle"
    case .debug: "DebugObject"
    }
  }

  private func joined(_ first: AMLObjectIndex, _ second: AMLObjectIndex) throws(AMLError) -> AMLObjectIndex {
    let (leading, trailing) = (heap.byteCount(first), heap.byteCount(second))
    let result = try heap.makeBytes(count: leading + trailing)
    heap.copyBytes(from: first, to: result, count: leading)
    heap.copyBytes(from: second, to: result, atTarget: leading, count: trailing)
    return result
  }

  /// ConcatenateResTemplate: all descriptors of both, then one end tag. Source: ACPI 6.5, section 19.6.13.
  private func concatenatedResources(
    _ first: AMLObjectIndex, _ second: AMLObjectIndex
  ) throws(AMLError) -> AMLObjectIndex {
    let leading = try resourceLength(first)
    let trailing = try resourceLength(second)
    let result = try heap.makeBytes(count: leading + trailing + 2)
    heap.copyBytes(from: first, to: result, count: leading)
    heap.copyBytes(from: second, to: result, atTarget: leading, count: trailing)
    // An end tag with a checksum of zero, which means: not computed. Source: ACPI 6.5, section 6.4.2.9.
    heap.setByte(result, leading + trailing, 0x79)
    return result
  }

  /// How many bytes stand before the end tag. Source: ACPI 6.5, section 6.4.
  private func resourceLength(_ template: AMLObjectIndex) throws(AMLError) -> Int {
    let count = heap.byteCount(template)
    if count == 0 { return 0 }
    var offset = 0
    while offset < count {
      let tag = heap.byte(template, offset)
      let length: Int
      if tag & 0x80 != 0 {
        length = 3 + Int(heap.byte(template, offset + 1)) + Int(heap.byte(template, offset + 2)) << 8
      } else {
        // Small descriptors 0 to 3 and 11 to 13 are reserved.
        guard tag & 0x78 >= 0x20, tag & 0x78 <= 0x50 || tag & 0x78 >= 0x70 else { throw .badResourceTemplate }
        length = 1 + Int(tag & 7)
      }
      guard length <= count - offset else { throw .badResourceTemplate }
      if tag & 0xf8 == 0x78 { return offset }
      offset += length
    }
    throw .badResourceTemplate
  }
}

/// A short text that is put together without allocation.
struct AMLText: TextSink {
  private var bytes = InlineArray<32, UInt8>(repeating: 0)
  private(set) var count = 0

  subscript(index: Int) -> UInt8 { bytes[index] }

  mutating func write(_ span: Span<UInt8>) {
    for index in span.indices where count < 32 {
      bytes[count] = span[index]
      count += 1
    }
  }

  /// Writes all `count` hexadecimal digits of a number, in capitals.
  mutating func writeDigits(_ value: UInt64, count: Int) {
    var digit = count
    while digit > 0 {
      digit -= 1
      let bits = UInt8(truncatingIfNeeded: value >> UInt64(digit * 4)) & 0xf
      write(byte: bits < 10 ? 0x30 + bits : 0x37 + bits)
    }
  }
}
