import ArgumentParser
import Foundation
import Symbols

/// Finishes a linked kernel image.
@main
struct ImageTool: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Finishes a linked kernel image.", subcommands: [SymbolsCommand.self])
}

/// Makes the symbol table from the image's symbols and debug information and puts it behind the image.
struct SymbolsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "symbols", abstract: "Adds names and source lines for backtraces to a linked kernel.")

  @Argument(help: "The kernel as it was linked.") var input: String
  @Argument(help: "Where to write the finished kernel.") var output: String
  @Option(help: "The root of the project, which file names are shown from.")
  var root = FileManager.default.currentDirectoryPath

  func run() async throws {
    var image = try ELFImage([UInt8](Data(contentsOf: URL(filePath: input))))
    let toolchain = try Toolchain()
    let text = try image.section(".text")
    var builder = SymbolTableBuilder(base: text.address)

    let locations = try await locations(toolchain)
    let functions = try image.symbols().filter { symbol in
      symbol.isFunction && symbol.size > 0 && symbol.address >= text.address
        && symbol.address < text.address + UInt64(text.size)
    }
    let names = try await demangle(
      functions.map { Array($0.name) } + locations.runs.flatMap { $0.calls.map(\.function) }, toolchain)
    var covered: Set<UInt64> = []
    for function in functions where covered.insert(function.address).inserted {
      builder.addFunction(
        at: function.address, size: function.size, name: names[Array(function.name)] ?? Array(function.name))
    }
    for run in locations.runs {
      builder.addRow(
        at: run.address,
        run.calls.map { .init(function: names[$0.function] ?? $0.function, file: $0.file, line: $0.line) })
    }

    // Nothing is known behind the code: without this row the last one would hold for every address there.
    builder.addRow(at: text.address + UInt64(text.size), [])

    let table = builder.build()
    try image.replaceLastSegment(of: image.section(".symbols"), with: table)
    try write(image.bytes)
    print("symbol table: \(functions.count) functions, \(table.count) bytes for \(text.size) bytes of code")
  }

  /// Asks the debug information about every instruction of the code.
  private func locations(_ toolchain: Toolchain) async throws -> SourceLocations {
    let listing = try await toolchain.run(
      "llvm-objdump", ["--disassemble", "--section=.text", "--no-show-raw-insn", "--no-leading-headers", input])
    let addresses: [UInt64] = listing.split(separator: 0x0a).compactMap { line in
      let field = line.drop { $0 == 0x20 }.prefix { $0 != 0x3a }
      guard field.count < 17, line.count > field.count + 1 else { return nil }
      return UInt64(String(decoding: field, as: UTF8.self), radix: 16)
    }
    let questions = addresses.map { "0x" + String($0, radix: 16) }.joined(separator: "\n") + "\n"
    let answer = try await toolchain.run(
      "llvm-symbolizer", ["--obj=\(input)", "--inlines", "--no-demangle"], input: Array(questions.utf8))
    return SourceLocations(addresses: addresses, answer: answer, root: Array(root.utf8))
  }

  /// Swift names as a reader knows them, for all of `mangled` in one run of the demangler.
  private func demangle(_ mangled: [[UInt8]], _ toolchain: Toolchain) async throws -> [[UInt8]: [UInt8]] {
    let unique = Array(Set(mangled)).filter { $0.first == 0x24 }
    let answer = try await toolchain.run(
      "swift-demangle", ["--simplified", "--compact"], input: Array(unique.joined(separator: [0x0a])) + [0x0a])
    let lines = answer.split(separator: 0x0a, omittingEmptySubsequences: false)
    guard lines.count >= unique.count else { throw ELFImage.Malformed(description: "swift-demangle lost names") }
    return Dictionary(uniqueKeysWithValues: zip(unique, lines.map { Array($0) }))
  }

  /// Writes the file unless it is there already, so that what depends on it is not made again.
  private func write(_ bytes: [UInt8]) throws {
    let url = URL(filePath: output)
    if let existing = try? Data(contentsOf: url), existing.elementsEqual(bytes) { return }
    try Data(bytes).write(to: url, options: .atomic)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: output)
  }
}
