import Boot

/// Interrupts off on this CPU, and back to what they were. On the host there are none.
enum InterruptGuard {
  /// Turns interrupts off and tells whether they were on.
  @inline(__always)
  static func disable() -> Bool {
    #if os(none)
      let wereEnabled = apus_read_flags() & (1 << 9) != 0
      apus_disable_interrupts()
      return wereEnabled
    #else
      return false
    #endif
  }

  /// Turns interrupts off, which are known to be on.
  @inline(__always)
  static func disableInThread() {
    #if os(none)
      apus_disable_interrupts()
    #endif
  }

  /// Turns interrupts on, which were on.
  @inline(__always)
  static func enableInThread() {
    #if os(none)
      apus_enable_interrupts()
    #endif
  }

  /// Turns interrupts on again if `wereEnabled`.
  @inline(__always)
  static func restore(_ wereEnabled: Bool) {
    if wereEnabled { apus_enable_interrupts() }
  }
}
