import Machine
import Synchronization

/// Comparing the time-stamp counters of two CPUs: one asks, the other answers with its counter, again and again.
///
/// One pair at a time: the boot CPU answers each of the others in turn.
public enum TimestampExchange {
  /// How many exchanges there are at most, and how many at least.
  static let rounds = 4...200

  /// The CPU whose turn it is, plus 1; 0 for none.
  private static let turn = Atomic<Int>(0)
  /// The number of the question, 0 before the first.
  private static let question = Atomic<UInt64>(0)
  private static let answer = Atomic<UInt64>(0)
  private static let answered = Atomic<UInt64>(0)
  private static let end = UInt64.max

  /// Waits for the turn of CPU `number`.
  ///
  /// - Parameter sleep: may return early. `wake` of the answering side ends it.
  public static func begin(_ number: Int, sleep: () -> Void) {
    while turn.load(ordering: .acquiring) != number + 1 { sleep() }
  }

  /// Asks until the offset is known well enough, and returns how far the answering counter is ahead of this CPU's.
  ///
  /// - Parameter goal: the error, in ticks, that is good enough.
  /// - Parameter limit: after so many ticks what is known must do.
  /// - Context: interrupts off; between `begin` and `finish`.
  public static func ask(goal: UInt64, limit: UInt64, ticks: () -> UInt64, pause: () -> Void) -> ClockOffset {
    var offset = ClockOffset()
    var round = question.load(ordering: .relaxed)
    let begin = ticks()
    while offset.exchanges < rounds.upperBound {
      let isGood = offset.error <= goal || ticks() &- begin > limit
      if isGood, offset.exchanges >= rounds.lowerBound { break }
      round += 1
      let before = ticks()
      question.store(round, ordering: .releasing)
      while answered.load(ordering: .acquiring) != round { pause() }
      let remote = answer.load(ordering: .relaxed)
      offset.add(before: before, remote: remote, after: ticks())
      if offset.isUnsteady { break }
    }
    return offset
  }

  /// Ends the turn.
  public static func finish() { question.store(end, ordering: .releasing) }

  /// Answers CPU `number` until it has no more questions.
  ///
  /// - Parameter wake: ends the CPU's sleep.
  public static func answer(_ number: Int, ticks: () -> UInt64, pause: () -> Void, wake: () -> Void) {
    question.store(0, ordering: .relaxed)
    answered.store(0, ordering: .relaxed)
    turn.store(number + 1, ordering: .releasing)
    wake()
    var last: UInt64 = 0
    while true {
      let round = question.load(ordering: .acquiring)
      if round == end { break }
      guard round != last else {
        pause()
        continue
      }
      answer.store(ticks(), ordering: .relaxed)
      answered.store(round, ordering: .releasing)
      last = round
    }
    turn.store(0, ordering: .releasing)
  }
}
