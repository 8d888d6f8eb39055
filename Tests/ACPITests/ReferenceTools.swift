import Foundation

/// ACPICA's compiler and interpreter, which ours is compared with.
enum ReferenceTools {
  struct Failure: Error { var text: String }

  static let aslFolder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "ASL")

  /// Runs a program with `input` on its standard input; gives what it printed.
  static func run(_ name: String, _ arguments: [String], input: String = "", in folder: URL) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [name] + arguments
    process.currentDirectoryURL = folder
    // Files, since a pipe that nobody reads fills up.
    let inputFile = folder.appending(path: "input-\(UUID().uuidString)")
    let outputFile = folder.appending(path: "output-\(UUID().uuidString)")
    try Data(input.utf8).write(to: inputFile)
    try Data().write(to: outputFile)
    let output = try FileHandle(forWritingTo: outputFile)
    process.standardInput = try FileHandle(forReadingFrom: inputFile)
    process.standardOutput = output
    process.standardError = output
    try process.run()
    process.waitUntilExit()
    try output.close()
    return String(decoding: try Data(contentsOf: outputFile), as: UTF8.self)
  }

  /// A new folder for the files of one test.
  static func scratch() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(path: "acpi-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }

  /// Compiles ASL without optimization; gives the table.
  static func compile(_ source: String, named name: String = "test", in folder: URL) throws -> [UInt8] {
    let file = folder.appending(path: "\(name).asl")
    try Data(source.utf8).write(to: file)
    // -f: make a table of code with semantic mistakes too, for they are what some tests are about.
    let log = try run("iasl", ["-oa", "-of", "-f", "-p", name, file.lastPathComponent], in: folder)
    guard let table = try? Data(contentsOf: folder.appending(path: "\(name).aml")) else {
      let lines = log.components(separatedBy: "\n")
      throw Failure(text: lines.indices.filter { lines[$0].contains("syntax") }.map { lines[max(0, $0 - 1)] }.joined())
    }
    return [UInt8](table)
  }

  /// What acpiexec says of each of `methods`, evaluated one after the other on the tables `files`.
  static func evaluate(
    _ methods: [String], files: [String], options: [String] = [], in folder: URL
  ) throws -> [String] {
    let commands = methods.map { "execute \($0)" }.joined(separator: "\n") + "\nquit\n"
    var output = try run("acpiexec", options + files, input: commands, in: folder)
    // On a machine with much to do a line of its was seen missing; what it says does not depend on when it is asked.
    for _ in 0..<3 where starts(output).count != methods.count + 1 {
      output = try run("acpiexec", options + files, input: commands, in: folder)
    }
    let lines = output.components(separatedBy: "\n")
    let starts = starts(output)
    guard starts.count == methods.count + 1 else {
      let said = Set(starts.map { lines[$0] })
      let missing = methods.filter { !said.contains("- execute \($0)") }.joined(separator: " ")
      throw Failure(text: "acpiexec says nothing of \(missing):\n" + lines.suffix(20).joined(separator: "\n"))
    }
    return methods.indices.map { index in
      var parser = AcpiexecParser(lines: Array(lines[(starts[index] + 1)..<starts[index + 1]]))
      return parser.outcome()
    }
  }
}

extension ReferenceTools {
  /// The lines in which acpiexec repeats what it was told.
  private static func starts(_ output: String) -> [Int] {
    let lines = output.components(separatedBy: "\n")
    return lines.indices.filter { lines[$0].hasPrefix("- execute ") || lines[$0] == "- quit" }
  }
}

/// Brings acpiexec's output for one evaluation into the words of `describe`.
struct AcpiexecParser {
  var lines: [String]
  private var position = 0

  init(lines: [String]) { self.lines = lines }

  mutating func outcome() -> String {
    for line in lines {
      if let match = line.firstMatch(of: /failed with status (AE_\w+)/) {
        // Several names for one thing.
        switch match.1 {
        case "AE_TYPE": return "AE_AML_OPERAND_TYPE"
        case "AE_AML_INVALID_RESOURCE_TYPE": return "AE_AML_NO_RESOURCE_END_TAG"
        default: return String(match.1)
        }
      }
      if line.hasPrefix("No object was returned") { return "nothing" }
    }
    guard let first = lines.firstIndex(where: { $0.contains("returned object") }) else {
      return "?? " + lines.joined(separator: " | ")
    }
    position = first + 1
    return value()
  }

  private mutating func value() -> String {
    guard position < lines.count else { return "?? end" }
    let line = lines[position].drop { $0 == " " }
    position += 1
    if let match = line.firstMatch(of: /^\[Integer\] = ([0-9A-F]+)/) {
      return "0x" + String(UInt64(match.1, radix: 16) ?? 0, radix: 16)
    }
    if line.hasPrefix("[Null Object]") { return "nothing" }
    if line.hasPrefix("[String]"), let match = line.firstMatch(of: /"(.*)"/) { return "\"\(match.1)\"" }
    if line.hasPrefix("[Buffer]") { return buffer(line) }
    if let match = line.firstMatch(of: /^\[Package\] Contains (\d+) Elements/) {
      let elements = (0..<(Int(match.1) ?? 0)).map { _ in value() }
      return "[" + elements.joined(separator: ", ") + "]"
    }
    if let match = line.firstMatch(of: /^\[Object Reference\].*Name (\w{4}) +(\w+)/) {
      return "\(Self.typeName(String(match.2))) \(match.1)"
    }
    return "?? \(line)"
  }

  private static func typeName(_ name: String) -> String {
    ["Power": "powerResource", "Thermal": "thermalZone", "Region": "operationRegion"][name]
      ?? name.prefix(1).lowercased() + name.dropFirst()
  }

  private mutating func buffer(_ line: Substring) -> String {
    var bytes: [Substring] = []
    func take(_ text: Substring) {
      guard let match = text.firstMatch(of: /[0-9A-F]{4}: ((?:[0-9A-F]{2} )+)/) else { return }
      bytes += match.1.split(separator: " ")
    }
    take(line)
    while position < lines.count, lines[position].firstMatch(of: /^ *[0-9A-F]{4}: [0-9A-F]{2}/) != nil {
      take(lines[position][...])
      position += 1
    }
    return "{" + bytes.joined(separator: " ").lowercased() + "}"
  }
}
