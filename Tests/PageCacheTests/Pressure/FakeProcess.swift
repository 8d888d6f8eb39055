import Foundations
import PageCache

/// A process that only has figures.
final class FakeProcess: OutOfMemoryCandidate {
  let processID: Int32
  var name: Message = "sh"
  var userID: UInt32 = 0
  var memory = ProcessMemory()
  var scoreAdjustment = 0
  var isUnkillable = false
  var isExiting = false
  var isRequester = false
  private(set) var killCount = 0
  /// What happens when it is killed; by default it only begins to end.
  var whenKilled: () -> Void = {}

  init(_ processID: Int32, pages: Int = 0, adjustment: Int = 0) {
    self.processID = processID
    memory.anonymousCount = pages
    scoreAdjustment = adjustment
  }

  func kill() {
    killCount += 1
    isExiting = true
    whenKilled()
  }
}

/// The processes there are.
final class FakeProcesses: OutOfMemoryCandidates {
  var processes: [FakeProcess]

  init(_ processes: [FakeProcess] = []) { self.processes = processes }

  func forEachCandidate(_ body: (any OutOfMemoryCandidate) -> Void) {
    for process in processes { body(process) }
  }
}

extension Message {
  /// The text as a string.
  var string: String {
    let span = bytes
    return String(decoding: span.indices.map { span[$0] }, as: UTF8.self)
  }
}

/// Keeps the lines of reports.
final class ReportLines {
  private(set) var lines: [String] = []

  var report: OutOfMemoryReport { OutOfMemoryReport { self.lines.append($0.string) } }
}
