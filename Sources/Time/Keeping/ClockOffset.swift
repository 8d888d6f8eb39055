/// How far another CPU's time-stamp counter is ahead of this one's, by exchanges of which each brackets one reading of it.
///
/// The truth lies between the bounds of every exchange, so more exchanges make it narrower: the largest lower bound and the
/// smallest upper one hold. Source: F. Cristian, Probabilistic clock synchronization, Distributed Computing 3 (1989).
public struct ClockOffset: Equatable, Sendable {
  /// The counter is ahead by no less.
  public private(set) var lowest = Int64.min
  /// And by no more.
  public private(set) var highest = Int64.max
  /// How many exchanges counted.
  public private(set) var exchanges = 0

  /// Creates an offset of which nothing is known.
  public init() {}

  /// Adds an exchange: the other counter read `remote` after this one read `before` and before it read `after`.
  public mutating func add(before: UInt64, remote: UInt64, after: UInt64) {
    guard after >= before else { return }
    exchanges += 1
    lowest = max(lowest, Int64(bitPattern: remote &- after))
    highest = min(highest, Int64(bitPattern: remote &- before))
  }

  /// Whether the bounds contradict each other: one of the counters jumped.
  public var isUnsteady: Bool { lowest > highest }

  /// Whether the counters may well be equal.
  public var mayBeZero: Bool { lowest <= 0 && highest >= 0 }

  /// The best guess, in ticks.
  public var estimate: Int64 { exchanges == 0 ? 0 : lowest &+ (highest &- lowest) / 2 }

  /// How wrong the guess may be, in ticks.
  public var error: UInt64 { exchanges == 0 || isUnsteady ? .max : UInt64(bitPattern: highest &- lowest) / 2 + 1 }
}
