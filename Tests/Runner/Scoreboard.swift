import Foundation

/// Collects verdicts as tests end, prints each at once, and the totals at the end.
actor Scoreboard {
  /// What became of a test.
  enum Verdict: Sendable {
    case passed
    /// Why, and the whole log of the guest that it happened in.
    case failed(reason: String, log: String)
    case skipped(reason: String)
  }

  private(set) var passed = 0
  private(set) var failed = 0
  private(set) var skipped = 0

  func record(_ name: String, _ verdict: Verdict) {
    switch verdict {
    case .passed:
      passed += 1
      print("  passed   \(name)")
    case .failed(let reason, let log):
      failed += 1
      print("  FAILED   \(name): \(reason)")
      // Without what would clear or colour the reader's own screen.
      let log = log.replacing(/\u{1b}\[[0-9;?=]*[A-Za-z]/, with: "")
      if !log.isEmpty { print(log.split(separator: "\n").map { "  | \($0)" }.joined(separator: "\n")) }
    case .skipped(let reason):
      skipped += 1
      print("  skipped  \(name): \(reason)")
    }
    // Whoever reads a file or a pipe sees it at once, too.
    fflush(nil)
  }

  /// Prints the totals and appends them to `file`, one line of three numbers, for whoever adds up the suites.
  func finish(_ title: String, countsFile: String?) throws {
    print("\(title): \(passed) passed, \(failed) failed, \(skipped) skipped")
    guard let countsFile else { return }
    let line = Data("\(passed) \(failed) \(skipped)\n".utf8)
    if let handle = FileHandle(forWritingAtPath: countsFile) {
      try handle.seekToEnd()
      try handle.write(contentsOf: line)
      try handle.close()
    } else {
      try line.write(to: URL(filePath: countsFile))
    }
  }
}

/// Runs `work` for every element, at most `width` at a time, starting in order.
func forEachInParallel<Element: Sendable>(
  _ elements: [Element], width: Int, _ work: @escaping @Sendable (Element) async throws -> Void
) async throws {
  try await withThrowingTaskGroup(of: Void.self) { group in
    var waiting = elements.makeIterator()
    for _ in 0..<width {
      guard let element = waiting.next() else { break }
      group.addTask { try await work(element) }
    }
    while try await group.next() != nil {
      if let element = waiting.next() { group.addTask { try await work(element) } }
    }
  }
}
