import ArgumentParser
import SpecKit

/// Checks everything without writing anything.
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Checks every spec and lists all mistakes at once.")

  @OptionGroup var options: PackageOptions

  func run() throws {
    do throws(SpecErrors) {
      let summary = try Checker(package: options.package).check()
      print("\(summary.specs) specs with \(summary.entries) entries, \(summary.outputs) outputs: no mistakes")
    } catch {
      throw fail(error)
    }
  }
}
