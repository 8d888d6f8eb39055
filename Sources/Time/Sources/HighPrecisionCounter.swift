import Foundations
import Registers

/// The main counter of a high-precision event timer.
///
/// Source: IA-PC HPET Specification 1.0a, sections 2.3.4, 2.3.5 and 2.3.7.
public struct HighPrecisionCounter<Space: RegisterSpace & ~Copyable>: ~Copyable {
  private let registers: HPETRegisters<Space>
  /// What it is.
  public let source: CounterSource

  /// The longest period that the specification allows, in femtoseconds: 100 ns.
  private static var longestPeriod: UInt32 { 0x05f5_e100 }
  /// Crystals of PCs are within 100 ppm.
  private static var errorPartsPerBillion: UInt64 { 100_000 }

  /// Starts the counter, which others may use already, without interrupts.
  ///
  /// - Returns: nil when nothing answers, the period makes no sense, or the counter stands still.
  public init?(_ space: consuming Space) {
    registers = HPETRegisters(space)
    let capabilities = registers.capabilities
    let rate = CounterRate(periodFemtoseconds: UInt64(capabilities.periodFemtoseconds))
    source = CounterSource(
      .highPrecision, width: capabilities.is64Bit ? 64 : 32, rate: rate ?? CounterRate(known: 14_318_180),
      errorPartsPerBillion: Self.errorPartsPerBillion)
    guard rate != nil, capabilities.periodFemtoseconds <= Self.longestPeriod else { return nil }
    registers.modifyConfiguration { configuration in
      configuration.isEnabled = true
      // Else comparators 0 and 1 take the place of the interval timer, which nobody has asked for.
      configuration.replacesLegacy = false
    }
    let first = registers.counter
    // A read takes a tenth of a microsecond or more, and a tick at most that.
    for _ in 0..<10_000 where registers.counter != first { return }
    return nil
  }

  /// The count, in ticks.
  ///
  /// A 64-bit read reaches the device in one access where the CPU and the bus have them; a counter of 32 bits says nothing of use
  /// in the upper half.
  @inline(__always)
  public var ticks: UInt64 { registers.counter }
}
