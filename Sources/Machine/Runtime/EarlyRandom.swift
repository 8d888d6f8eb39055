import Boot

/// Random words before the entropy pool exists: RDRAND where the CPU has it, mixed with the time-stamp counter.
///
/// Good for stack canaries and hash seeds; nothing cryptographic may use it. Source: Intel SDM vol. 1, 7.3.17.
enum EarlyRandom {
  /// SAFETY: a lost update between CPUs only loses a mixing step.
  nonisolated(unsafe) private static var state: UInt64 = 0x9e37_79b9_7f4a_7c15

  static func next() -> UInt64 {
    // SAFETY: `hardware` is a local; a race on `state` loses a mixing step and nothing else.
    var hardware: UInt64 = 0
    if apus_read_cpuid(1, 0).ecx & 1 << 30 != 0 {
      for _ in 0..<10 where unsafe apus_read_random(&hardware) != 0 { break }
    }
    var mixed = unsafe (state &+ apus_read_timestamp()) ^ hardware
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    mixed ^= mixed >> 31
    unsafe state = mixed
    return mixed
  }
}
