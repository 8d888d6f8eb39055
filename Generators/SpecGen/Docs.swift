import ArgumentParser
import Foundation
import SpecKit

/// Writes or checks the committed reference pages.
struct Docs: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Writes the reference tables in docs/reference.")

  @OptionGroup var options: PackageOptions

  @Flag(help: "Write nothing; fail when a committed page is not what the specs say.")
  var check = false

  func run() throws {
    let documentation = Documentation(package: options.package)
    do {
      guard check else { return try documentation.write() }
      let stale = try documentation.stale()
      if stale.isEmpty { return }
      let list = stale.map { "\(Documentation.folder)/\($0): is not what the specs say; run `make docs`\n" }.joined()
      FileHandle.standardError.write(Data(list.utf8))
      throw ExitCode.failure
    } catch let errors as SpecErrors {
      throw fail(errors)
    }
  }
}
