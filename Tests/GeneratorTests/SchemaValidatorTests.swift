import Foundation
import TestSupport
import Testing

@testable import SpecKit

/// The validator says what JSON Schema says, and says it with the place and the remedy.
@Suite struct SchemaValidatorTests {
  private static func parse(_ text: String, file: String = "x.json") throws(SpecErrors) -> JSONNode {
    try JSONParser.parse(SourceText(file: file, bytes: Array(text.utf8)))
  }

  static func messages(_ schema: String, _ instance: String) throws(SpecErrors) -> [String] {
    let validator = try SchemaValidator("s.schema.json") { name throws(SpecErrors) in try parse(schema, file: name) }
    return SpecErrors(validator.diagnostics(for: try parse(instance))).diagnostics.map(\.description)
  }

  /// A schema with documents that hold to it and documents that do not.
  struct Rule: CustomTestStringConvertible, Sendable {
    let schema: String
    let good: [String]
    let bad: [String]
    var testDescription: String { schema }
  }

  static let rules = [
    Rule(schema: #"{"type": "integer"}"#, good: ["1", "-5", "1.0"], bad: ["1.5", "\"1\"", "true", "null"]),
    Rule(schema: #"{"type": ["string", "null"]}"#, good: ["\"\"", "null"], bad: ["0", "[]"]),
    Rule(schema: #"{"type": "number"}"#, good: ["1", "1.5", "-1e3"], bad: ["\"1\""]),
    Rule(schema: #"{"type": "boolean"}"#, good: ["true", "false"], bad: ["0", "1", "\"true\""]),
    Rule(schema: #"{"const": {"a": [1, 2]}}"#, good: [#"{"a": [1, 2.0]}"#], bad: [#"{"a": [2, 1]}"#, "{}"]),
    Rule(schema: #"{"enum": ["a", 1, null]}"#, good: ["\"a\"", "1", "null"], bad: ["\"b\"", "2", "false"]),
    Rule(
      schema: #"{"properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": false}"#,
      good: [#"{"a": 1}"#, "3", "[]"], bad: ["{}", #"{"a": "x"}"#, #"{"a": 1, "b": 2}"#]),
    Rule(
      schema: #"{"patternProperties": {"^[0-9a-f]{4}$": {"type": "string"}}, "additionalProperties": false}"#,
      good: ["{}", #"{"80ff": "x"}"#], bad: [#"{"80FF": "x"}"#, #"{"80ff": 1}"#, #"{"180ff": "x"}"#]),
    Rule(schema: #"{"additionalProperties": {"type": "integer"}}"#, good: [#"{"x": 1}"#], bad: [#"{"x": "1"}"#]),
    Rule(schema: #"{"propertyNames": {"pattern": "^a"}}"#, good: [#"{"ab": 1}"#], bad: [#"{"ba": 1}"#]),
    Rule(
      schema: #"{"dependentRequired": {"a": ["b"]}}"#, good: ["{}", #"{"a": 1, "b": 2}"#, #"{"b": 2}"#],
      bad: [#"{"a": 1}"#]),
    Rule(
      schema: #"{"minProperties": 1, "maxProperties": 2}"#, good: [#"{"a": 1}"#], bad: ["{}", #"{"a":1,"b":2,"c":3}"#]),
    Rule(schema: #"{"items": {"type": "integer"}}"#, good: ["[]", "[1, 2]", "{}"], bad: ["[1, \"2\"]"]),
    Rule(
      schema: #"{"prefixItems": [{"type": "string"}, {"type": "integer"}], "items": false}"#,
      good: ["[]", "[\"a\"]", "[\"a\", 1]"],
      bad: ["[1]", "[\"a\", 1, 2]"]),
    Rule(schema: #"{"minItems": 1, "maxItems": 2}"#, good: ["[1]", "[1, 2]", "3"], bad: ["[]", "[1, 2, 3]"]),
    Rule(
      schema: #"{"uniqueItems": true}"#, good: ["[1, 2, \"1\"]", "[[1], [2]]", "[1, true]"],
      bad: ["[1, 1]", "[1, 1.0]", #"[{"a":1,"b":2},{"b":2,"a":1}]"#]),
    Rule(schema: #"{"pattern": "^0x[0-9A-F]+$"}"#, good: ["\"0x1F\"", "5"], bad: ["\"0x\"", "\"x0x1\"", "\"0x1g\""]),
    Rule(schema: #"{"pattern": "b+"}"#, good: ["\"abc\""], bad: ["\"ac\""]),
    Rule(schema: #"{"minLength": 2, "maxLength": 3}"#, good: ["\"éé\"", "\"abc\"", "1"], bad: ["\"a\"", "\"abcd\""]),
    Rule(schema: #"{"minimum": 0, "maximum": 255}"#, good: ["0", "255", "\"x\""], bad: ["-1", "256", "255.5"]),
    Rule(schema: #"{"exclusiveMinimum": 0, "exclusiveMaximum": 2}"#, good: ["1", "0.5"], bad: ["0", "2"]),
    Rule(schema: #"{"multipleOf": 8}"#, good: ["0", "64", "-8"], bad: ["4", "9"]),
    Rule(schema: #"{"maximum": 18446744073709551615}"#, good: ["18446744073709551615"], bad: ["18446744073709551616"]),
    Rule(schema: #"{"allOf": [{"minimum": 1}, {"maximum": 3}]}"#, good: ["2"], bad: ["0", "4"]),
    Rule(schema: #"{"anyOf": [{"type": "string"}, {"minimum": 5}]}"#, good: ["\"a\"", "5"], bad: ["4"]),
    Rule(schema: #"{"oneOf": [{"type": "integer"}, {"minimum": 5}]}"#, good: ["4", "5.5"], bad: ["5", "4.5"]),
    Rule(
      schema: #"{"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}"#, good: [#"{"a": 1}"#, #"{"b": 1}"#],
      bad: ["{}", #"{"a": 1, "b": 2}"#]),
    Rule(schema: #"{"not": {"type": "string"}}"#, good: ["1"], bad: ["\"a\""]),
    Rule(
      schema:
        #"{"if": {"properties": {"k": {"const": 1}}, "required": ["k"]}, "then": {"required": ["a"]}, "else": {"required": ["b"]}}"#,
      good: [#"{"k": 1, "a": 0}"#, #"{"k": 2, "b": 0}"#, #"{"b": 0}"#],
      bad: [#"{"k": 1, "b": 0}"#, #"{"k": 2, "a": 0}"#]),
    Rule(
      schema:
        ##"{"$ref": "#/$defs/tree", "$defs": {"tree": {"type": "object", "properties": {"child": {"$ref": "#/$defs/tree"}}}}}"##,
      good: ["{}", #"{"child": {"child": {}}}"#], bad: [#"{"child": {"child": 1}}"#, "1"]),
    Rule(schema: #"{"properties": {"a": false}}"#, good: ["{}"], bad: [#"{"a": 1}"#]),
    Rule(schema: "true", good: ["1"], bad: []),
  ]

  @Test("a keyword accepts what it should and refuses what it should not", arguments: rules)
  func keyword(rule: Rule) throws {
    for text in rule.good { #expect(try Self.messages(rule.schema, text) == [], "\(text)") }
    for text in rule.bad { #expect(try !Self.messages(rule.schema, text).isEmpty, "\(text)") }
  }

  @Test(
    "a schema that says nothing sensible is refused at its place",
    arguments: [
      (#"{"minimun": 0}"#, "1:13"), (#"{"type": "int"}"#, "1:10"), (#"{"minItems": -1}"#, "1:14"),
      (#"{"pattern": "(a"}"#, "1:13"),
      (#"{"pattern": "*"}"#, "1:13"), (#"{"pattern": "[b-a]"}"#, "1:13"), (##"{"$ref": "#/$defs/none"}"##, "1:10"),
      (#"{"properties": {"a": 5}}"#, "1:22"), (#"{"minimum": "0"}"#, "1:13"), (#"{"description": 5}"#, "1:17"),
    ])
  func badSchema(schema: String, place: String) {
    #expect {
      try Self.messages(schema, "1")
    } throws: { error in
      (error as? SpecErrors)?.diagnostics.contains { $0.file == "s.schema.json" && "\($0.position)" == place } ?? false
    }
  }

  @Test("a message says place, problem and, from the description, the remedy")
  func remedies() throws {
    let schema = """
      { "properties": {
          "ist": { "type": "integer", "maximum": 7, "description": "An IST index: 0 (none) or 1...7." },
          "class": { "enum": ["fault", "trap"] },
          "name": { "type": "string", "minLength": 1, "description": "NMI or another name" } },
        "required": ["name"], "additionalProperties": false }
      """
    #expect(
      try Self.messages(schema, "{ \"ist\": 9,\n  \"class\": \"falt\",\n  \"nam\": \"x\" }") == [
        "x.json:1:1: name: is missing; add \"name\": NMI or another name",
        "x.json:1:10: ist: 9 is more than 7; write an IST index: 0 (none) or 1...7",
        "x.json:2:12: class: \"falt\" is none of the allowed values; write one of \"fault\", \"trap\" (did you mean \"fault\"?)",
        "x.json:3:3: nam: the key \"nam\" is unknown; did you mean \"name\"?",
      ])
  }

  @Test("of several forms the one that was meant gives the messages")
  func branches() throws {
    let schema = """
      { "oneOf": [
        { "type": "object", "properties": { "kind": { "const": "port" }, "base": { "type": "integer" } }, "required": ["kind", "base"] },
        { "type": "object", "properties": { "kind": { "const": "memory" }, "size": { "type": "integer" } }, "required": ["kind", "size"] },
        { "type": "string" } ], "description": "a space" }
      """
    #expect(
      try Self.messages(schema, #"{ "kind": "memory", "size": "4" }"#) == [
        "x.json:1:29: size: the string \"4\" is not an integer; write an integer"
      ])
    #expect(try Self.messages(schema, #"{ "kind": "port" }"#) == ["x.json:1:1: base: is missing; add \"base\""])
    #expect(
      try Self.messages(schema, "5") == ["x.json:1:1: $: the number 5 fits none of the allowed forms; write a space"])
  }

  @Test("the matcher agrees with the standard library's regular expressions", arguments: 0..<40)
  func patterns(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    let parts = [
      "a", "b", "[ab]", "[^a]", ".", "(?:a|bc)", "(ab)", "\\d", "\\w", "[0-9a-c]", "x", "a{2}", "b{1,2}",
      "(?:a|b){0,3}", "\\.",
    ]
    let repeats = ["", "", "*", "+", "?"]
    for _ in 0..<25 {
      var pattern = Bool.random(using: &random) ? "^" : ""
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let part = parts.randomElement(using: &random) ?? ""
        pattern += part + (part.hasSuffix("}") ? "" : repeats.randomElement(using: &random) ?? "")
      }
      if Bool.random(using: &random) { pattern += "$" }
      let regex = try Regex(pattern).matchingSemantics(.unicodeScalar)
      let matcher = try PatternMatcher(pattern)
      for _ in 0..<20 {
        let text = String(
          (0..<Int.random(in: 0...6, using: &random)).map { _ in "abcx1.".randomElement(using: &random) ?? "a" })
        #expect(matcher.matches(text) == (text.firstMatch(of: regex) != nil), "\(pattern) on \(text)")
      }
    }
  }
}
