import Boot
import Foundations

/// The model-specific registers of the CPU that runs, for Machine alone: a wrong value in one breaks memory safety.
struct ProcessorRegisters: ModelSpecificRegisterSpace {
  @inline(__always)
  func read(_ index: UInt32) -> UInt64 { apus_read_msr(index) }
  @inline(__always)
  func write(_ value: UInt64, to index: UInt32) { apus_write_msr(index, value) }
}

/// What can be read of a CPU besides CPUID.
public enum ProcessorState {
  /// The revision of the microcode, as Intel or as AMD and its like tell it.
  ///
  /// - Context: interrupts may be on; the CPU must stay the same.
  /// Source: Intel SDM vol. 3A, 10.11.7; AMD APM vol. 2, PATCH_LEVEL.
  public static func microcodeRevision(isIntel: Bool) -> UInt32 {
    let registers = ModelSpecificRegisters(ProcessorRegisters())
    guard isIntel else { return UInt32(truncatingIfNeeded: registers.microcodeRevision.rawValue) }
    ProcessorRegisters().write(0, to: 0x8b)
    _ = apus_read_cpuid(1, 0)
    return registers.microcodeRevision.revision
  }

  /// IA32_ARCH_CAPABILITIES, where CPUID says that there is such a register.
  public static var architecturalCapabilities: UInt64 {
    ModelSpecificRegisters(ProcessorRegisters()).architecturalCapabilities.rawValue
  }
}
