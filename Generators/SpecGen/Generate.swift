import ArgumentParser
import Foundation
import SpecKit

/// What the build plugin runs for every entry of a `specs.json`.
struct Generate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Generates what one entry of a target's specs.json asks for.")

  @OptionGroup var options: PackageOptions

  @Option(help: "The target's specs.json.", completion: .file(extensions: ["json"]))
  var target: String

  @Option(help: "Which entry of it, from 0.")
  var entry: Int

  @Option(help: "The folder to write into.", completion: .directory)
  var outputDirectory: String

  @Option(help: "A file to generate; once for each.")
  var output: [String]

  @Option(help: "A Swift source of the target; once for each.")
  var source: [String] = []

  func run() throws {
    let package = options.package
    func relative(_ path: String) -> String {
      package.relativePath(URL(filePath: path, relativeTo: path.hasPrefix("/") ? nil : package.root))
    }
    let files: [GeneratedFile]
    do throws(SpecErrors) {
      files = try Generator(package: package).files(
        targetFile: relative(target), entry: entry, outputs: output, sources: source.map(relative))
    } catch {
      throw fail(error)
    }
    try Generator.write(files, to: URL(filePath: outputDirectory, directoryHint: .isDirectory))
  }
}
