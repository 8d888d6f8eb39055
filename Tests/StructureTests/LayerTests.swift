import Foundation
import Testing

/// Dependencies point down: the order of the kernel's targets in Package.swift is the order of the layers.
@Suite("Layers")
struct LayerTests {
  private struct Module: Sendable {
    var name: String
    var folder: String
    var dependencies: [String]
  }

  /// Reads the kernel modules out of Package.swift, lowest first.
  private static func modules() throws -> [Module] {
    let manifest = try String(contentsOf: SourceTree.root.appending(path: "Package.swift"), encoding: .utf8)
    let begin = try #require(manifest.range(of: "// The kernel, lowest layer first."))
    let end = try #require(manifest.range(of: "// Host tests", range: begin.upperBound..<manifest.endIndex))
    let section = manifest[begin.upperBound..<end.lowerBound]
    // `module("Name", path: "…", ["A", "B"]…)`, `.target(name: "Name"…)` or `.executableTarget(name: "Name", dependencies: […]…)`.
    let declaration =
      /(?:module\(\s*|\.target\(\s*name: |\.executableTarget\(\s*name: )"(\w+)"(?:,\s*path: "([^"]+)")?(?:,\s*(?:dependencies: )?\[([^\]]*)\])?/
    return section.matches(of: declaration).map { match in
      let name = String(match.1)
      let dependencies = (match.3 ?? "").matches(of: /"(\w+)"/).map { String($0.1) }
      return Module(name: name, folder: match.2.map(String.init) ?? "Sources/\(name)", dependencies: dependencies)
    }
  }

  @Test("Every module depends only on modules above it in the list, that is, on lower layers")
  func manifestPointsDown() throws {
    let modules = try Self.modules()
    #expect(modules.count >= 15)
    var seen: Set<String> = []
    for module in modules {
      for dependency in module.dependencies where dependency != "SpecPlugin" {
        #expect(seen.contains(dependency), "\(module.name) depends on \(dependency), which is not a lower layer")
      }
      seen.insert(module.name)
    }
  }

  @Test("Every import names a declared dependency")
  func importsAreDeclared() throws {
    let library: Set<String> = ["Synchronization", "Swift"]
    let modules = try Self.modules()
    let names = Set(modules.map(\.name))
    for module in modules {
      for file in try SourceTree.swiftFiles(in: module.folder) {
        for line in file.lines where Self.mayImport(line) {
          guard
            let match = line.firstMatch(of: /^(?:public |@_exported |@testable )*import (?:struct |enum |class )?(\w+)/)
          else { continue }
          let imported = String(match.1)
          #expect(
            module.dependencies.contains(imported) || library.contains(imported),
            "\(file.path) imports \(imported), which \(module.name) does not declare")
          if names.contains(imported) { #expect(imported != module.name) }
        }
      }
    }
  }

  /// Whether a line can be an import: a pattern is slow on half a million of them.
  private static func mayImport(_ line: some StringProtocol) -> Bool {
    ["import ", "public ", "@_exported ", "@testable "].contains { line.hasPrefix($0) }
  }

  @Test("Every folder of the kernel says what it is")
  func readmes() throws {
    for module in try Self.modules() {
      let readme = SourceTree.root.appending(path: module.folder).appending(path: "README.md")
      let text = (try? String(contentsOf: readme, encoding: .utf8)) ?? ""
      #expect(text.count > 200, "\(module.folder)/README.md is missing or says nothing")
    }
  }

  @Test("No source file is longer than 450 lines")
  func fileLength() throws {
    for folder in ["Sources", "Generators", "Tests"] {
      for file in try SourceTree.swiftFiles(in: folder) {
        #expect(file.lines.count <= 450, "\(file.path) has \(file.lines.count) lines")
      }
    }
  }
}
