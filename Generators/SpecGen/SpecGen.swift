import ArgumentParser
import Foundation
import SpecKit

@main
struct SpecGen: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Generates Swift, assembly and documentation from the specs.",
    subcommands: [Generate.self, Check.self, Docs.self, ImportFont.self, ImportPCIIds.self])
}

/// Where the package lies.
struct PackageOptions: ParsableArguments {
  @Option(help: "The folder that holds Package.swift.", completion: .directory)
  var packagePath = "."

  var package: SpecPackage { SpecPackage(root: URL(filePath: packagePath, directoryHint: .isDirectory)) }
}

/// Prints every diagnostic of `errors`, one a line, and ends the command with failure.
func fail(_ errors: SpecErrors) -> ExitCode {
  FileHandle.standardError.write(Data((errors.description + "\n").utf8))
  return .failure
}
