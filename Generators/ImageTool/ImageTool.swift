import ArgumentParser

@main
struct ImageTool: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Finishes a linked kernel image.")
}
