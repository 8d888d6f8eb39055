import Boot
import Foundations

/// The control registers and model-specific registers, for Machine alone: a wrong value in one breaks memory safety.
enum ControlRegister {
  static var cr3: UInt64 {
    get { apus_read_cr3() }
    set { apus_write_cr3(newValue) }
  }
  static var cr4: UInt64 {
    get { apus_read_cr4() }
    set { apus_write_cr4(newValue) }
  }
}

/// A copy of the control registers, for fault reports.
public struct ControlRegisters: Sendable {
  /// The registers by their architectural names.
  public let cr0, cr2, cr3, cr4: UInt64

  /// What the registers of this CPU hold now.
  public static var current: ControlRegisters {
    ControlRegisters(cr0: apus_read_cr0(), cr2: apus_read_cr2(), cr3: apus_read_cr3(), cr4: apus_read_cr4())
  }
}
