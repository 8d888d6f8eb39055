import Boot

/// The time-stamp counter of this CPU.
public enum TimestampCounter {
  /// Its value now, in ticks of its own frequency, ordered after the instructions before it.
  @inline(__always)
  public static var now: UInt64 { apus_read_timestamp() }

  private static let adjustRegister: UInt32 = 0x3b

  /// Sets this CPU's counter forward by `ticks`, or back.
  ///
  /// - Returns: false, changing nothing, on a CPU that cannot. Source: Intel SDM vol. 3B, 18.17.3.
  public static func adjust(by ticks: Int64) -> Bool {
    guard apus_read_cpuid(0, 0).eax >= 7, apus_read_cpuid(7, 0).ebx & 1 << 1 != 0 else { return false }
    apus_write_msr(adjustRegister, apus_read_msr(adjustRegister) &+ UInt64(bitPattern: ticks))
    return true
  }

  /// Whether its rate never changes and it never stops. Source: Intel SDM vol. 3B, 18.17.1.
  public static var isInvariant: Bool {
    apus_read_cpuid(0x8000_0000, 0).eax >= 0x8000_0007 && apus_read_cpuid(0x8000_0007, 0).edx & 1 << 8 != 0
  }

  /// Its value at the first instruction of the kernel.
  public static var atEntry: UInt64 { apus_read_entry_timestamp() }
}
