import Foundation
import Subprocess

/// How many instructions of an operation belong to which function.
struct Profile {
  /// A function of the kernel that is in the image as such, with all that was inlined into it.
  private struct Function {
    var instructions = 0.0
    /// By where they come from: the source file of the innermost inlined call, and those around it.
    var parts: [String: Double] = [:]
  }

  private var functions: [String: Function] = [:]
  private var program = 0.0

  /// Where the kernel's image lies; everything else is a program's.
  private static let image: Range<UInt64> = 0x6fff_8000_0000..<0x7000_0000_0000

  /// Sorts what was counted.
  ///
  /// - Parameters:
  ///   - counts: lines of an address, in hexadecimal digits, and a count.
  ///   - operations: how many operations the counts are of.
  init(counts: String, operations: Double, kernel: String) async throws {
    var kernelCounts: [(address: UInt64, count: Double)] = []
    for line in counts.split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard fields.count == 2, let address = UInt64(fields[0], radix: 16), let count = Double(fields[1]) else {
        continue
      }
      if Self.image.contains(address) {
        kernelCounts.append((address, count / operations))
      } else {
        program += count / operations
      }
    }
    let frames = try await Self.frames(of: kernelCounts.map(\.address), kernel)
    for (counted, frames) in zip(kernelCounts, frames) {
      guard let outermost = frames.last else { continue }
      functions[outermost.function, default: Function()].instructions += counted.count
      let part = frames.prefix(4).map(\.file).joined(separator: " < ")
      functions[outermost.function, default: Function()].parts[part, default: 0] += counted.count
    }
    try await demangle()
  }

  private typealias Frame = (function: String, file: String)

  /// The inlined calls that each address is in, innermost first, and the function that contains them.
  private static func frames(of addresses: [UInt64], _ kernel: String) async throws -> [[Frame]] {
    let result = try await Subprocess.run(
      .name("llvm-symbolizer"), arguments: ["--inlines", "--functions=linkage", "--no-demangle", "-e", kernel],
      input: .string(addresses.map { "0x" + String($0, radix: 16) }.joined(separator: "\n") + "\n"),
      output: .string(limit: 256 << 20))
    return result.standardOutput.components(separatedBy: "\n\n").map { block in
      let lines = block.split(separator: "\n")
      return stride(from: 0, to: lines.count - 1, by: 2).map { index in
        // "/path/File.swift:line:column".
        let file = lines[index + 1].split(separator: "/").last.map { $0.split(separator: ":")[0] } ?? ""
        return (String(lines[index]), String(file))
      }
    }
  }

  private mutating func demangle() async throws {
    let names = Array(functions.keys)
    let result = try await Subprocess.run(
      .name("swift"), arguments: ["demangle", "--compact", "--simplified"],
      input: .string(names.joined(separator: "\n") + "\n"), output: .string(limit: 16 << 20))
    let readable = result.standardOutput.split(separator: "\n")
    var renamed: [String: Function] = [:]
    for (name, shown) in zip(names, readable) { renamed[String(shown)] = functions[name] }
    functions = renamed
  }

  /// The functions with the most instructions.
  func text(functions limit: Int, parts partLimit: Int) -> String {
    let kernel = functions.values.reduce(0) { $0 + $1.instructions }
    var lines = ["kernel \(TextTable.number(kernel)), program \(TextTable.number(program)) instructions an operation"]
    for (name, function) in functions.sorted(by: { $0.value.instructions > $1.value.instructions }).prefix(limit) {
      lines.append(Self.padded(TextTable.number(function.instructions), 10) + "  " + name)
      for (part, count) in function.parts.sorted(by: { $0.value > $1.value }).prefix(partLimit) {
        lines.append(Self.padded(TextTable.number(count), 20) + "  " + part)
      }
    }
    return lines.joined(separator: "\n")
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
