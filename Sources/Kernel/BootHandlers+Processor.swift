import Foundations
import Interrupts
import Logging
import Machine

/// The boot steps of the processor: one function a step, named in `Specs/boot-steps.json`.
extension BootHandlers {
  /// Loads the segments and reads the registers back.
  static func gdt(_ state: inout BootState) -> BootOutcome {
    SegmentTable.install()
    guard SegmentTable.isLoaded else { return .failed("GDTR, CS or TR does not read back") }
    return .done("task state with 7 interrupt stacks")
  }

  /// Loads the gates and takes a breakpoint through them.
  static func idt(_ state: inout BootState) -> BootOutcome {
    InterruptTable.install(.fromSpecs)
    guard InterruptTable.isLoaded else { return .failed("IDTR does not read back") }
    guard BreakpointProbe.roundTrip() else { return .failed("a breakpoint did not come back from its handler") }
    return .done("256 gates, breakpoint round trip")
  }

  /// Reads what the CPU is and refuses one that lacks what the kernel is compiled for.
  static func cpuDetection(_ state: inout BootState) -> BootOutcome {
    let processor = ProcessorDescription()
    if let missing = processor.missingFeature { return .failed("this CPU has no \(missing), which Apus needs") }
    let name = processor.name
    let hypervisor = processor.hypervisor
    KernelLog.add(.debug, .cpu, "\(processor.signature)")
    if hypervisor.count > 0 { KernelLog.add(.debug, .cpu, "under the hypervisor \(hypervisor)") }
    return .done(name)
  }

  /// Turns on what the CPU has to protect the kernel, and reads it back.
  static func security(_ state: inout BootState) -> BootOutcome {
    ProtectionFeatures.enableAvailable()
    let available = ProtectionFeatures.available
    let missing = available.subtracting(ProtectionFeatures.enabled)
    guard missing.isEmpty else { return .failed("available but not on: \(hex: missing.rawValue)") }
    var text = Message()
    text.write("NX")
    if available.contains(.supervisorExecutionPrevention) { text.write(", SMEP") }
    if available.contains(.supervisorAccessPrevention) { text.write(", SMAP") }
    if available.contains(.userModeInstructionPrevention) { text.write(", UMIP") }
    return .done(text)
  }
}
