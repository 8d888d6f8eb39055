import Foundation
import Testing

/// Random calls whose results Linux itself has given: see Linux/README.md.
@Suite("What Linux does with files")
struct LinuxTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Linux")

  static let records =
    (try? FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false)))?
    .filter { $0.hasSuffix(".trace") }.sorted() ?? []

  @Test("There are records")
  func recordsExist() { #expect(Self.records.count == 4) }

  @Test("Each call ends as on Linux", arguments: records)
  func replay(record: String) throws {
    let text = try String(contentsOf: Self.folder.appending(path: record), encoding: .utf8)
    // The records are of a Linux as it starts, without what distributions set.
    try withWorld(protectsSharedDirectories: false) { world in
      let replay = LinuxReplay(world)
      for (number, line) in text.split(separator: "\n").enumerated() {
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
