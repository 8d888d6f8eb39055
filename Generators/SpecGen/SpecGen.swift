import ArgumentParser

@main
struct SpecGen: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Generates Swift, assembly and documentation from the specs.")
}
