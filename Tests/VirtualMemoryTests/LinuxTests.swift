import Foundation
import Testing

@testable import VirtualMemory

/// Random calls whose results Linux itself has given: see Linux/README.md.
@Suite("What Linux does", .serialized)
struct LinuxTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Linux")

  static let records =
    (try? FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false)))?
    .filter { $0.hasSuffix(".trace") }.sorted() ?? []

  @Test("Each call ends as on Linux and leaves every page as Linux does", arguments: records)
  func replay(record: String) throws {
    let text = try String(contentsOf: Self.folder.appending(path: record), encoding: .utf8)
    let lines = text.split(separator: "\n")
    try withMachine {
      var replay = try LinuxReplay(header: lines[0])
      defer { replay.end() }
      for (number, line) in lines.enumerated().dropFirst() {
        do {
          try replay.step(line)
        } catch let error as Disagreement {
          Issue.record("\(record):\(number + 1): \(error)")
          return
        }
      }
    }
  }
}
