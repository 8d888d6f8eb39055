import Boot

extension Processor {
  /// Lets this CPU take interrupts.
  ///
  /// - Context: no lock is held.
  public static func enableInterrupts() { apus_enable_interrupts() }

  /// Keeps interrupts from this CPU.
  public static func disableInterrupts() { apus_disable_interrupts() }

  /// Runs `body` with interrupts off, and turns them on again if they were.
  @inline(__always)
  public static func withoutInterrupts<Result: ~Copyable, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let wereEnabled = InterruptGuard.disable()
    defer { InterruptGuard.restore(wereEnabled) }
    return try body()
  }

  /// Whether this CPU takes interrupts.
  public static var hasInterrupts: Bool { apus_read_flags() & 1 << 9 != 0 }

  /// Sleeps until an interrupt has been served.
  ///
  /// - Context: interrupts are off, so that what made the caller decide to sleep cannot change before it does; they are off
  ///   again when this returns.
  public static func waitForInterrupt() {
    apus_enable_and_halt()
    apus_disable_interrupts()
  }

  /// Serves interrupts for ever.
  public static func idle() -> Never {
    while true { waitForInterrupt() }
  }
}
