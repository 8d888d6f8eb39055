import Foundations
import Machine
import Registers

/// What the boot CPU is and can do, by CPUID.
struct ProcessorDescription: ~Copyable {
  private let registers = CPUIDRegisters(ProcessorIdentification())

  /// The first feature that the kernel cannot do without and this CPU lacks, or nil.
  var missingFeature: String? {
    let basic = registers.featuresEDX
    let extended = registers.extendedEDX
    if !basic.fpu { return "FPU" }
    if !basic.tsc { return "TSC" }
    if !basic.msr { return "MSR" }
    if !basic.pae { return "PAE" }
    if !basic.cx8 { return "CX8" }
    if !basic.apic { return "APIC" }
    if !basic.cmov { return "CMOV" }
    if !basic.fxsr { return "FXSR" }
    if !basic.sse2 { return "SSE2" }
    if !extended.syscall { return "SYSCALL" }
    if !extended.nx { return "NX" }
    if !extended.lm { return "LM" }
    return nil
  }

  /// The brand string, such as `QEMU TCG CPU version 2.5+`, or the vendor's where there is none.
  var name: Message {
    var text = Message()
    if registers.hasLeaf(0x8000_0004) {
      let parts: InlineArray<12, UInt32> = [
        registers.brandPart0, registers.brandPart1, registers.brandPart2, registers.brandPart3, registers.brandPart4,
        registers.brandPart5, registers.brandPart6, registers.brandPart7, registers.brandPart8, registers.brandPart9,
        registers.brandPart10, registers.brandPart11,
      ]
      for index in parts.indices { Self.append(parts[index], to: &text) }
    } else {
      // The manual's order: EBX, EDX, ECX.
      Self.append(registers.vendorPart0, to: &text)
      Self.append(registers.vendorPart1, to: &text)
      Self.append(registers.vendorPart2, to: &text)
    }
    return text
  }

  /// What hypervisor the CPU runs under, by its signature; empty on bare metal.
  var hypervisor: Message {
    var text = Message()
    guard registers.featuresECX.hypervisor else { return text }
    Self.append(registers.hypervisorPart0, to: &text)
    Self.append(registers.hypervisorPart1, to: &text)
    Self.append(registers.hypervisorPart2, to: &text)
    return text
  }

  /// Family, model and stepping in the manual's notation.
  var signature: Message {
    let signature = registers.signature
    let family = Int(signature.family) + (signature.family == 15 ? Int(signature.extendedFamily) : 0)
    let hasExtendedModel = signature.family == 6 || signature.family == 15
    let model = Int(signature.model) + (hasExtendedModel ? Int(signature.extendedModel) << 4 : 0)
    return "family \(family) model \(model) stepping \(signature.stepping)"
  }

  /// Appends the printable characters of four packed ASCII characters.
  private static func append(_ word: UInt32, to text: inout Message) {
    for shift in stride(from: 0, to: 32, by: 8) {
      let byte = UInt8(truncatingIfNeeded: word >> UInt32(shift))
      if byte >= 0x20 && byte < 0x7f && !(byte == 0x20 && text.count == 0) { text.write(byte: byte) }
    }
  }
}
