public import Foundations
public import Registers

/// The main counter of the high-precision event timer.
///
/// Source: IA-PC HPET Specification 1.0a, section 2.3.
public final class HPETCounter<Space: RegisterSpace & ~Copyable>: HardwareCounter {
  private let registers: HPETRegisters<Space>
  /// The specification's longest period: 10 MHz.
  private static var periodLimit: UInt64 { 100_000_000 }
  private static var femtosecondsPerSecond: UInt64 { 1_000_000_000_000_000 }

  /// Turns the timer on, if firmware has not; its interrupts stay as they are.
  ///
  /// - Returns: nil when what answers is no such timer.
  public init?(_ registers: consuming HPETRegisters<Space>) {
    let capabilities = registers.capabilities
    let period = UInt64(capabilities.periodFemtoseconds)
    guard period > 0, period <= Self.periodLimit, capabilities.revision != 0 else { return nil }
    registers.modifyConfiguration { $0.isEnabled = true }
    self.registers = registers
    super.init(
      name: "hpet", frequencyHertz: (Self.femtosecondsPerSecond + period / 2) / period,
      bitCount: capabilities.is64Bit ? 64 : 32)
  }

  public override func read() -> UInt64 { registers.counter & mask }
}
