import Boot

/// The CPU's own generator of random numbers. Source: Intel SDM vol. 1, 7.3.17.
public enum HardwareRandom {
  /// How often a generator is asked that has nothing ready. Source: Intel SDM vol. 1, 7.3.17.1.
  private static let attempts = 10

  /// A number from its source of noise (RDSEED), or else from the generator that this feeds (RDRAND); nil when the CPU has
  /// neither, or they give nothing.
  public static func next() -> UInt64? {
    var value: UInt64 = 0
    if hasSeed {
      // SAFETY (here and below): `value` is a local.
      for _ in 0..<attempts where unsafe apus_read_seed(&value) != 0 { return value }
    }
    if hasGenerator {
      for _ in 0..<attempts where unsafe apus_read_random(&value) != 0 { return value }
    }
    return nil
  }

  private static var hasSeed: Bool {
    apus_read_cpuid(0, 0).eax >= 7 && apus_read_cpuid(7, 0).ebx & 1 << 18 != 0
  }

  private static var hasGenerator: Bool { apus_read_cpuid(1, 0).ecx & 1 << 30 != 0 }
}
