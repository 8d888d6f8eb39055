import Foundations
import Machine

/// What a number of operations took.
struct Measurement {
  /// How many operations there were.
  var operations: Int
  /// What they took, in ticks of the time-stamp counter.
  var ticks: UInt64
  /// What of that is the loop and the reading of the counter.
  var overhead: UInt64

  /// Does `operation` `operations` times in each of several rounds, and takes the fastest.
  ///
  /// Inlined, so that an operation is measured as the code around it in the kernel would contain it.
  @inline(__always)
  static func best(
    of rounds: Int, _ operations: Int, warmUp: Int, _ operation: () throws(Errno) -> Void
  ) throws(Errno) -> Measurement {
    var result = Measurement(operations: operations, ticks: .max, overhead: .max)
    _ = try ticks(min(warmUp, operations), operation)
    for _ in 0..<rounds {
      result.overhead = min(result.overhead, try ticks(operations) { () throws(Errno) in })
      result.ticks = min(result.ticks, try ticks(operations, operation))
    }
    return result
  }

  /// The barrier keeps the loop when `operation` is empty, and keeps the optimizer from doing for all rounds at once what an
  /// operation does each time.
  @inline(__always)
  private static func ticks(_ operations: Int, _ operation: () throws(Errno) -> Void) throws(Errno) -> UInt64 {
    let start = TimestampCounter.now
    var remaining = operations
    while remaining > 0 {
      try operation()
      InstructionProbe.barrier()
      remaining &-= 1
    }
    return TimestampCounter.now &- start
  }
}
