import Machine
import Synchronization

/// How far one CPU's counter is from another's.
public struct CounterOffset: Equatable, Sendable {
  /// What must be added to the asking CPU's counter to have the other's, in ticks, modulo 2⁶⁴.
  public var ticks: UInt64 = 0
  /// How wrong that may be, in ticks: half of the narrowest question and answer.
  public var uncertainty: UInt64 = .max

  /// No measurement yet.
  public init() {}

  /// Takes one question and answer: the asker's counter before and after, and the answerer's in between.
  ///
  /// The answer was read at some moment of the interval; the narrowest interval says most.
  public mutating func add(sent: UInt64, answered: UInt64, received: UInt64) {
    let half = (received &- sent) / 2
    guard half < uncertainty else { return }
    uncertainty = half
    ticks = answered &- (sent &+ half)
  }

  /// Whether the counters may be the same, as far as it can be told.
  public var isWithinUncertainty: Bool { min(ticks, 0 &- ticks) <= uncertainty }
}

/// Where two CPUs compare their counters: one asks, the other answers, both with interrupts off.
public final class CounterMeeting: Sendable {
  private let question = Atomic<Int>(0)
  private let answer = Atomic<Int>(0)
  private let answeredTicks = Atomic<UInt64>(0)
  private let turn = Atomic<Int>(0)
  private let lastTicks = Atomic<UInt64>(0)
  private let warp = Atomic<UInt64>(0)
  private let arrived = Atomic<Int>(0)

  /// How often a CPU looks for the other before it gives up: about a second.
  private static let patience = 20_000_000

  /// A place to meet once.
  public init() {}

  private func wait(for value: Int, _ cell: borrowing Atomic<Int>) -> Bool {
    var remaining = Self.patience
    while cell.load(ordering: .acquiring) < value {
      guard remaining > 0 else { return false }
      remaining -= 1
      Machine.pause()
    }
    return true
  }

  /// Asks for the other's counter `rounds` times.
  ///
  /// - Returns: the offset, or nil when the other does not come.
  public func ask(rounds: Int, _ read: () -> UInt64) -> CounterOffset? {
    var offset = CounterOffset()
    for round in 1...max(rounds, 1) {
      let sent = read()
      question.store(round, ordering: .releasing)
      guard wait(for: round, answer) else { return nil }
      offset.add(sent: sent, answered: answeredTicks.load(ordering: .relaxed), received: read())
    }
    return offset
  }

  /// Answers `rounds` questions.
  ///
  /// - Returns: whether all came.
  public func reply(rounds: Int, _ read: () -> UInt64) -> Bool {
    for round in 1...max(rounds, 1) {
      guard wait(for: round, question) else { return false }
      answeredTicks.store(read(), ordering: .relaxed)
      answer.store(round, ordering: .releasing)
    }
    return true
  }

  /// Reads the (corrected) counter `rounds` times, in turn with the other CPU, which calls this too.
  ///
  /// - Returns: how far a reading was behind the other CPU's before it, at worst, on both: 0 when time never goes back between
  ///   them. Nil when the other does not come.
  public func largestWarp(rounds: Int, _ read: () -> UInt64) -> UInt64? {
    let place = arrived.wrappingAdd(1, ordering: .acquiringAndReleasing).oldValue
    for round in 0..<rounds {
      guard wait(for: 2 * round + place, turn) else { return nil }
      let now = read()
      let last = lastTicks.load(ordering: .relaxed)
      if round > 0 || place > 0, now < last { warp.max(last - now, ordering: .relaxed) }
      lastTicks.store(now, ordering: .relaxed)
      turn.store(2 * round + place + 1, ordering: .releasing)
    }
    guard wait(for: 2 * rounds, turn) else { return nil }
    return warp.load(ordering: .acquiring)
  }
}
