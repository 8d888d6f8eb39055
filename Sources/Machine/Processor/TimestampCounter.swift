import Boot

/// The time-stamp counter of this CPU.
public enum TimestampCounter {
  /// Its value now, in ticks of its own frequency, ordered after the instructions before it.
  @inline(__always)
  public static var now: UInt64 { apus_read_timestamp() }

  /// Its value at the first instruction of the kernel.
  public static var atEntry: UInt64 { apus_read_entry_timestamp() }
}
