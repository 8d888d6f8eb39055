import Foundation
import TestSupport
import Testing

@testable import SpecKit

/// The parser reads what RFC 8259 allows, refuses what it does not, and never loses a position.
@Suite struct JSONParserTests {
  private func parse(_ text: String) throws(SpecErrors) -> JSONNode {
    try JSONParser.parse(SourceText(file: "test.json", bytes: Array(text.utf8)))
  }

  private func mistakes(_ bytes: [UInt8]) -> [Diagnostic] {
    do throws(SpecErrors) {
      _ = try JSONParser.parse(SourceText(file: "test.json", bytes: bytes))
      return []
    } catch {
      return error.diagnostics
    }
  }

  @Test("every kind of value is read with its place and path")
  func places() throws {
    let root = try parse("{\n  \"a\": [1, -2.5e1, \"é\u{1F600}\", true],\n\t\"odd key\": { \"b\": null }\r\n}\n")
    let list = try #require(root["a"])
    #expect(list.position == SourcePosition(line: 2, column: 8))
    #expect(list[0]?.integer == 1)
    if case .number(let number) = list[1]?.value { #expect(number == -25) } else { Issue.record("no number") }
    #expect(list[2]?.string == "é\u{1F600}")
    #expect(list[3]?.bool == true)
    // Characters are counted, not bytes: é and the emoji before `true` count one each.
    #expect(list[3]?.position == SourcePosition(line: 2, column: 26))
    #expect(list[3]?.path.description == "a[3]")
    let nested = try #require(root["odd key"]?["b"])
    #expect(nested.path.description == "[\"odd key\"].b")
    #expect(nested.position == SourcePosition(line: 3, column: 20))
    #expect(
      root.members.map(\.keyPosition) == [SourcePosition(line: 2, column: 3), SourcePosition(line: 3, column: 2)])
    #expect(root.path.description == "$")
    #expect(root.node(at: nested.path) === nested)
  }

  @Test(
    "a string's escapes become their characters",
    arguments: [
      (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u00e9\u20AC""#, "é€"),
      (#""\ud83d\ude00x""#, "\u{1F600}x"), (#""""#, ""),
    ])
  func escapes(json: String, text: String) throws {
    #expect(try parse(json).string == text)
  }

  @Test("integers keep all their digits up to 128 bits")
  func wideIntegers() throws {
    #expect(try parse("18446744073709551615").integer == Int128(UInt64.max))
    #expect(try parse("-9223372036854775808").integer == Int128(Int64.min))
    #expect(try parse("170141183460469231731687303715884105727").integer == Int128.max)
    #expect(try parse("170141183460469231731687303715884105728").integer == nil)
  }

  @Test(
    "what RFC 8259 does not allow is refused",
    arguments: [
      "", " ", "[", "{", "\"", "[1,]", "{\"a\":1,}", "[1 2]", "{\"a\" 1}", "{a:1}", "{'a':1}", "[01]", "[+1]", "[.5]",
      "[1.]", "[1e]",
      "[0x10]", "[1_000]", "[NaN]", "[-]", "[--1]", "[True]", "[nul]", "[\"\\x\"]", "[\"\\u12\"]", "[\"\\ud800\"]",
      "[\"\\udc00\"]",
      "[\"\u{1}\"]", "[\"a\nb\"]", "[1]]", "[1] 2", "{\"a\":1 \"b\":2}", "{\"a\":1,\"a\":2}", "// c\n[]", "[/* c */]",
      "[}", "{]",
      "{1:2}", "{\"a\":}", "{,}", "[,]", "{:1}", "\u{FEFF}[]", "[\u{A0}1]", "@", "[\"a\"b\"]", "{\"a\":1;\"b\":2}",
      "\"a\" \"b\"",
    ])
  func refused(text: String) {
    #expect(!mistakes(Array(text.utf8)).isEmpty)
  }

  @Test("mistakes on different lines are all listed, each at its place")
  func several() {
    let text = "{\n  \"a\": 01,\n  // no\n  \"b\": [1, 2,],\n  c: 3\n  \"d\": 'x'\n}\n"
    let places = mistakes(Array(text.utf8)).map { "\($0.position)" }
    #expect(places == ["2:8", "3:3", "4:13", "5:3", "5:7", "6:8"])
  }

  @Test("a file of nothing but mistakes lists a bounded number of them")
  func bounded() {
    let count = mistakes(Array(String(repeating: "[01],", count: 5000).utf8)).count
    #expect(count > 0 && count <= JSONParser.mostDiagnostics)
    #expect(
      mistakes(Array(("[" + String(repeating: "01,", count: 5000) + "1]").utf8)).count == JSONParser.mostDiagnostics)
  }

  @Test("nesting is read up to its limit and refused beyond")
  func nesting() throws {
    func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
    _ = try parse(nested(JSONParser.deepestNesting))
    #expect(throws: SpecErrors.self) { try parse(nested(JSONParser.deepestNesting + 1)) }
    #expect(mistakes(Array(String(repeating: "[", count: 100_000).utf8)).count == 1)
    #expect(mistakes(Array(String(repeating: "{\"a\":", count: 100_000).utf8)).count == 1)
  }

  @Test("what it reads is what Foundation reads, for random documents", arguments: 0..<100)
  func agreesWithFoundation(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    var text = ""
    Self.write(&text, depth: 4, &random)
    let expected = try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
    #expect(Self.isSame(try parse(text), expected), "\(text)")
  }

  @Test("a document cut off or damaged anywhere is refused or read, and never stops the parser", arguments: 0..<20)
  func damaged(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    let spec = try Data(contentsOf: TestFiles.root.appending(path: "Specs/boot-steps.json"))
    let bytes = Array(spec)
    for _ in 0..<50 {
      #expect(!mistakes(Array(bytes.prefix(Int.random(in: 0..<(bytes.count - 2), using: &random)))).isEmpty)
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        damaged[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      for mistake in mistakes(damaged) {
        #expect(mistake.position >= .start && !mistake.problem.isEmpty && !mistake.remedy.isEmpty)
      }
    }
  }

  @Test("random brackets and signs never stop the parser", arguments: 0..<20)
  func noise(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed) + 1000)
    let alphabet = Array("{}[]:,\"'\\/*#=-+.0123e truefalsn\n\tu".utf8)
    for _ in 0..<200 {
      let bytes = (0..<Int.random(in: 0...60, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? 0 }
      let foundation = try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
      // Foundation lets repeated keys pass; whatever else it refuses must be refused here.
      if foundation == nil { #expect(!mistakes(bytes).isEmpty, "\(String(decoding: bytes, as: UTF8.self))") }
    }
  }

  private static func write(_ text: inout String, depth: Int, _ random: inout SeededGenerator) {
    switch Int.random(in: 0..<(depth == 0 ? 5 : 7), using: &random) {
    case 0: text += "null"
    case 1: text += Bool.random(using: &random) ? "true" : "false"
    case 2: text += "\(Int.random(in: -1_000_000...1_000_000, using: &random))"
    case 3: text += "\(Double.random(in: -1e6...1e6, using: &random))"
    case 4: writeString(&text, &random)
    case 5:
      text += "[ "
      for index in 0..<Int.random(in: 0...4, using: &random) {
        text += index == 0 ? "" : ",\n"
        write(&text, depth: depth - 1, &random)
      }
      text += "]"
    default:
      text += "{"
      for index in 0..<Int.random(in: 0...4, using: &random) {
        text += index == 0 ? "\"k\(index)\" : " : "\t,\"k\(index)\":"
        write(&text, depth: depth - 1, &random)
      }
      text += "}"
    }
  }

  private static func writeString(_ text: inout String, _ random: inout SeededGenerator) {
    let parts = ["a", "é", "\u{1F600}", "\\n", "\\\"", "\\\\", "\\u0041", "\\ud83d\\ude00", " ", "/"]
    text +=
      "\"" + (0..<Int.random(in: 0...6, using: &random)).map { _ in parts.randomElement(using: &random) ?? "" }.joined()
      + "\""
  }

  private static func isSame(_ node: JSONNode, _ other: Any) -> Bool {
    switch node.value {
    case .null: other is NSNull
    case .bool(let truth): (other as? Bool) == truth
    case .integer(let number): (other as? Double) == Double(number)
    // Foundation goes through decimal numbers and may miss the last bit.
    case .number(let number): (other as? Double).map { abs($0 - number) <= abs(number) * 1e-14 } ?? false
    case .string(let text): (other as? String) == text
    case .array(let elements):
      (other as? [Any]).map { $0.count == elements.count && zip(elements, $0).allSatisfy { isSame($0, $1) } } ?? false
    case .object(let members):
      (other as? [String: Any]).map { object in
        object.count == members.count
          && members.allSatisfy { member in object[member.key].map { isSame(member.value, $0) } ?? false }
      } ?? false
    }
  }
}
