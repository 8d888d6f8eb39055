public import Foundations

/// Tells the log whom the out-of-memory killer chose, and from whom, in Linux's words, which tools look for.
///
/// Source: what Linux 6.18 writes: "invoked oom-killer", the table of tasks, and "Out of memory: Killed process".
public final class OutOfMemoryReport {
  private let log: (Message) -> Void

  /// Creates a report whose lines go to `log`.
  public init(_ log: @escaping (Message) -> Void) { self.log = log }

  func write(
    _ candidates: any OutOfMemoryCandidates, requester: (any OutOfMemoryCandidate)?, order: Int,
    victim: any OutOfMemoryCandidate
  ) {
    if let requester {
      log("\(requester.name) invoked oom-killer: order=\(order), oom_score_adj=\(requester.scoreAdjustment)")
    } else {
      log("kernel invoked oom-killer: order=\(order), oom_score_adj=0")
    }
    log("Tasks state (memory values in pages):")
    log(
      """
      [  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj name
      """)
    candidates.forEachCandidate { log(Self.row($0)) }
    log(Self.verdict(victim))
  }

  /// A line of the table of tasks.
  static func row(_ candidate: any OutOfMemoryCandidate) -> Message {
    let memory = candidate.memory
    var line = Message()
    line.write("[")
    line.write(Int(candidate.processID), width: 7)
    line.write("] ")
    line.write(Int(candidate.userID), width: 5)
    line.write(" ")
    line.write(Int(candidate.processID), width: 5)
    line.write(memory.virtualCount, width: 9)
    line.write(memory.residentCount, width: 9)
    line.write(memory.anonymousCount, width: 9)
    line.write(memory.fileCount, width: 9)
    line.write(memory.sharedCount, width: 10)
    line.write(memory.pageTableCount * 4096, width: 9)
    line.write(memory.swapCount, width: 9)
    line.write(candidate.scoreAdjustment, width: 14)
    line.write(" ")
    line.write(candidate.name)
    return line
  }

  /// The line that says who was killed.
  static func verdict(_ victim: any OutOfMemoryCandidate) -> Message {
    let memory = victim.memory
    return """
      Out of memory: Killed process \(victim.processID) (\(victim.name)) total-vm:\(memory.virtualCount * 4)kB, \
      anon-rss:\(memory.anonymousCount * 4)kB, file-rss:\(memory.fileCount * 4)kB, \
      shmem-rss:\(memory.sharedCount * 4)kB, UID:\(victim.userID) pgtables:\(memory.pageTableCount * 4)kB \
      oom_score_adj:\(victim.scoreAdjustment)
      """
  }
}
