public import Foundations

/// ACPI's power management timer: one register that counts at three times the colour subcarrier.
///
/// Source: ACPI 6.5, section 4.8.3.3.
public final class PowerManagementTimer<Space: RegisterSpace & ~Copyable>: HardwareCounter {
  private let space: Space

  /// - Parameter space: the register, 4 bytes.
  /// - Parameter isExtended: whether it has 32 bits, not 24.
  public init(_ space: consuming Space, isExtended: Bool) {
    self.space = space
    super.init(name: "acpi_pm", frequencyHertz: 3_579_545, bitCount: isExtended ? 32 : 24)
  }

  public override func read() -> UInt64 { UInt64(space.read32(at: 0)) & mask }
}
