import Foundations
import LinuxABI
import Machine

extension SystemCallTrace {
  /// How many elements of an array are shown.
  private static let elementLimit: UInt64 = 32
  /// The largest structure whose fields are shown, in bytes.
  private static let structureLimit = 512

  /// Writes `count` structures or numbers at `address`; the address when they cannot be read or have no form to show.
  mutating func write(_ structure: SystemCallStructure, at address: UInt64, count: UInt64?, isArray: Bool) {
    guard let count, address != 0, isArray || count == 1 else { return line.write(address: address) }
    if structure.scalar == .vector { return write(vectorAt: address) }
    guard let size = structure.size, size <= Self.structureLimit,
      structure.scalar != nil || structure.field(at: 0) != nil
    else { return line.write(address: address) }
    let isBracketed = isArray || (structure.scalar != nil && structure.scalar != .signalSet)
    if isArray && count == 0 { return line.write("[]") }
    guard canRead(address, size) else { return line.write(address: address) }
    if isBracketed { line.write("[") }
    for index in 0..<min(count, Self.elementLimit) {
      if index > 0 { line.write(", ") }
      writeElement(structure, size, at: address &+ index &* UInt64(size))
    }
    if count > Self.elementLimit { line.write(", ...") }
    if isBracketed { line.write("]") }
  }

  private func canRead(_ address: UInt64, _ size: Int) -> Bool {
    var storage = InlineArray<512, UInt8>(repeating: 0)
    var bytes = storage.mutableSpan
    return Self.copy(from: address, count: size, into: &bytes) == size
  }

  private mutating func writeElement(_ structure: SystemCallStructure, _ size: Int, at address: UInt64) {
    var storage = InlineArray<512, UInt8>(repeating: 0)
    var bytes = storage.mutableSpan
    guard Self.copy(from: address, count: size, into: &bytes) == size else { return line.write(address: address) }
    let form = storage.span.extracting(0..<size)
    if let scalar = structure.scalar {
      write(scalar, Self.number(form, 0, width: size * 8), in: form, of: structure)
    } else {
      write(structure, form)
    }
  }

  /// Writes the fields of a structure whose bytes are `form`.
  private mutating func write(_ structure: SystemCallStructure, _ form: Span<UInt8>) {
    line.write("{")
    var index = 0
    while let field = structure.field(at: index) {
      if index > 0 { line.write(", ") }
      line.write(field.name)
      line.write("=")
      let rest = form.extracting(field.offset..<form.count)
      switch field.kind {
      case .structure(let inner): write(inner, rest.extracting(0..<(inner.size ?? 0)))
      case .text(let size): write(textIn: rest.extracting(0..<size))
      default:
        write(field.kind, Self.number(rest, 0, width: Self.width(of: field.kind)), in: form, of: structure)
      }
      index += 1
    }
    line.write(structure.isAbbreviated ? ", ...}" : "}")
  }

  /// Writes a value of a field or an element that fits a register.
  private mutating func write(
    _ kind: SystemCallField.Kind, _ value: UInt64, in form: Span<UInt8>, of structure: SystemCallStructure
  ) {
    switch kind {
    case .address, .vector, .structure, .text: line.write(address: value)
    case .bytes(let length):
      guard let field = structure.field(at: length) else { return line.write(address: value) }
      let rest = form.extracting(field.offset..<form.count)
      write(bytesAt: value, count: Self.number(rest, 0, width: Self.width(of: field.kind)))
    case .descriptor: line.write(signed: value, width: 32)
    case .enumeration(let enumeration, let width): write(enumeration, value, width: width)
    case .flags(let set, let width): write(set, value, width: width)
    case .mode: write(fileMode: value)
    case .signalSet: line.write(signals: value)
    case .signed(let width): line.write(signed: value, width: width)
    case .unsigned(let width): line.write(unsigned: value, width: width)
    }
  }

  private static func width(of kind: SystemCallField.Kind) -> Int {
    switch kind {
    case .enumeration(_, let width), .flags(_, let width), .mode(let width), .signed(let width), .unsigned(let width):
      width
    case .descriptor: 32
    case .address, .bytes, .signalSet, .structure, .text, .vector: 64
    }
  }

  /// The number of `width` bits at `offset`, lowest byte first.
  private static func number(_ bytes: Span<UInt8>, _ offset: Int, width: Int) -> UInt64 {
    var number: UInt64 = 0
    for index in 0..<(width / 8) { number |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
    return number
  }

  /// Writes `S_IFREG|0644`.
  private mutating func write(fileMode mode: UInt64) {
    if let type = SystemCallEnumeration.fileType.constantName(of: Int64(mode & 0xf000)) {
      line.write(type)
      line.write("|")
    }
    if mode & 0x800 != 0 { line.write("S_ISUID|") }
    if mode & 0x400 != 0 { line.write("S_ISGID|") }
    if mode & 0x200 != 0 { line.write("S_ISVTX|") }
    line.write(mode: mode & 0x1ff)
  }

  private mutating func write(textIn bytes: Span<UInt8>) {
    var length = 0
    while length < bytes.count, bytes[length] != 0 { length += 1 }
    line.write(quoted: bytes.extracting(0..<length), isCut: false)
  }

  /// Writes the texts that a vector of addresses leads to, as that of execve(2).
  private mutating func write(vectorAt address: UInt64) {
    guard canRead(address, 8) else { return line.write(address: address) }
    line.write("[")
    for index in UInt64(0)..<Self.elementLimit {
      var storage = InlineArray<8, UInt8>(repeating: 0)
      var bytes = storage.mutableSpan
      guard Self.copy(from: address &+ index &* 8, count: 8, into: &bytes) == 8 else {
        line.write(", ...]")
        return
      }
      let text = Self.number(storage.span, 0, width: 64)
      if text == 0 { return line.write("]") }
      if index > 0 { line.write(", ") }
      write(textAt: text, limit: 32)
    }
    line.write(", ...]")
  }
}
