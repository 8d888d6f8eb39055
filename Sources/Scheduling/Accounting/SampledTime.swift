/// Time that is known exactly, divided by samples into what a program's code took and what the kernel took for it.
///
/// To note the time at each system call would cost more than many calls do. Instead who runs is looked at now and then, and all
/// of its time since the last look counts as what it was found to do. Neither part ever becomes less.
public struct SampledTime: Equatable, Sendable {
  /// Nanoseconds that count as the program's.
  private var userWeight: UInt64 = 0
  /// Nanoseconds that count as the kernel's.
  private var systemWeight: UInt64 = 0
  /// Up to which total that is.
  private var sampled: UInt64 = 0
  // What was told last.
  private var user: UInt64 = 0
  private var system: UInt64 = 0

  /// No time.
  public init() {}

  /// Notes that it was found in its program or not, when its time had come to `total`.
  public mutating func sample(isProgram: Bool, total: UInt64) {
    let elapsed = total > sampled ? total - sampled : 0
    sampled = total
    if isProgram { userWeight &+= elapsed } else { systemWeight &+= elapsed }
  }

  /// Divides `total`; what was never looked at counts as the program's. Source: Linux kernel/sched/cputime.c, cputime_adjust.
  public mutating func divide(_ total: UInt64) -> (user: UInt64, system: UInt64) {
    guard total > user &+ system else { return (user, system) }
    var newSystem: UInt64 = 0
    if systemWeight > 0 {
      let sum = userWeight &+ systemWeight
      newSystem = min(total, Reservation.scaled(total, by: systemWeight, over: sum))
    }
    newSystem = max(newSystem, system)
    if total - newSystem < user { newSystem = total - user }
    (user, system) = (total - newSystem, newSystem)
    return (user, system)
  }
}

/// Where the time of a CPU has gone, in nanoseconds. Source: proc(5), `/proc/stat`.
public struct ProcessorTimes: Equatable, Sendable {
  /// In programs.
  public internal(set) var user: UInt64 = 0
  /// In programs that are nice.
  public internal(set) var nice: UInt64 = 0
  /// In the kernel.
  public internal(set) var system: UInt64 = 0
  /// With nothing to run.
  public internal(set) var idle: UInt64 = 0

  /// No time.
  public init() {}

  /// Both together.
  public static func + (left: ProcessorTimes, right: ProcessorTimes) -> ProcessorTimes {
    var sum = left
    sum.user &+= right.user
    sum.nice &+= right.nice
    sum.system &+= right.system
    sum.idle &+= right.idle
    return sum
  }
}
