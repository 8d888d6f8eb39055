import Boot

/// Stopping, in its several ways.
public enum Machine {
  /// Stops this CPU for good.
  public static func halt() -> Never {
    while true {
      apus_disable_interrupts()
      apus_halt()
    }
  }

  /// Ends QEMU through its `isa-debug-exit` device; does nothing elsewhere.
  ///
  /// QEMU exits with `status << 1 | 1`.
  public static func exitToEmulator(status: UInt8) {
    apus_out8(0xf4, status)
  }

  /// Restarts the machine through the keyboard controller's reset line, then by a triple fault.
  public static func reset() -> Never {
    apus_disable_interrupts()
    for _ in 0..<1_000 where apus_in8(0x64) & 2 == 0 { break }
    apus_out8(0x64, 0xfe)
    for _ in 0..<1_000_000 { apus_pause() }
    apus_load_interrupt_table(0, 0)
    apus_breakpoint()
    halt()
  }

  /// Raises #BP, which the interrupt table's boot step uses to see a whole round trip.
  public static func breakpoint() {
    apus_breakpoint()
  }

  /// Tells the CPU that this is a spinning loop.
  @inline(__always)
  public static func pause() {
    apus_pause()
  }
}
