/// Reads strict JSON (RFC 8259, UTF-8 without byte order mark) and keeps where everything stood.
///
/// Goes on after a mistake where it can tell what was meant, so that one run lists several. Repeated keys, comments, trailing commas,
/// single quotes, bare keys and hexadecimal numbers are mistakes with a remedy of their own.
public struct JSONParser {
  /// How deep arrays and objects may nest.
  public static let deepestNesting = 128
  /// How many mistakes of one file are listed.
  public static let mostDiagnostics = 25

  let source: SourceText
  let bytes: [UInt8]
  var index = 0
  var openBrackets: [UInt8] = []
  /// Set when the rest of a line was skipped: what is missing then at the start of the next was said already.
  var hasSkippedLine = false
  /// Set when nothing behind can be understood any more.
  private var isAborted = false
  var diagnostics: [Diagnostic] = []

  private init(_ source: SourceText) {
    self.source = source
    bytes = source.bytes
  }

  /// The document in `source`.
  ///
  /// - Throws: every mistake found.
  public static func parse(_ source: SourceText) throws(SpecErrors) -> JSONNode {
    var parser = JSONParser(source)
    let root = parser.document()
    if let root, parser.diagnostics.isEmpty { return root }
    throw SpecErrors(parser.diagnostics)
  }

  private mutating func document() -> JSONNode? {
    guard isUTF8() else { return nil }
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      report(0, .root, "the file begins with a byte order mark", "save it as UTF-8 without one")
      index = 3
    }
    skipSpace(.root)
    guard index < bytes.count else {
      report(index, .root, "the file is empty", "write an object: { \"$schema\": ... }")
      return nil
    }
    let root = value(.root)
    skipSpace(.root)
    if index < bytes.count {
      report(
        index, .root, "\(found()) follows the end of the document", "delete it, or look for a bracket closed too early")
    }
    return root
  }

  private mutating func isUTF8() -> Bool {
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      report(0, .root, "the file is UTF-16", "save it as UTF-8")
      return false
    }
    do {
      _ = try UTF8Span(validating: bytes.span)
      return true
    } catch {
      let offset = error.byteOffsets.lowerBound
      let byte = String(bytes[offset], radix: 16, uppercase: true)
      report(offset, .root, "the byte 0x\(byte) is not UTF-8", "save the file as UTF-8")
      return false
    }
  }

  // MARK: Values

  mutating func value(_ path: JSONPath) -> JSONNode? {
    skipSpace(path)
    guard index < bytes.count else {
      report(index, path, "the file ends where a value is expected", "write a value")
      return nil
    }
    let start = index
    switch bytes[index] {
    case UInt8(ascii: "{"): return object(path)
    case UInt8(ascii: "["): return array(path)
    case UInt8(ascii: "\""), UInt8(ascii: "'"):
      return string(path).map { JSONNode(.string($0), path: path, source: source, offset: start) }
    case UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "0")...UInt8(ascii: "9"):
      return number(path)
    case let byte where isWordStart(byte): return word(path)
    case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"):
      report(index, path, "\(found()) stands where a value is expected", "write a value before it")
      return nil
    default:
      report(
        index, path, "\(found()) cannot begin a value", "write a string, number, array, object, true, false or null")
      skipCharacter()
      return nil
    }
  }

  private mutating func word(_ path: JSONPath) -> JSONNode? {
    let start = index
    let text = takeWord()
    func node(_ value: JSONNode.Value) -> JSONNode { JSONNode(value, path: path, source: source, offset: start) }
    switch text {
    case "true": return node(.bool(true))
    case "false": return node(.bool(false))
    case "null": return node(.null)
    case "True", "TRUE", "yes", "on": report(start, path, "JSON has no \(text)", "write true")
    case "False", "FALSE", "no", "off": report(start, path, "JSON has no \(text)", "write false")
    case "None", "nil", "NULL", "Null", "undefined": report(start, path, "JSON has no \(text)", "write null")
    case "NaN", "Infinity": report(start, path, "JSON has no \(text)", "write a finite number")
    default:
      report(start, path, "the word \(text) is not a JSON value", "put it in double quotes: \(text.debugDescription)")
    }
    return node(.null)
  }

  // MARK: Containers

  private mutating func array(_ path: JSONPath) -> JSONNode? {
    let start = index
    guard open(path) else { return nil }
    var elements: [JSONNode] = []
    loop: while true {
      skipSpace(path)
      switch closer(start, path) {
      case .closed: break loop
      case .aborted: return nil
      case .open: break
      }
      let elementPath = path.appending(index: elements.count)
      if bytes[index] == UInt8(ascii: ",") {
        report(index, elementPath, "a comma stands where a value is expected", "delete it or write a value before it")
        index += 1
        continue
      }
      if let element = value(elementPath) { elements.append(element) }
      separator(start, elementPath)
    }
    return JSONNode(.array(elements), path: path, source: source, offset: start)
  }

  private mutating func object(_ path: JSONPath) -> JSONNode? {
    let start = index
    guard open(path) else { return nil }
    var members: [JSONNode.Member] = []
    var seen: [String: Int] = [:]
    loop: while true {
      skipSpace(path)
      switch closer(start, path) {
      case .closed: break loop
      case .aborted: return nil
      case .open: break
      }
      if bytes[index] == UInt8(ascii: "{"), isInArray {
        report(
          index, path, "`{` stands where `}` must close line \(source.position(at: start).line)", "write `}` before it")
        openBrackets.removeLast()
        // The array around takes this as its next element, without the comma that the object took.
        hasSkippedLine = true
        break
      }
      let keyOffset = index
      guard let key = key(path) else { continue }
      let memberPath = path.appending(key: key)
      if let first = seen.updateValue(keyOffset, forKey: key) {
        seen[key] = first
        let line = source.position(at: first).line
        report(
          keyOffset, memberPath, "the key \(key.debugDescription) was already given on line \(line)",
          "keep one of the two")
      }
      colon(memberPath)
      if hasSkippedLine {
        hasSkippedLine = false
        continue
      }
      if let value = value(memberPath) { members.append(JSONNode.Member(key: key, value: value, keyOffset: keyOffset)) }
      separator(start, memberPath)
    }
    return JSONNode(.object(members), path: path, source: source, offset: start)
  }

  /// A member's key, or nil after a reported mistake that left something other than a key behind.
  private mutating func key(_ path: JSONPath) -> String? {
    let start = index
    switch bytes[index] {
    case UInt8(ascii: "\""), UInt8(ascii: "'"): return string(path)
    case UInt8(ascii: ","):
      report(index, path, "a comma stands where a key is expected", "delete it")
      index += 1
    case let byte where isWordStart(byte):
      let text = takeWord()
      report(start, path, "the key \(text) is not in quotes", "write \(text.debugDescription)")
      return text
    case UInt8(ascii: ":"):
      report(index, path, "the key before `:` is missing", "write \"key\": value")
      index += 1
      _ = value(path)
      separator(start, path)
    default:
      report(index, path, "\(found()) stands where a key is expected", "write \"key\": value")
      let known = diagnostics.count
      _ = value(path)
      // What the stray value holds is of no use to the reader of the first message.
      diagnostics.removeSubrange(known...)
      if index == start { skipCharacter() }
      separator(start, path)
    }
    return nil
  }

  private mutating func colon(_ path: JSONPath) {
    skipSpace(path)
    guard index < bytes.count, !hasSkippedLine else { return }
    switch bytes[index] {
    case UInt8(ascii: ":"): index += 1
    case UInt8(ascii: "="):
      report(index, path, "`=` stands between key and value", "write `:`")
      index += 1
      if index < bytes.count, bytes[index] == UInt8(ascii: ">") { index += 1 }
    default: report(index, path, "`:` is missing after the key", "write \"key\": value")
    }
  }

  /// Takes the comma behind a value; reports a missing or a trailing one.
  private mutating func separator(_ start: Int, _ path: JSONPath) {
    let end = index
    skipSpace(path)
    defer { hasSkippedLine = false }
    guard index < bytes.count else { return }
    switch bytes[index] {
    case UInt8(ascii: ","):
      let comma = index
      index += 1
      skipSpace(path)
      if index < bytes.count, isCloser(bytes[index]) {
        let bracket = bytes[index] == UInt8(ascii: "}") ? "}" : "]"
        report(comma, path, "a comma stands before `\(bracket)`", "delete it: JSON has no trailing commas")
      }
    case UInt8(ascii: ";"):
      report(index, path, "`;` stands where `,` is expected", "write `,`")
      index += 1
    case let byte where isCloser(byte): break
    case _ where hasSkippedLine: break
    default:
      // A value that could not be read leaves its rest behind: one message for it is enough.
      if diagnostics.last.map({ $0.position == source.position(at: index) }) ?? false {
        skipCharacter()
        return
      }
      report(end, path, "`,` is missing between two values", "write `,` here")
    }
  }

  /// True when the innermost container stands in an array.
  private var isInArray: Bool { openBrackets.dropLast().last == UInt8(ascii: "[") }

  private enum Closing { case open, closed, aborted }

  private mutating func open(_ path: JSONPath) -> Bool {
    guard openBrackets.count < Self.deepestNesting else {
      report(index, .root, "values nest deeper than \(Self.deepestNesting)", "flatten them")
      isAborted = true
      index = bytes.count
      return false
    }
    openBrackets.append(bytes[index])
    index += 1
    return true
  }

  /// Takes the closing bracket of the container opened at `start` if it is next.
  private mutating func closer(_ start: Int, _ path: JSONPath) -> Closing {
    let bracket = bytes[start]
    let wanted = bracket == UInt8(ascii: "{") ? UInt8(ascii: "}") : UInt8(ascii: "]")
    let sign = wanted == UInt8(ascii: "}") ? "}" : "]"
    guard index < bytes.count else {
      openBrackets.removeLast()
      // The innermost bracket is told; those around it are open for the same reason.
      if !isAborted {
        isAborted = true
        report(
          start, path, "`\(bracket == UInt8(ascii: "{") ? "{" : "[")` is never closed", "write `\(sign)` where it ends")
      }
      return .aborted
    }
    guard isCloser(bytes[index]) else { return .open }
    openBrackets.removeLast()
    if bytes[index] == wanted {
      index += 1
      return .closed
    }
    let line = source.position(at: start).line
    report(index, path, "\(found()) stands where `\(sign)` must close line \(line)", "write `\(sign)`")
    // The container around this one may end with that bracket; then it is left to it.
    let isOfParent = openBrackets.last.map { $0 != bracket } ?? false
    if !isOfParent || isTypingError(bytes[index]) { index += 1 }
    return .closed
  }

  /// True when the bracket at `index` seems to be meant for the innermost container: the one around goes on, or closes, behind it.
  private func isTypingError(_ bracket: UInt8) -> Bool {
    let spaces: Set<UInt8> = [UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t")]
    let rest = bytes[(index + 1)...].drop { spaces.contains($0) }
    guard rest.first == UInt8(ascii: ",") else { return rest.first == bracket }
    let next = rest.dropFirst().drop { spaces.contains($0) }.first
    return bracket == UInt8(ascii: "]") ? next == UInt8(ascii: "{") : next == UInt8(ascii: "\"")
  }

  // MARK: Characters

  mutating func report(_ offset: Int, _ path: JSONPath, _ problem: String, _ remedy: String) {
    guard diagnostics.count < Self.mostDiagnostics else {
      isAborted = true
      index = bytes.count
      return
    }
    diagnostics.append(
      Diagnostic(file: source.file, position: source.position(at: offset), path: path, problem: problem, remedy: remedy)
    )
  }

  private func isCloser(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") }

  func isWordStart(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
      UInt8(ascii: "$"):
      true
    default: false
    }
  }

  mutating func takeWord() -> String {
    let start = index
    while index < bytes.count,
      isWordStart(bytes[index]) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index])
    {
      index += 1
    }
    return String(decoding: bytes[start..<index], as: UTF8.self)
  }

  /// The character at `index` as a message shows it.
  func found() -> String {
    guard index < bytes.count else { return "the end of the file" }
    var end = index + 1
    while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
    let text = String(decoding: bytes[index..<end], as: UTF8.self)
    guard let scalar = text.unicodeScalars.first, scalar.value >= 0x20, scalar.value != 0x7F else {
      return "the control character 0x\(String(bytes[index], radix: 16, uppercase: true))"
    }
    return "`\(text)`"
  }

  mutating func skipCharacter() {
    index = min(index + 1, bytes.count)
    while index < bytes.count, bytes[index] & 0xC0 == 0x80 { index += 1 }
  }

  /// Skips white space, and comments with a mistake each.
  mutating func skipSpace(_ path: JSONPath) {
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): index += 1
      case UInt8(ascii: "#"), UInt8(ascii: "/"): skipComment(path)
      default: return
      }
    }
  }

  private mutating func skipComment(_ path: JSONPath) {
    report(
      index, path, "JSON has no comments", "delete it, or say it in a \"notes\" or \"summary\" key that the schema has")
    let isBlock = bytes[index...].starts(with: Array("/*".utf8))
    while index < bytes.count {
      if isBlock, bytes[index...].starts(with: Array("*/".utf8)) {
        index += 2
        return
      }
      if !isBlock, bytes[index] == UInt8(ascii: "\n") { return }
      index += 1
    }
  }
}
