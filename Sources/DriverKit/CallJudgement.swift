/// Finds calls of a driver that do not return.
///
/// Only time on a CPU counts, so neither a wait in the kernel nor a busy machine makes a call look hung. A call that shows signs of life, as
/// each of the kernel's waits is one, may take longer, but not for ever: also a loop around the kernel's functions is one that does not end.
struct CallJudgement {
  /// How much longer a call may take that shows signs of life.
  static var patience: UInt64 { 10 }

  private var call: UInt64 = 0
  private var sign: UInt64 = 0
  /// The time on a CPU at which each was first seen.
  private var callTime: UInt64 = 0
  private var signTime: UInt64 = 0

  /// Judges what is seen now: the count of calls, the count of signs of life, and the thread's time on a CPU.
  ///
  /// - Returns: whether the call is to be ended, which took more than `limit` without a sign of life.
  mutating func isHung(call: UInt64, sign: UInt64, processorNanoseconds time: UInt64, limit: UInt64) -> Bool {
    if call != self.call { (self.call, callTime, self.sign, signTime) = (call, time, sign, time) }
    if sign != self.sign { (self.sign, signTime) = (sign, time) }
    return time &- signTime > limit || time &- callTime > limit &* Self.patience
  }
}
