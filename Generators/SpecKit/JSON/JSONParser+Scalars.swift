extension JSONParser {
  // MARK: Strings

  /// The string that begins at `index`; nil when it does not end.
  mutating func string(_ path: JSONPath) -> String? {
    let start = index
    let quote = bytes[index]
    if quote != UInt8(ascii: "\"") { report(index, path, "the string is in single quotes", "use double quotes") }
    index += 1
    var text = ""
    var runStart = index
    while index < bytes.count {
      switch bytes[index] {
      case quote:
        text += String(decoding: bytes[runStart..<index], as: UTF8.self)
        index += 1
        if index < bytes.count, isWordStart(bytes[index]) { skipLine(start, path) }
        return text
      case UInt8(ascii: "\\"):
        text += String(decoding: bytes[runStart..<index], as: UTF8.self)
        escape(path, into: &text)
        runStart = index
      case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
        text += String(decoding: bytes[runStart..<index], as: UTF8.self)
        report(
          start, path, "the string does not end on its line", "close it with `\"`; a line break in a string is \\n")
        return text
      case 0..<0x20:
        let code = String(bytes[index], radix: 16)
        let name = bytes[index] == 9 ? "a tab" : "the control character 0x\(code.uppercased())"
        let escaped = bytes[index] == 9 ? "\\t" : "\\u\(String(repeating: "0", count: 4 - code.count))\(code)"
        report(index, path, "\(name) stands in a string", "write \(escaped)")
        index += 1
      default: index += 1
      }
    }
    report(start, path, "the string is never closed", "close it with `\"`")
    return nil
  }

  /// A word right behind a closing quote means that a quote is missing or not escaped: the rest of the line makes no sense.
  private mutating func skipLine(_ start: Int, _ path: JSONPath) {
    report(
      start, path, "the string runs into the text behind it", "close it where it ends; a quote inside is written \\\"")
    while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { index += 1 }
    hasSkippedLine = true
  }

  private mutating func escape(_ path: JSONPath, into text: inout String) {
    let start = index
    index += 1
    guard index < bytes.count else { return }
    let letter = bytes[index]
    index += 1
    switch letter {
    case UInt8(ascii: "\""): text += "\""
    case UInt8(ascii: "\\"): text += "\\"
    case UInt8(ascii: "/"): text += "/"
    case UInt8(ascii: "b"): text += "\u{8}"
    case UInt8(ascii: "f"): text += "\u{C}"
    case UInt8(ascii: "n"): text += "\n"
    case UInt8(ascii: "r"): text += "\r"
    case UInt8(ascii: "t"): text += "\t"
    case UInt8(ascii: "u"): unicodeEscape(start, path, into: &text)
    case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
      // The line break is no part of the escape: leave it to the string, which ends here.
      index -= 1
    default:
      index -= 1
      let character = found()
      skipCharacter()
      report(start, path, "a backslash before \(character) means nothing", "write \\\\ for a backslash")
    }
  }

  private mutating func unicodeEscape(_ start: Int, _ path: JSONPath, into text: inout String) {
    guard let first = fourDigits() else {
      report(start, path, "\\u needs four hexadecimal digits", "write it like \\u00e9")
      return
    }
    var code = UInt32(first)
    if (0xD800..<0xDC00).contains(first) {
      let hasSecond =
        index + 1 < bytes.count && bytes[index] == UInt8(ascii: "\\") && bytes[index + 1] == UInt8(ascii: "u")
      if hasSecond {
        index += 2
        if let second = fourDigits(), (0xDC00..<0xE000).contains(second) {
          code = 0x10000 + (UInt32(first) - 0xD800) << 10 + UInt32(second) - 0xDC00
        }
      }
    }
    guard let scalar = Unicode.Scalar(code) else {
      report(start, path, "half a surrogate pair stands alone", "write the character itself, or both halves")
      return
    }
    text.unicodeScalars.append(scalar)
  }

  private mutating func fourDigits() -> UInt16? {
    guard index + 4 <= bytes.count else { return nil }
    var value: UInt16 = 0
    for offset in 0..<4 {
      guard let digit = Character(Unicode.Scalar(bytes[index + offset])).hexDigitValue else { return nil }
      value = value << 4 | UInt16(digit)
    }
    index += 4
    return value
  }

  // MARK: Numbers

  /// The number that begins at `index`.
  mutating func number(_ path: JSONPath) -> JSONNode? {
    let start = index
    while index < bytes.count, isNumberPart(bytes[index]) { index += 1 }
    let text = String(decoding: bytes[start..<index], as: UTF8.self)
    func node(_ value: JSONNode.Value) -> JSONNode { JSONNode(value, path: path, source: source, offset: start) }
    let digits = text.utf8.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
    switch NumberShape(text) {
    case .integer:
      if let value = Int128(text) { return node(.integer(value)) }
      return node(.number(Double(text) ?? .infinity))
    case .fraction: return node(.number(Double(text) ?? .infinity))
    case .malformed where digits.starts(with: "0x".utf8) || digits.starts(with: "0X".utf8):
      let decimal = SpecInteger(hexadecimal: text.lowercased()).map { "\($0.value)" } ?? "the decimal number"
      report(
        start, path, "JSON has no hexadecimal numbers",
        "write \(decimal), or the string \(text.debugDescription) where the schema takes one")
    case .malformed where text.hasPrefix("+"):
      report(start, path, "\(text) begins with a plus sign", "write \(text.dropFirst())")
    case .malformed
    where digits.first == UInt8(ascii: "0") && digits.dropFirst().allSatisfy({ (48...57).contains($0) }):
      report(start, path, "\(text) has a leading zero", "write it without")
    case .malformed:
      report(start, path, "\(text) is not a JSON number", "write it like 42, -1 or 2.5")
    }
    return node(.integer(0))
  }

  private func isNumberPart(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}

/// How a number is written, by the grammar of RFC 8259, section 6.
private enum NumberShape {
  case integer, fraction, malformed

  init(_ text: String) {
    var rest = Array(text.utf8)[...]
    func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    func takeDigits() -> Int {
      let count = rest.prefix(while: isDigit).count
      rest = rest.dropFirst(count)
      return count
    }
    self = .malformed
    if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
    let hasLeadingZero = rest.first == UInt8(ascii: "0")
    let whole = takeDigits()
    if whole == 0 || (hasLeadingZero && whole > 1) { return }
    var shape = NumberShape.integer
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      if takeDigits() == 0 { return }
      shape = .fraction
    }
    if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
      rest = rest.dropFirst()
      if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
      if takeDigits() == 0 { return }
      shape = .fraction
    }
    if rest.isEmpty { self = shape }
  }
}
