import Foundation
import SpecKit
import Testing

/// Where the tests find things, and how they keep what they expect.
enum TestFiles {
  /// The package's root folder.
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// This target's folder.
  static let folder = root.appending(path: "Tests/GeneratorTests")

  /// True when the run shall write the expected files anew: `RECORD=1 swift test --filter GeneratorTests`.
  static let isRecording = ProcessInfo.processInfo.environment["RECORD"] == "1"

  /// The source whose functions fixtures and golden files name as handlers.
  static func handlers() throws -> String {
    try String(contentsOf: folder.appending(path: "BadSpecs/handlers.txt"), encoding: .utf8)
  }

  /// Compares `text` with the committed file, or writes the file when recording.
  static func expect(
    _ text: String, matches file: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let location = folder.appending(path: file)
    if isRecording { return try Data(text.utf8).write(to: location) }
    guard let expected = try? String(contentsOf: location, encoding: .utf8) else {
      Issue.record(
        "\(file) is missing; run RECORD=1 swift test --filter GeneratorTests", sourceLocation: sourceLocation)
      return
    }
    if text == expected { return }
    let lines = zip(
      text.split(separator: "\n", omittingEmptySubsequences: false),
      expected.split(separator: "\n", omittingEmptySubsequences: false))
    let line = lines.enumerated().first { $0.element.0 != $0.element.1 }
    let difference =
      line.map { "line \($0.offset + 1) is\n  \($0.element.0)\nand was\n  \($0.element.1)" } ?? "the lengths differ"
    Issue.record(
      "\(file): \(difference)\nIf that is meant, run RECORD=1 swift test --filter GeneratorTests and commit",
      sourceLocation: sourceLocation)
  }

  /// Makes an empty folder, passes it on and removes it.
  static func withTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: "apus-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
  }

  /// Runs a program and returns its exit code and what it printed.
  static func run(_ program: URL, _ arguments: [String], input: String = "") throws -> (
    code: Int32, output: String, errors: String
  ) {
    try withTemporaryFolder { folder in
      // Files instead of pipes: a program that prints much cannot fill them.
      let names = ["input", "output", "errors"].map { folder.appending(path: $0) }
      for name in names { try Data(input.utf8).write(to: name) }
      let process = Process()
      process.executableURL = program
      process.arguments = arguments
      process.standardInput = try FileHandle(forReadingFrom: names[0])
      let output = try FileHandle(forWritingTo: names[1])
      let errors = try FileHandle(forWritingTo: names[2])
      for file in [output, errors] { try file.truncate(atOffset: 0) }
      process.standardOutput = output
      process.standardError = errors
      try process.run()
      process.waitUntilExit()
      return (
        process.terminationStatus, try String(contentsOf: names[1], encoding: .utf8),
        try String(contentsOf: names[2], encoding: .utf8)
      )
    }
  }
}

/// A package in a temporary folder: this one's specs, one more, and a target that asks for every product of it.
struct ScratchPackage {
  let root: URL
  let package: SpecPackage
  /// The `specs.json` of its only target.
  static let targetFile = "Sources/Target/specs.json"
  static let source = "Sources/Target/Handlers.swift"

  /// Puts `spec` at `Specs/<name>` of a new package in `root`; nil uses this package's spec of that name.
  init(in root: URL, name: String, spec: Data?, products: [String]) throws {
    self.root = root
    let manager = FileManager.default
    try manager.createDirectory(at: root.appending(path: "Sources/Target"), withIntermediateDirectories: true)
    for file in SpecPackage(root: TestFiles.root).files(in: "Specs", suffix: ".json") {
      let link = root.appending(path: file)
      try manager.createDirectory(at: link.deletingLastPathComponent(), withIntermediateDirectories: true)
      try manager.createSymbolicLink(at: link, withDestinationURL: TestFiles.root.appending(path: file))
    }
    if let spec { try spec.write(to: root.appending(path: "Specs/\(name)")) }
    try Data(TestFiles.handlers().utf8).write(to: root.appending(path: Self.source))
    let companions = SpecPackage(root: TestFiles.root).specs().map { "\"\($0.dropFirst("Specs/".count))\"" }
    let entries = products.map {
      """
      { "product": "\($0)", "spec": "\(name)", "scansSources": true, "with": [\(companions.joined(separator: ", "))] }
      """
    }
    let text = "{ \"generate\": [\n\(entries.joined(separator: ",\n"))\n] }\n"
    try Data(text.utf8).write(to: root.appending(path: Self.targetFile))
    package = SpecPackage(root: root)
  }
}
