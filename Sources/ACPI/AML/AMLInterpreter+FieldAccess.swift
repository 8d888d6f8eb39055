import Foundations
import Machine

/// Reading and writing fields, in units of their access width. Source: ACPI 6.5, section 19.6.46.
extension AMLInterpreter {
  /// How deep fields may be behind each other: an index field whose data register is a field of a bank, and the like.
  private static let fieldDepthLimit = 8

  /// Runs `body`, which accesses a field, with the global lock if the field wants it.
  private func access<Result>(
    _ field: AMLField, _ body: () throws(AMLError) -> Result
  ) throws(AMLError) -> Result {
    guard fieldDepth < Self.fieldDepthLimit else { throw .depthLimit }
    fieldDepth += 1
    defer { fieldDepth -= 1 }
    guard field.access.isLocked else { return try body() }
    guard takeGlobalLock() else { throw .accessRefused }
    defer { giveGlobalLock() }
    return try body()
  }

  /// The field's value: an integer, or a buffer when it is wider than integers are.
  func readField(_ number: UInt32) throws(AMLError) -> AMLValue {
    guard let field = fields[number] else { throw .staleReference }
    guard field.bitCount <= UInt64(integerWidth * 8), !field.isAlwaysBuffer else {
      guard field.bitCount <= UInt64(limits.objectSize) * 8 else { throw .heapLimit }
      let buffer = try heap.makeBytes(count: Int((field.bitCount + 7) / 8))
      try access(field) { () throws(AMLError) in
        try self.readBits(field) { position, bits, count in
          self.heap.deposit(bits, count: count, at: position, in: buffer)
        }
      }
      return .buffer(buffer)
    }
    var value: UInt64 = 0
    try access(field) { () throws(AMLError) in
      try self.readBits(field) { position, bits, _ in value |= bits << position }
    }
    return .integer(value)
  }

  /// Writes an integer, or the bytes of a buffer or string, filled up with zeros. Source: ACPI 6.5, table 19.7.
  func writeField(_ number: UInt32, _ value: AMLValue) throws(AMLError) {
    guard let field = fields[number] else { throw .staleReference }
    try access(field) { () throws(AMLError) in
      switch value {
      case .integer(let integer):
        try self.writeBits(field) { position, _ in position < 64 ? integer >> position : 0 }
      case .buffer(let bytes), .string(let bytes):
        try self.writeBits(field) { position, count in self.heap.extract(count: count, at: position, of: bytes) }
      default: throw .operandType
      }
    }
  }

  private func readBits(_ field: AMLField, _ deposit: (UInt64, UInt64, Int) -> Void) throws(AMLError) {
    let unit = UInt64(field.access.width * 8)
    var position: UInt64 = 0
    while position < field.bitCount {
      let bit = field.bitOffset + position
      let shift = bit % unit
      let count = min(unit - shift, field.bitCount - position)
      let datum = try readDatum(field, at: bit / unit * (unit / 8))
      deposit(position, (datum >> shift) & UInt64.mask(width: Int(count)), Int(count))
      position += count
    }
  }

  private func writeBits(_ field: AMLField, _ source: (UInt64, Int) -> UInt64) throws(AMLError) {
    let unit = UInt64(field.access.width * 8)
    var position: UInt64 = 0
    while position < field.bitCount {
      let bit = field.bitOffset + position
      let shift = bit % unit
      let count = min(unit - shift, field.bitCount - position)
      let offset = bit / unit * (unit / 8)
      let mask = UInt64.mask(width: Int(count)) << shift
      var datum = source(position, Int(count)) << shift & mask
      if count < unit {
        switch field.access.update {
        case 0: datum |= try readDatum(field, at: offset) & ~mask
        case 1: datum |= ~mask & UInt64.mask(width: Int(unit))
        default: break
        }
      }
      try writeDatum(field, at: offset, datum)
      position += count
    }
  }

  // MARK: One unit

  private func fieldNumber(_ node: AMLNode) throws(AMLError) -> UInt32 {
    guard case .field(let number) = try namespace.record(node).content else { throw .staleReference }
    return number
  }

  private func regionNumber(_ node: AMLNode) throws(AMLError) -> UInt32 {
    guard case .region(let number) = try namespace.record(node).content else { throw .staleReference }
    return number
  }

  private func readDatum(_ field: AMLField, at offset: UInt64) throws(AMLError) -> UInt64 {
    switch field.storage {
    case .buffer(let buffer): return UInt64(heap.byte(buffer, Int(offset)))
    case .region(let node): return try readRegion(try regionNumber(node), at: offset, width: field.access.width)
    case .bank(let node, let register, let value):
      try select(register, value)
      return try readRegion(try regionNumber(node), at: offset, width: field.access.width)
    case .index(let register, let data):
      try select(register, offset)
      guard case .integer(let value) = try readField(try fieldNumber(data)) else { throw .operandType }
      return value
    }
  }

  private func writeDatum(_ field: AMLField, at offset: UInt64, _ value: UInt64) throws(AMLError) {
    switch field.storage {
    case .buffer(let buffer): heap.setByte(buffer, Int(offset), UInt8(truncatingIfNeeded: value))
    case .region(let node): try writeRegion(try regionNumber(node), at: offset, width: field.access.width, value)
    case .bank(let node, let register, let bank):
      try select(register, bank)
      try writeRegion(try regionNumber(node), at: offset, width: field.access.width, value)
    case .index(let register, let data):
      try select(register, offset)
      try writeField(try fieldNumber(data), .integer(value))
    }
  }

  /// Writes a bank or index register, which must be wide enough for the value.
  private func select(_ register: AMLNode, _ value: UInt64) throws(AMLError) {
    let number = try fieldNumber(register)
    guard let field = fields[number] else { throw .staleReference }
    guard field.bitCount >= 64 || value >> field.bitCount == 0 else { throw .registerLimit }
    try writeField(number, .integer(value))
  }
}

extension AMLHeap {
  /// Puts the low `count` bits of `bits`, 64 at most, at bit `position` of a buffer.
  mutating func deposit(_ bits: UInt64, count: Int, at position: UInt64, in buffer: AMLObjectIndex) {
    for bit in 0..<UInt64(count) where bits >> bit & 1 != 0 {
      let place = position + bit
      setByte(buffer, Int(place / 8), byte(buffer, Int(place / 8)) | 1 << UInt8(place % 8))
    }
  }

  /// `count` bits, 64 at most, from bit `position` of a buffer; zeros behind its end.
  func extract(count: Int, at position: UInt64, of buffer: AMLObjectIndex) -> UInt64 {
    var bits: UInt64 = 0
    for bit in 0..<UInt64(count) {
      let place = position + bit
      bits |= UInt64(byte(buffer, Int(place / 8)) >> UInt8(place % 8) & 1) << bit
    }
    return bits
  }
}
