import Foundation
import Subprocess
import SystemPackage

/// The programs of the Swift toolchain that compiled the kernel.
struct Toolchain {
  private let folder: FilePath

  /// Finds the folder that `swiftc` really lies in: its neighbours know the same debug information and mangling.
  init() throws {
    for entry in (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":") {
      let candidate = URL(filePath: String(entry)).appending(path: "swiftc")
      guard FileManager.default.isExecutableFile(atPath: candidate.path) else { continue }
      folder = FilePath(candidate.resolvingSymlinksInPath().deletingLastPathComponent().path)
      return
    }
    throw ELFImage.Malformed(description: "swiftc is not in PATH")
  }

  /// Runs the program `name` and returns what it prints.
  func run(_ name: String, _ arguments: [String], input: [UInt8] = []) async throws -> [UInt8] {
    let limit = 1 << 30
    let result = try await Subprocess.run(
      .path(folder.appending(name)), arguments: Arguments(arguments), input: .array(input),
      output: .bytes(limit: limit), error: .string(limit: 1 << 16))
    guard result.terminationStatus.isSuccess else {
      throw ELFImage.Malformed(description: "\(name) failed: \(result.standardError)")
    }
    return result.standardOutput
  }
}
