import Foundations
import Machine

/// What the out-of-memory killer did.
public enum OutOfMemoryOutcome: Equatable, Sendable {
  /// It killed this process.
  case killed(processID: Int32)
  /// This process is about to end and will give memory back; killing another would be too early.
  case waiting(processID: Int32)
  /// There is nobody left to kill.
  case nobody
}

/// Ends a process when nothing else gives memory: the one whose end gives most, by Linux's measure.
///
/// One victim at a time: while a process ends, no other is killed, until it was asked for `patience` times in vain. A victim
/// that gives memory back meanwhile, if only some, is given as much time again.
public final class OutOfMemoryKiller {
  /// How many times a victim that gives nothing back is waited for.
  public static let patience = 16

  /// A process that ends, and how it gets on.
  private struct Victim {
    let processID: Int32
    /// The least that it had so far.
    var memory: Int
    /// How many times it was waited for since it last gave some back.
    var attempts = 0

    init(_ candidate: any OutOfMemoryCandidate) {
      processID = candidate.processID
      memory = candidate.memory.freeableCount
    }

    /// Whether to wait once more, now that it has `now` pages.
    mutating func deservesPatience(_ now: Int) -> Bool {
      if now < memory {
        memory = now
        attempts = 0
      }
      attempts = min(attempts + 1, OutOfMemoryKiller.patience + 1)
      return attempts <= OutOfMemoryKiller.patience
    }
  }

  private let candidates: any OutOfMemoryCandidates
  private let report: OutOfMemoryReport
  /// The process that is waited for. Only its number tells that it is the same one, so a new process with an old number may
  /// inherit its predecessor's attempts.
  private let victim = SpinLock<Victim?>(nil)

  /// Creates a killer that chooses from `candidates`, and says what it does by `report`.
  public init(_ candidates: any OutOfMemoryCandidates, report: OutOfMemoryReport) {
    self.candidates = candidates
    self.report = report
  }

  /// Kills a process, or waits for one that ends.
  ///
  /// - Parameters:
  ///   - order: of the block of frames that is missing.
  ///   - total: pages of memory and swap.
  /// - Context: no lock is held; `kill` of the candidate is called.
  public func run(order: Int, total: Int) -> OutOfMemoryOutcome {
    let survey = survey(total: total)
    if let ending = survey.knownEnding ?? survey.firstEnding, isPatient(with: ending) {
      return .waiting(processID: ending.processID)
    }
    guard let chosen = survey.chosen else { return .nobody }
    report.write(candidates, requester: survey.requester, order: order, victim: chosen)
    chosen.kill()
    let new = Victim(chosen)
    victim.withLock { $0 = new }
    return .killed(processID: new.processID)
  }

  /// What a look at all processes gave.
  private struct Survey {
    var chosen: (any OutOfMemoryCandidate)?
    var points = Int.min
    var requester: (any OutOfMemoryCandidate)?
    /// The first that ends, and the one that ends and was waited for before.
    var firstEnding: (any OutOfMemoryCandidate)?
    var knownEnding: (any OutOfMemoryCandidate)?
  }

  private func survey(total: Int) -> Survey {
    let known = victim.withLock { $0?.processID }
    var survey = Survey()
    candidates.forEachCandidate { candidate in
      if candidate.isRequester { survey.requester = candidate }
      if candidate.isExiting {
        if candidate.processID == known { survey.knownEnding = candidate }
        if survey.firstEnding == nil { survey.firstEnding = candidate }
        return
      }
      // Of equal ones the later, which is the younger.
      guard let points = candidate.badness(total: total), points >= survey.points else { return }
      survey.chosen = candidate
      survey.points = points
    }
    return survey
  }

  private func isPatient(with candidate: any OutOfMemoryCandidate) -> Bool {
    let new = Victim(candidate)
    return victim.withLock { victim in
      var current = victim?.processID == new.processID ? victim ?? new : new
      defer { victim = current }
      return current.deservesPatience(new.memory)
    }
  }
}
