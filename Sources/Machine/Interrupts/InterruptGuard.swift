import Boot

/// Interrupts off on this CPU for as long as the value lives; then back to what they were.
public struct InterruptGuard: ~Copyable {
  private let wereEnabled: Bool

  /// Turns interrupts off.
  @inline(__always)
  public init() {
    wereEnabled = Self.disable()
  }

  @inline(__always)
  deinit {
    Self.restore(wereEnabled)
  }

  /// Turns interrupts off and tells whether they were on.
  @inline(__always)
  static func disable() -> Bool {
    let wereEnabled = apus_read_flags() & (1 << 9) != 0
    apus_disable_interrupts()
    return wereEnabled
  }

  @inline(__always)
  static func restore(_ wereEnabled: Bool) {
    if wereEnabled { apus_enable_interrupts() }
  }
}
