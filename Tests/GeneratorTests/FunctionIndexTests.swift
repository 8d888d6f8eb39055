import TestSupport
import Testing

@testable import SpecKit

/// The handler check finds the functions that a handler can be, and no others.
@Suite struct FunctionIndexTests {
  private func names(_ source: String) -> [String] {
    var index = FunctionIndex()
    index.add(source, file: "a.swift")
    return index.handlerNames
  }

  @Test("functions at file level and static ones in types are found with their full names")
  func found() {
    let source = """
      import Machine
      func free() {}
      public enum FaultHandlers {
        /// A page fault.
        @inline(never) public static func pageFault(_ frame: borrowing TrapFrame) { if true { print("}") } }
        struct Inner: Sendable { static func deep() {} }
        static var flag: Bool { true }
        static func `default`() {}
      }
      extension FaultHandlers { static func added<T>(_ value: T) -> T where T: Equatable { value } }
      extension Outer.Nested { static func far() {} }
      final class Object { class func shared() {} ; static func own() {} }
      """
    #expect(
      names(source) == [
        "free", "FaultHandlers.pageFault", "FaultHandlers.Inner.deep", "FaultHandlers.default", "FaultHandlers.added",
        "Outer.Nested.far", "Object.shared", "Object.own",
      ])
  }

  @Test(
    "what only looks like a function is not taken for one",
    arguments: [
      "// static func a() {}", "/* func a() {} /* nested */ func b() {} */", "let s = \"func a() {}\"",
      "let s = #\"\"\"\nfunc a() {}\n\"\"\"#", "enum E { func method() {} }",
      "enum E { static func outer() { func local() {} } }.x",
      "let s = \"\\(f(\")\"))func a() {}\"", "struct S { static let a = 1; func b() {} }",
      "let c = { func inner() {} }",
    ])
  func notFound(source: String) {
    #expect(!names(source).contains { ["a", "b", "local", "inner", "E.method", "S.b", "E.outer.local"].contains($0) })
  }

  @Test("text that is not Swift at all does not stop the scan", arguments: 0..<10)
  func noise(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let parts = [
      "func ", "static ", "enum ", "{", "}", "\"", "\"\"\"", "\\(", ")", "/*", "*/", "//", "\n", "a", ".", "#", "`",
    ]
    for _ in 0..<300 {
      _ = names((0..<30).map { _ in parts.randomElement(using: &random) ?? "" }.joined())
    }
  }

  @Test("a line of generated code stands in the column of its name in the spec")
  func columns() throws {
    let text = "{\n    \"handler\": \"FaultHandlers.pageFault\" }"
    let node = try JSONParser.parse(SourceText(file: "Specs/x.json", bytes: Array(text.utf8)))
    let handler = try #require(node["handler"])
    var writer = CodeWriter()
    writer.block("func f()") { writer in
      writer.line(at: handler, in: "Specs/x.json", code: "FaultHandlers.pageFault()")
      writer.line("return ", at: handler, in: "Specs/x.json", code: "FaultHandlers.pageFault()")
    }
    let lines = writer.text.split(separator: "\n")
    #expect(lines[1] == "#sourceLocation(file: \"Specs/x.json\", line: 2)")
    // Column 17 of the spec: behind the opening quote in column 16.
    #expect(lines[2] == String(repeating: " ", count: 16) + "FaultHandlers.pageFault()")
    #expect(lines[5] == "  return" + String(repeating: " ", count: 8) + "FaultHandlers.pageFault()")
  }

  @Test("any text survives as a Swift literal")
  func literals() {
    #expect(CodeWriter.literal("a\"b\\(c)\n\u{1}é") == "\"a\\\"b\\\\(c)\\n\\u{1}é\"")
  }
}
