import Time

/// Times that lie ahead.
enum ClockTime {
  /// What the monotonic clock says after `milliseconds`, at least one.
  static func after(milliseconds: Int32) -> UInt64 {
    ClockDeadline(after: UInt64(max(milliseconds, 1)) * 1_000_000).time
  }
}
