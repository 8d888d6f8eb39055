import Foundation
import SpecKit
import Testing

/// What the dispatch of system calls decodes.
@Suite("The dispatch of system calls") struct SystemCallDispatchTests {
  private static func generate(_ spec: Data) throws -> String {
    try TestFiles.withTemporaryFolder { root in
      let scratch = try ScratchPackage(
        in: root, name: "dispatch.json", spec: spec, products: ["system-call-dispatch"])
      return try Generator(package: scratch.package).files(
        targetFile: ScratchPackage.targetFile, entry: 0, outputs: ["Dispatch.swift"],
        sources: [ScratchPackage.source])[0].contents
    }
  }

  @Test("every kind of argument and of result is decoded as was reviewed")
  func kinds() throws {
    let fixture = TestFiles.folder.appending(path: "Golden/dispatch-kinds.json")
    let kinds = try Set(fixtureKinds(fixture))
    #expect(kinds == Set(SystemCallSpec.Kind.allCases.map(\.rawValue)), "the fixture misses kinds")
    let text = try Self.generate(Data(contentsOf: fixture))
    try TestFiles.expect(text, matches: "Golden/DispatchKinds.swift.golden")
    #expect(!text.contains("planned("))
  }

  private func fixtureKinds(_ file: URL) throws -> [String] {
    try String(contentsOf: file, encoding: .utf8).matches(of: /"kind": "(\w+)"/).map { String($0.1) }
  }

  @Test("every call of the committed spec can be decoded once it exists")
  func allCalls() throws {
    let committed = try String(contentsOf: TestFiles.root.appending(path: "Specs/syscalls.json"), encoding: .utf8)
    let live = committed.replacing("\"status\": \"planned\"", with: "\"status\": \"done\", \"function\": \"serve\"")
    let text = try Self.generate(Data(live.utf8))
    let spec = try SpecPackage(root: TestFiles.root).model(SystemCallSpec.self, from: "Specs/syscalls.json").model
    for call in spec.calls {
      let isCase = text.contains("case \(call.number.value): ")
      #expect(isCase == (call.status.value != .obsolete), "\(call.name.value)")
    }
    // A register that is read twice or not at all is a mistake, but for lengths, which go into their buffers, and what is unused.
    let functions = text.split(separator: "@inline(never)\n  private static func ").dropFirst()
    #expect(functions.count == spec.calls.count { $0.status.value != .obsolete })
    for (function, call) in zip(functions, spec.calls.filter { $0.status.value != .obsolete }) {
      for (index, argument) in call.arguments.enumerated() {
        let uses = function.matches(of: try Regex("registers\\.argument\(index)\\b")).count
        #expect(uses == (argument.kind.value == .unused ? 0 : 1), "\(call.name.value).\(argument.name.value)")
      }
    }
  }
}
