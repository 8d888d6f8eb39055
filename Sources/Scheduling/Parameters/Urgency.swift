/// Who goes before whom, over all policies: a smaller value is more urgent.
///
/// It is what a thread lends to the one that holds what it waits for.
public struct Urgency: Comparable, Sendable {
  /// The class in the highest two bits, the place in the class below.
  public let rawValue: UInt64

  private init(_ rank: SchedulingClass, _ place: UInt64) {
    rawValue = UInt64(rank.rawValue) << 61 | place & (1 << 61 - 1)
  }

  /// Of a thread of the kernel's own.
  public static let stop = Urgency(.stop, 0)
  /// Less urgent than everything: nobody waits.
  public static let none = Urgency(.idle, 0)

  /// Of a thread with an absolute deadline, in nanoseconds.
  public static func deadline(_ absolute: UInt64) -> Urgency { Urgency(.deadline, absolute) }
  /// Of a real-time priority, 1...99.
  public static func realTime(_ priority: UInt8) -> Urgency { Urgency(.realTime, UInt64(99 - min(priority, 99))) }
  /// Of a nice value.
  public static func fair(_ nice: Nice) -> Urgency { Urgency(.fair, UInt64(20 + Int(nice.rawValue))) }
  /// Of the policy `idle`.
  public static let background = Urgency(.fair, 40)

  /// The class it stands for.
  public var schedulingClass: SchedulingClass { SchedulingClass(rawValue: UInt8(rawValue >> 61)) ?? .idle }
  var place: UInt64 { rawValue & (1 << 61 - 1) }

  /// Whether `left` is more urgent.
  public static func < (left: Urgency, right: Urgency) -> Bool { left.rawValue < right.rawValue }
}

/// What is served first: a class runs only when those above it have nothing to do.
public enum SchedulingClass: UInt8, Sendable {
  /// The kernel's own thread of a CPU.
  case stop
  /// `deadline`.
  case deadline
  /// `fifo` and `roundRobin`.
  case realTime
  /// `normal`, `batch` and `idle`.
  case fair
  /// Nothing to run.
  case idle
}
