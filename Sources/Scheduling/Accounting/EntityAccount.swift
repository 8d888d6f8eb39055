/// Where the time of a thread has gone. Source: proc(5), `schedstat` and `status`.
public struct EntityAccount: Equatable, Sendable {
  /// Nanoseconds on a CPU.
  public internal(set) var running: UInt64 = 0
  /// Nanoseconds ready, but not on a CPU.
  public internal(set) var waiting: UInt64 = 0
  /// How often it was put on a CPU.
  public internal(set) var turns: UInt64 = 0
  /// How often it left the CPU because it waited.
  public internal(set) var voluntarySwitches: UInt64 = 0
  /// How often it had to leave.
  public internal(set) var involuntarySwitches: UInt64 = 0
  /// How often it was moved to another CPU.
  public internal(set) var migrations: UInt64 = 0
  /// How `running` is divided.
  var sampledTime = SampledTime()

  /// Nothing yet.
  public init() {}

  /// `running`, divided into what its program took and what the kernel took for it, as far as samples tell.
  ///
  /// Of an account that `RunQueue.account` gave.
  public var divided: (user: UInt64, system: UInt64) {
    var time = sampledTime
    return time.divide(running)
  }
}
