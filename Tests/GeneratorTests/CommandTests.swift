import Foundation
import SpecKit
import Testing

/// The SpecGen program itself: what it prints, how it ends, what it leaves behind.
@Suite struct CommandTests {
  /// SpecGen as this build made it: it lies beside the test program.
  static var program: URL {
    URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "SpecGen")
  }

  private func run(_ arguments: String...) throws -> (code: Int32, output: String, errors: String) {
    try TestFiles.run(Self.program, arguments)
  }

  @Test("check counts the specs and entries of this package")
  func check() throws {
    let result = try run("check", "--package-path", TestFiles.root.path)
    #expect(result.code == 0, "\(result.errors)")
    let summary = try Checker(package: SpecPackage(root: TestFiles.root)).check()
    #expect(
      result.output
        == "\(summary.specs) specs with \(summary.entries) entries, \(summary.outputs) outputs: no mistakes\n")
  }

  @Test("check lists the mistakes of all files at once and fails")
  func checkFails() throws {
    try TestFiles.withTemporaryFolder { root in
      let scratch = try ScratchPackage(
        in: root, name: "broken.json", spec: Data("{ \"a\": 01,\n\"a\": 2 }".utf8), products: [])
      let spec = try String(contentsOf: TestFiles.root.appending(path: "Specs/interrupts.json"), encoding: .utf8)
      let other = root.appending(path: "Specs/other.json")
      try Data(spec.replacing("\"ist\": 4", with: "\"ist\": 9").utf8).write(to: other)
      let result = try run("check", "--package-path", scratch.root.path)
      #expect(result.code == 1)
      #expect(result.output.isEmpty)
      let lines = result.errors.split(separator: "\n")
      #expect(lines.count == 3)
      #expect(lines[0].hasPrefix("Specs/broken.json:1:8: a: 01 has a leading zero; "))
      #expect(lines[1].hasPrefix("Specs/broken.json:2:1: a: the key \"a\" was already given on line 1; "))
      #expect(lines[2].hasPrefix("Specs/other.json:14:58: vectors[1].ist: 9 is more than 7; "))
    }
  }

  @Test("generate writes what the library generates; a broken spec keeps what an earlier run left")
  func generate() throws {
    try TestFiles.withTemporaryFolder { root in
      let scratch = try ScratchPackage(in: root, name: "boot-steps.json", spec: nil, products: ["boot-steps"])
      let arguments = [
        "generate", "--package-path", scratch.root.path, "--target",
        root.appending(path: ScratchPackage.targetFile).path, "--entry", "0",
        "--output-directory", root.appending(path: "out").path, "--output", "BootSteps.swift", "--source",
        root.appending(path: ScratchPackage.source).path,
      ]
      let first = try TestFiles.run(Self.program, arguments)
      #expect(first.code == 0 && first.output.isEmpty && first.errors.isEmpty, "\(first.errors)")
      let output = root.appending(path: "out/BootSteps.swift")
      let golden = try GoldenTests.generate(GoldenTests.cases[2])[0].contents
      #expect(try String(contentsOf: output, encoding: .utf8) == golden)

      let spec = root.appending(path: "Specs/boot-steps.json")
      let text = try String(contentsOf: spec, encoding: .utf8)
      try FileManager.default.removeItem(at: spec)
      try Data(text.replacing("BootHandlers.idt", with: "BootHandlers.idl").utf8).write(to: spec)
      let second = try TestFiles.run(Self.program, arguments)
      #expect(second.code == 1)
      #expect(
        second.errors == """
          Specs/boot-steps.json:11:86: steps[2].handler: no function BootHandlers.idl in the target's sources; \
          did you mean "BootHandlers.idt"?

          """)
      #expect(try String(contentsOf: output, encoding: .utf8) == golden)
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: root.appending(path: "out").path) == ["BootSteps.swift"])
    }
  }

  @Test(
    "a mistake in specs.json is told at its place",
    arguments: [
      (
        #"{ "generate": [ { "product": "boot-step", "spec": "boot-steps.json" } ] }"#,
        "1:30: generate[0].product: there is no product"
      ),
      (
        #"{ "generate": [ { "product": "boot-steps", "spec": "bootsteps.json", "scansSources": true } ] }"#,
        "1:52: generate[0].spec: "
      ),
      (
        #"{ "generate": [ { "product": "boot-steps", "spec": "boot-steps.json" } ] }"#,
        "1:30: generate[0].product: the product boot-steps looks"
      ),
      (
        #"{ "generate": [ { "produkt": "boot-steps", "spec": "boot-steps.json" } ] }"#,
        "1:17: generate[0].product: is missing"
      ),
      (#"{ "generate": [ { "product": "boot-steps", } ] }"#, "1:42: generate[0].product: a comma stands before `}`"),
      (#"{ "generate": [] }"#, "1:1: generate: there is no entry 0"),
    ])
  func targetFile(text: String, message: String) throws {
    try TestFiles.withTemporaryFolder { root in
      _ = try ScratchPackage(in: root, name: "boot-steps.json", spec: nil, products: [])
      try Data(text.utf8).write(to: root.appending(path: ScratchPackage.targetFile))
      let result = try run(
        "generate", "--package-path", root.path, "--target", ScratchPackage.targetFile, "--entry", "0",
        "--output-directory",
        root.appending(path: "out").path, "--output", "BootSteps.swift")
      #expect(result.code == 1)
      #expect(result.errors.hasPrefix("Sources/Target/specs.json:\(message)"), "\(result.errors)")
      #expect(!FileManager.default.fileExists(atPath: root.appending(path: "out").path))
    }
  }

  @Test("docs writes the pages, removes those of no spec, and its check fails until then")
  func docs() throws {
    try TestFiles.withTemporaryFolder { root in
      _ = try ScratchPackage(in: root, name: "boot-steps.json", spec: nil, products: [])
      let old = root.appending(path: "docs/reference/old.md")
      try FileManager.default.createDirectory(at: old.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data("old".utf8).write(to: old)
      let before = try run("docs", "--check", "--package-path", root.path)
      #expect(before.code == 1)
      #expect(
        before.errors.contains("docs/reference/boot-steps.md: ") && before.errors.contains("docs/reference/old.md: "))
      #expect(try run("docs", "--package-path", root.path).code == 0)
      #expect(!FileManager.default.fileExists(atPath: old.path))
      #expect(try run("docs", "--check", "--package-path", root.path).code == 0)
    }
  }
}
