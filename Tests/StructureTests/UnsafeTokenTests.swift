import Foundation
import Testing

/// Only Machine may contain unsafe Swift; everywhere else the word itself is an error.
@Suite("Unsafe code")
struct UnsafeTokenTests {
  private static let forbidden = [
    #"\bunsafe\b"#, #"@unsafe\b"#, #"@safe\b"#, #"nonisolated\(unsafe\)"#, #"@unchecked\b"#, #"@_silgen_name\b"#,
    #"@_extern\b"#, #"@_cdecl\b"#, #"@c\b"#, #"\bUnmanaged\b"#, #"-Ounchecked\b"#, #"\bimport Builtin\b"#,
    #"\bimport Boot\b"#, #"\bUnsafe\w*Pointer\b"#,
    // Who conforms to it says what bytes are a device's.
    #"\bCheckedWindow\b"#, #"\bCheckedPlace\b"#,
  ]

  private static func findings(in files: [SourceTree.File]) throws -> [String] {
    let patterns = try forbidden.map { try Regex($0) }
    return files.flatMap { file in
      file.lines.enumerated().compactMap { number, line in
        let code = SourceTree.code(of: line)
        return patterns.contains { code.firstMatch(of: $0) != nil } ? "\(file.path):\(number + 1): \(line)" : nil
      }
    }
  }

  @Test("No file of the kernel outside Machine and Boot has an unsafe token")
  func outsideMachine() throws {
    let files = try ["Sources", "Tests/KernelTests", "Tests/Benchmarks"].flatMap { try SourceTree.swiftFiles(in: $0) }
      .filter { !$0.path.hasPrefix("Sources/Machine/") && !$0.path.hasPrefix("Sources/Boot/") }
    #expect(files.count > 10)
    #expect(try Self.findings(in: files) == [])
  }

  @Test("No generator has an unsafe token")
  func generators() throws {
    #expect(try Self.findings(in: SourceTree.swiftFiles(in: "Generators")) == [])
  }

  @Test("The check finds each token, and not in comments or strings")
  func checkWorks() throws {
    let bad = [
      "let x = unsafe y", "@safe struct S {}", "nonisolated(unsafe) var a = 1", "@c(f) func f() {}", "import Boot",
    ]
    let good = ["// unsafe", "let text = \"unsafe\"", "func safeFunction() {}", "let unsafety = 1"]
    for line in bad { #expect(try Self.findings(in: [.init(path: "x", lines: [line])]).count == 1, "\(line)") }
    for line in good { #expect(try Self.findings(in: [.init(path: "x", lines: [line])]).isEmpty, "\(line)") }
  }

  @Test("Every unsafe expression in Machine has a SAFETY line in its declaration, above it, or for its whole section")
  func safetyLines() throws {
    var missing: [String] = []
    for file in try SourceTree.swiftFiles(in: "Sources/Machine") {
      for (number, line) in file.lines.enumerated() {
        guard SourceTree.code(of: line).firstMatch(of: /\bunsafe\b/) != nil, !line.contains("SAFETY") else { continue }
        if !Self.isJustified(number, in: file.lines) { missing.append("\(file.path):\(number + 1): \(line)") }
      }
    }
    #expect(missing == [])
  }

  @Test("The SAFETY check finds an unjustified use and accepts each form of justification")
  func safetyCheckWorks() {
    let bare = ["  func f() {", "    unsafe g()", "  }"]
    #expect(!Self.isJustified(1, in: bare))
    #expect(Self.isJustified(2, in: ["  func f() {", "    // SAFETY: it is.", "    unsafe g()"]))
    #expect(Self.isJustified(2, in: ["  /// SAFETY: it is.", "  func f() {", "    unsafe g()"]))
    #expect(
      Self.isJustified(3, in: ["  // SAFETY (all below): it is.", "  /// Doc.", "  func f() {", "    unsafe g()"]))
    #expect(
      !Self.isJustified(4, in: ["  func e() {", "    // SAFETY: it is.", "  }", "  func f() {", "    unsafe g()"]))
  }

  /// Whether the `unsafe` on line `number` is justified: in its declaration before it, in the comment above the declaration,
  /// or by an earlier `SAFETY (…)` that speaks for a section of the file.
  private static func isJustified(_ number: Int, in lines: [String]) -> Bool {
    if lines[..<number].contains(where: { $0.contains("SAFETY (") }) { return true }
    let declaration =
      /^\s*(@\S+\s+)*((public|private|fileprivate|static|borrowing|mutating|final|open|override)\s+|nonisolated\(unsafe\)\s+)*(func|init|deinit|subscript|struct|enum|extension|class|var)\b/
    func indentation(_ line: String) -> Int { line.prefix { $0 == " " }.count }
    var row = number
    while row > 0 {
      if lines[row].contains("SAFETY") { return true }
      let isDeclaration = lines[row].firstMatch(of: declaration) != nil
      if isDeclaration && (row == number || indentation(lines[row]) < indentation(lines[number]))
        && !lines[row].hasPrefix("    ")
      {
        break
      }
      row -= 1
    }
    var above = row
    while above >= 0 {
      let text = lines[above].trimmingCharacters(in: .whitespaces)
      if text.contains("SAFETY") { return true }
      guard above == row || text.hasPrefix("//") || text.hasPrefix("@") else { return false }
      above -= 1
    }
    return false
  }
}
