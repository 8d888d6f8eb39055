import Foundation
import Testing

/// Only Machine may contain unsafe Swift; everywhere else the word itself is an error.
@Suite("Unsafe code")
struct UnsafeTokenTests {
  private static let forbidden = [
    #"\bunsafe\b"#, #"@unsafe\b"#, #"@safe\b"#, #"nonisolated\(unsafe\)"#, #"@unchecked\b"#, #"@_silgen_name\b"#,
    #"@_extern\b"#, #"@_cdecl\b"#, #"@c\b"#, #"\bUnmanaged\b"#, #"-Ounchecked\b"#, #"\bimport Builtin\b"#,
    #"\bimport Boot\b"#, #"\bUnsafe\w*Pointer\b"#,
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
    let files = try (SourceTree.swiftFiles(in: "Sources") + SourceTree.swiftFiles(in: "Tests/KernelTests"))
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
    let bad = ["let x = unsafe y", "@safe struct S {}", "nonisolated(unsafe) var a = 1", "@c(f) func f() {}", "import Boot"]
    let good = ["// unsafe", "let text = \"unsafe\"", "func safeFunction() {}", "let unsafety = 1"]
    for line in bad { #expect(try Self.findings(in: [.init(path: "x", lines: [line])]).count == 1, "\(line)") }
    for line in good { #expect(try Self.findings(in: [.init(path: "x", lines: [line])]).isEmpty, "\(line)") }
  }

  @Test("Every unsafe expression in Machine stands under a SAFETY line of its function or type")
  func safetyLines() throws {
    var missing: [String] = []
    for file in try SourceTree.swiftFiles(in: "Sources/Machine") {
      var isCovered = false
      for (number, line) in file.lines.enumerated() {
        if line.contains("SAFETY") { isCovered = true }
        let code = SourceTree.code(of: line)
        // A SAFETY line covers the declaration that it stands in: up to the next line that opens one at file or member level.
        let startsDeclaration = code.firstMatch(of: /^( {0,4})(public |private |fileprivate |static |borrowing |mutating |@c\S* )*(func|init|deinit|struct|enum|extension|final class|open class|class)\b/) != nil
        if startsDeclaration && !hasSafetyComment(above: number, in: file.lines) { isCovered = isCovered && code.hasPrefix("    ") }
        if code.firstMatch(of: /\bunsafe\b/) != nil && !isCovered { missing.append("\(file.path):\(number + 1): \(line)") }
      }
    }
    #expect(missing == [])
  }

  private func hasSafetyComment(above number: Int, in lines: [String]) -> Bool {
    lines[..<number].reversed().prefix { $0.trimmingCharacters(in: .whitespaces).hasPrefix("//") || $0.contains("@") }
      .contains { $0.contains("SAFETY") }
  }
}
