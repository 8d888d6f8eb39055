import ACPI
import Foundation
import Testing

/// The same methods, compiled by iasl, evaluated by ACPICA's acpiexec and by us, with equal results.
@Suite("AML, compared with ACPICA")
struct ComparisonTests {
  static let files = ((try? FileManager.default.contentsOfDirectory(atPath: ReferenceTools.aslFolder.path)) ?? [])
    .filter { $0.hasSuffix(".asl") }.sorted()

  /// The methods of a file without arguments, in their order: those whose names begin with T and three digits.
  static func methods(in source: String) -> [String] {
    source.matches(of: /Method\s*\((T\d{3})\s*[,)]/).map { String($0.1) }
  }

  @Test("Each method gives what acpiexec says", arguments: files, ["strict", "slack"])
  func methodsAgree(file: String, mode: String) throws {
    let folder = try ReferenceTools.scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    let source = try String(contentsOf: ReferenceTools.aslFolder.appending(path: file), encoding: .utf8)
    let methods = Self.methods(in: source)
    try #require(!methods.isEmpty)
    let table = try ReferenceTools.compile(source, in: folder)
    let expected = try ReferenceTools.evaluate(
      methods, files: ["test.aml"], options: mode == "slack" ? ["-es"] : [], in: folder)

    let interpreter = try AMLInterpreter(host: TestHost())
    interpreter.isForgiving = mode == "slack"
    #expect(try interpreter.load(table) == 0)
    for (method, expectation) in zip(methods, expected) {
      let found = outcome("\\\(method)", interpreter)
      #expect(found == expectation, "\(file) \(method)")
    }
    print("\(file) (\(mode)): \(methods.count) methods compared with acpiexec")
  }
}
