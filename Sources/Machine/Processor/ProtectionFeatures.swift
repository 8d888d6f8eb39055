import Boot

/// The CPU features that keep user code and kernel mistakes contained, turned on as soon as CPUID shows them.
///
/// Source: Intel SDM vol. 3A, 2.5 and 4.6.
public struct ProtectionFeatures: OptionSet, Sendable {
  /// One bit for each feature.
  public let rawValue: UInt32
  /// Creates a set from its bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Supervisor writes honour read-only pages.
  public static let writeProtect = ProtectionFeatures(rawValue: 1 << 0)
  /// Pages can forbid execution.
  public static let noExecute = ProtectionFeatures(rawValue: 1 << 1)
  /// The kernel cannot execute user pages.
  public static let supervisorExecutionPrevention = ProtectionFeatures(rawValue: 1 << 2)
  /// The kernel cannot touch user pages except in a marked copy.
  public static let supervisorAccessPrevention = ProtectionFeatures(rawValue: 1 << 3)
  /// User code cannot read the descriptor-table registers.
  public static let userModeInstructionPrevention = ProtectionFeatures(rawValue: 1 << 4)

  private static let cr0WriteProtect: UInt64 = 1 << 16
  private static let cr4UserModeInstructionPrevention: UInt64 = 1 << 11
  private static let cr4ExecutionPrevention: UInt64 = 1 << 20
  private static let cr4AccessPrevention: UInt64 = 1 << 21
  /// RFLAGS.AC, which lets the kernel touch programs' pages in spite of SMAP.
  static let flagsAccess: UInt64 = 1 << 18
  private static let extendedFeatures: UInt32 = 0xc000_0080
  private static let extendedNoExecute: UInt64 = 1 << 11

  /// What this CPU has, by CPUID.
  public static var available: ProtectionFeatures {
    var features: ProtectionFeatures = [.writeProtect]
    if apus_read_cpuid(0x8000_0001, 0).edx & 1 << 20 != 0 { features.insert(.noExecute) }
    if apus_read_cpuid(0, 0).eax >= 7 {
      let structured = apus_read_cpuid(7, 0)
      if structured.ebx & 1 << 7 != 0 { features.insert(.supervisorExecutionPrevention) }
      if structured.ebx & 1 << 20 != 0 { features.insert(.supervisorAccessPrevention) }
      if structured.ecx & 1 << 2 != 0 { features.insert(.userModeInstructionPrevention) }
    }
    return features
  }

  /// Whether the code that asks could touch programs' pages in spite of SMAP: never so but in the copies themselves.
  @inline(__always)
  public static var isUserMemoryOpen: Bool { apus_read_flags() & flagsAccess != 0 }

  /// What is in force on this CPU, read back from its control registers.
  public static var enabled: ProtectionFeatures {
    var features: ProtectionFeatures = []
    if apus_read_cr0() & cr0WriteProtect != 0 { features.insert(.writeProtect) }
    if apus_read_msr(extendedFeatures) & extendedNoExecute != 0 { features.insert(.noExecute) }
    let cr4 = apus_read_cr4()
    if cr4 & cr4ExecutionPrevention != 0 { features.insert(.supervisorExecutionPrevention) }
    if cr4 & cr4AccessPrevention != 0 { features.insert(.supervisorAccessPrevention) }
    if cr4 & cr4UserModeInstructionPrevention != 0 { features.insert(.userModeInstructionPrevention) }
    return features
  }

  /// Turns on everything that this CPU has.
  public static func enableAvailable() {
    let features = available
    apus_write_cr0(apus_read_cr0() | cr0WriteProtect)
    var cr4 = apus_read_cr4()
    if features.contains(.supervisorExecutionPrevention) { cr4 |= cr4ExecutionPrevention }
    if features.contains(.supervisorAccessPrevention) { cr4 |= cr4AccessPrevention }
    if features.contains(.userModeInstructionPrevention) { cr4 |= cr4UserModeInstructionPrevention }
    apus_write_cr4(cr4)
    if features.contains(.noExecute) {
      apus_write_msr(extendedFeatures, apus_read_msr(extendedFeatures) | extendedNoExecute)
    }
  }
}
