import TestSupport

/// Writes random AML that is mostly well-formed, so that a fuzzer gets behind the parser.
struct RandomCode {
  var random: SeededGenerator
  private let names = [
    "AAAA", "BBBB", "CCCC", "DDDD", "PKGA", "BUFA", "STRA", "FLDA", "FLDB", "IDXF", "MTXA", "EVTA", "DEVA",
  ]
  private let methods = ["MTH0", "MTH1", "MTH2", "MTH3"]

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  private mutating func number(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }
  private mutating func byte() -> UInt8 { UInt8.random(in: 0...255, using: &random) }
  private mutating func name() -> [UInt8] { Array((names.randomElement(using: &random) ?? "AAAA").utf8) }

  /// A package: its operator, its length, what it holds.
  static func package(_ opcode: [UInt8], _ body: [UInt8]) -> [UInt8] {
    let count = body.count + 1
    if count < 64 { return opcode + [UInt8(count)] + body }
    let long = body.count + 3
    return opcode + [0x80 | UInt8(long & 0xf), UInt8(long >> 4 & 0xff), UInt8(long >> 12 & 0xff)] + body
  }

  /// A whole table around `code`, with a good checksum.
  static func table(_ code: [UInt8], revision: UInt8 = 2) -> [UInt8] {
    var table = Array("DSDT".utf8) + [0, 0, 0, 0, revision, 0] + Array("APUS  FUZZ    ".utf8) + [1, 0, 0, 0]
    table += Array("APUS".utf8) + [1, 0, 0, 0] + code
    seal(&table)
    return table
  }

  /// Sets the length and the checksum.
  static func seal(_ table: inout [UInt8]) {
    guard table.count >= 36 else { return }
    for index in 0..<4 { table[4 + index] = UInt8(truncatingIfNeeded: table.count >> (index * 8)) }
    table[9] = 0
    table[9] = 0 &- table.reduce(0, &+)
  }

  /// A DSDT with names of every kind and methods that do things to them.
  mutating func table() -> [UInt8] {
    var code: [UInt8] = []
    code += [0x08] + Array("AAAA".utf8) + [0x0a, byte()]
    code += [0x08] + Array("BBBB".utf8) + [0x0e] + (0..<8).map { _ in byte() }
    code += [0x08] + Array("CCCC".utf8) + [0x00, 0x08] + Array("DDDD".utf8) + [0xff]
    code += [0x08] + Array("STRA".utf8) + [0x0d] + Array("text 12".utf8) + [0]
    code += [0x08] + Array("BUFA".utf8) + Self.package([0x11], [0x0a, UInt8(number(40))] + (0..<6).map { _ in byte() })
    code +=
      [0x08] + Array("PKGA".utf8) + Self.package([0x12], [5, 0x01, 0x0a, 7] + Array("AAAA".utf8) + [0x0d, 0x41, 0])
    code += [0x5b, 0x80] + Array("REGA".utf8) + [UInt8(number(3)), 0x0b, 0, 0x10, 0x0a, UInt8(number(64))]
    code += Self.package(
      [0x5b, 0x81],
      Array("REGA".utf8) + [byte() & 0x7f] + Array("FLDA".utf8) + [UInt8(number(63))] + Array("FLDB".utf8)
        + [UInt8(number(63))])
    code += Self.package(
      [0x5b, 0x86], Array("FLDAFLDB".utf8) + [byte() & 0x7f] + Array("IDXF".utf8) + [UInt8(number(63))])
    code += [0x5b, 0x01] + Array("MTXA".utf8) + [byte() & 0xf] + [0x5b, 0x02] + Array("EVTA".utf8)
    code += Self.package([0x5b, 0x82], Array("DEVA".utf8) + [0x08] + Array("_ADR".utf8) + [0x01])
    for (index, method) in methods.enumerated() {
      var body = Array(method.utf8) + [UInt8(index) | byte() & 0x08]
      for _ in 0..<(1 + number(8)) { body += statement(3) }
      code += Self.package([0x14], body)
    }
    if number(4) == 0 { for _ in 0..<number(4) { code += statement(2) } }
    return Self.table(code, revision: UInt8(1 + number(2)))
  }

  private mutating func list(_ depth: Int) -> [UInt8] {
    var body: [UInt8] = []
    for _ in 0..<number(4) { body += statement(depth - 1) }
    return body
  }

  private mutating func statement(_ depth: Int) -> [UInt8] {
    guard depth > 0 else { return [0xa3] }
    switch number(16) {
    case 0: return Self.package([0xa0], value(depth) + list(depth)) + Self.package([0xa1], list(depth))
    case 1: return Self.package([0xa2], value(depth) + list(depth) + (number(2) == 0 ? [0xa5] : []))
    case 2: return [0xa4] + value(depth)
    case 3: return [0x70] + value(depth) + target(depth)
    case 4: return [0x9d] + value(depth) + simpleTarget()
    case 5: return [0x5b, 0x23] + name() + [0, 0]
    case 6: return [0x5b, [0x24, 0x26, 0x27].randomElement(using: &random) ?? 0x24] + name()
    case 7: return [0x86] + name() + value(depth)
    case 8: return [0x8c] + value(depth) + value(depth) + Array("TFLD".utf8)
    case 9: return [0x5b, 0x13] + value(depth) + value(depth) + value(depth) + Array("TFL2".utf8)
    case 10: return [0x08] + Array("TNAM".utf8) + value(depth)
    case 11: return [number(2) == 0 ? 0xa5 : 0x9f]
    case 12: return [number(2) == 0 ? 0x75 : 0x76] + target(depth)
    case 13: return [byte()]
    default: return value(depth)
    }
  }

  private mutating func simpleTarget() -> [UInt8] {
    switch number(3) {
    case 0: name()
    case 1: [0x60 + UInt8(number(8))]
    default: [0x68 + UInt8(number(7))]
    }
  }

  private mutating func target(_ depth: Int) -> [UInt8] {
    switch number(depth > 0 ? 8 : 5) {
    case 0: [0x00]
    case 1: [0x5b, 0x31]
    case 5, 6: [0x88] + value(depth - 1) + value(depth - 1) + [0x00]
    case 7: [number(2) == 0 ? 0x83 : 0x71] + simpleTarget()
    default: simpleTarget()
    }
  }

  private mutating func value(_ depth: Int) -> [UInt8] {
    guard depth > 0 else { return leaf() }
    switch number(24) {
    case 0, 1:
      let opcode: UInt8 =
        [0x72, 0x73, 0x74, 0x77, 0x79, 0x7a, 0x7b, 0x7d, 0x7f, 0x84, 0x85, 0x88, 0x9c].randomElement(
          using: &random) ?? 0x72
      return [opcode] + value(depth - 1) + value(depth - 1) + target(depth - 1)
    case 2: return [0x78] + value(depth - 1) + value(depth - 1) + target(depth - 1) + target(depth - 1)
    case 3:
      let opcode: UInt8 = [0x80, 0x81, 0x82, 0x96, 0x97, 0x98, 0x99].randomElement(using: &random) ?? 0x96
      return [opcode] + value(depth - 1) + target(depth - 1)
    case 4:
      return [[0x90, 0x91, 0x93, 0x94, 0x95].randomElement(using: &random) ?? 0x90] + value(depth - 1)
        + value(depth - 1)
    case 5: return [0x92] + value(depth - 1)
    case 6: return [0x83] + value(depth - 1)
    case 7: return [0x71] + simpleTarget()
    case 8: return [0x87] + target(0)
    case 9: return [0x8e] + target(depth - 1)
    case 10: return [0x88] + value(depth - 1) + value(depth - 1) + target(depth - 1)
    case 11: return [0x9e] + value(depth - 1) + value(depth - 1) + value(depth - 1) + target(depth - 1)
    case 12: return Self.package([0x11], value(depth - 1) + (0..<number(5)).map { _ in byte() })
    case 13: return Self.package([0x12], [UInt8(number(6))] + (0..<number(5)).flatMap { _ in leaf() })
    case 14: return Self.package([0x13], value(depth - 1) + (0..<number(5)).flatMap { _ in leaf() })
    case 15:
      let method = number(methods.count)
      return Array(methods[method].utf8) + (0..<method).flatMap { _ in value(depth - 1) }
    case 16:
      return [0x89] + value(depth - 1) + [UInt8(number(6))] + value(depth - 1) + [UInt8(number(6))] + value(depth - 1)
        + [0]
    case 17: return [0x5b, 0x12] + name() + target(depth - 1)
    case 18: return [0x5b, number(2) == 0 ? 0x28 : 0x29] + value(depth - 1) + target(depth - 1)
    case 19: return [0x5b, 0x25] + name() + value(depth - 1)
    default: return leaf()
    }
  }

  private mutating func leaf() -> [UInt8] {
    switch number(10) {
    case 0: [0x00]
    case 1: [0xff]
    case 2: [0x0a, byte()]
    case 3: [0x0c, byte(), byte(), byte(), byte()]
    case 4: [0x0d] + Array(["", "12", "zz", "AAAA"][number(4)].utf8) + [0]
    case 5, 6: [0x60 + UInt8(number(4))]
    case 7: [0x68 + UInt8(number(4))]
    default: name()
    }
  }
}
