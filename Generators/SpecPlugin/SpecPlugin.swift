import Foundation
import PackagePlugin

/// Runs `SpecGen generate` once for every entry of a target's `specs.json`.
///
/// The inputs of a command are all that SpecGen may read for it, so that only targets that use a changed spec build again.
@main
struct SpecPlugin: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    guard let target = target as? any SourceModuleTarget else { return [] }
    let root = context.package.directoryURL
    let targetFile = target.directoryURL.appending(path: "specs.json")
    let tool = try context.tool(named: "SpecGen").url
    let isC = target is ClangSourceModuleTarget
    return entries(in: targetFile).enumerated().map { index, entry in
      let outputs = entry.outputs ?? [defaultOutput(product: entry.product ?? "Unnamed", suffix: isC ? ".S" : ".swift")]
      let sources = entry.scansSources == true ? target.sourceFiles(withSuffix: ".swift").map(\.url) : []
      let specs = ([entry.spec] + (entry.with ?? [])).compactMap { $0 }.map { root.appending(path: "Specs/\($0)") }
      var arguments = [
        "generate", "--package-path", root.path, "--target", targetFile.path, "--entry", "\(index)",
        "--output-directory", context.pluginWorkDirectoryURL.path,
      ]
      arguments += outputs.flatMap { ["--output", $0] } + sources.flatMap { ["--source", $0.path] }
      return .buildCommand(
        displayName: "Generating \(outputs.joined(separator: ", ")) from \(entry.spec ?? targetFile.path)",
        executable: tool,
        arguments: arguments,
        inputFiles: existing(
          [targetFile, root.appending(path: "Specs/Schemas/target.schema.json")] + specs + schemas(of: specs, root))
          + sources,
        outputFiles: outputs.map { context.pluginWorkDirectoryURL.appending(path: $0) })
    }
  }

  private struct TargetSpecs: Decodable {
    struct Entry: Decodable {
      var product: String?
      var spec: String?
      var outputs: [String]?
      var with: [String]?
      var scansSources: Bool?
    }
    var generate: [Entry]
  }

  /// The entries of `file`; for a file that cannot be read, one whose command makes SpecGen say what is wrong with it.
  private func entries(in file: URL) -> [TargetSpecs.Entry] {
    guard let data = try? Data(contentsOf: file), let specs = try? JSONDecoder().decode(TargetSpecs.self, from: data)
    else {
      return [TargetSpecs.Entry()]
    }
    return specs.generate
  }

  /// Must agree with `Generator.defaultOutput`; the command passes the name, so that a difference could only be a worse message.
  private func defaultOutput(product: String, suffix: String) -> String {
    product.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined() + suffix
  }

  /// The schema files that `specs` name, and those that these name in turn.
  private func schemas(of specs: [URL], _ root: URL) -> [URL] {
    let folder = root.appending(path: "Specs/Schemas")
    var found: [String] = []
    // A spec names its schema at its beginning, and specs can be megabytes.
    var pending = specs.flatMap { schemaNames(in: $0, atMost: 4096) }
    while let name = pending.popLast() {
      if found.contains(name) { continue }
      found.append(name)
      pending += schemaNames(in: folder.appending(path: name), atMost: nil)
    }
    return found.sorted().map { folder.appending(path: $0) }
  }

  private func schemaNames(in file: URL, atMost limit: Int?) -> [String] {
    guard let handle = try? FileHandle(forReadingFrom: file) else { return [] }
    defer { try? handle.close() }
    let data = (limit.map { handle.readData(ofLength: $0) } ?? handle.readDataToEndOfFile())
    return String(decoding: data, as: UTF8.self).split(separator: "\"").compactMap { text in
      let path = text.prefix { $0 != "#" }
      return path.hasSuffix(".schema.json") ? path.split(separator: "/").last.map(String.init) : nil
    }
  }

  /// A missing input stops the build with a message that does not say who wants it; SpecGen's does.
  private func existing(_ files: [URL]) -> [URL] {
    files.filter { FileManager.default.fileExists(atPath: $0.path) }
  }
}
