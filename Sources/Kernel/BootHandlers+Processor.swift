import Foundations
import Interrupts
import Logging
import Machine
import Processors
import Registers

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
    let record = KernelProcessors.current(0)
    if let missing = record.features.firstMissing {
      return .failed("this CPU has no \(missing.need ?? "") (\(missing.name ?? "")), which Apus needs")
    }
    do throws(Errno) { try KernelProcessors.start(record) } catch { return .failed("no memory to describe the CPU") }
    logDetails(record)
    var name = Message()
    if record.identity.name.count > 0 {
      record.identity.name.write(to: &name)
    } else {
      record.identity.vendorText.write(to: &name)
    }
    return .done(name)
  }

  private static func logDetails(_ record: ProcessorRecord) {
    let identity = record.identity
    KernelLog.add(
      .debug, .cpu,
      """
      family \(identity.family) model \(identity.model) stepping \(identity.stepping), microcode \(hex: record.microcode), \
      \(record.features.count) features, \(record.extendedState.bufferByteCount) bytes of state
      """)
    let hypervisor = ProcessorIdentity.hypervisor(CPUIDRegisters(ProcessorIdentification()))
    if hypervisor.count > 0 {
      var text: Message = "under the hypervisor "
      hypervisor.write(to: &text)
      KernelLog.add(.debug, .cpu, text)
    }
    var text: Message = "does without:"
    record.features.unavailable.writeNames(to: &text)
    KernelLog.add(.debug, .cpu, text)
    if let fault = record.extendedState.inconsistency(CPUIDRegisters(ProcessorIdentification())) {
      KernelLog.add(.warning, .cpu, "CPUID contradicts itself: \(fault)")
    }
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
