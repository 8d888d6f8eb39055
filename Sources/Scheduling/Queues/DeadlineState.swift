/// What the deadline class knows of an entity: its constant-bandwidth server.
struct DeadlineState {
  /// By when its run time is due, in nanoseconds of the clock.
  var deadline: UInt64 = 0
  /// Nanoseconds of run time that are left until then; less than 0 when it ran too long.
  var remaining: Int64 = 0
  /// While it is throttled: when it gets more.
  var replenishment: UInt64 = 0
  /// Whether it has used its run time up and waits for more.
  var isThrottled = false
  /// How often a deadline has passed before its run time was used or it waited.
  var misses: UInt64 = 0
}
