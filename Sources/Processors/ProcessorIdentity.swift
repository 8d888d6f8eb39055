public import Foundations
public import Registers

/// Who makes a processor.
public enum ProcessorVendor: UInt8, Sendable {
  case intel, amd, hygon, centaur, zhaoxin, transmeta, other
}

/// Who made a processor and which one it is.
///
/// Source: Intel SDM vol. 2A, CPUID, leaves 0 and 1; AMD APM vol. 3, E.3.1 and E.3.2.
public struct ProcessorIdentity: Equatable, Sendable {
  /// The vendor.
  public var vendor: ProcessorVendor
  /// The family, with the extended family in it.
  public var family: UInt32
  /// The model, with the extended model in it.
  public var model: UInt32
  /// The stepping.
  public var stepping: UInt32
  /// The twelve letters of the vendor's name, such as `GenuineIntel`.
  public var vendorText: InlineText<12>
  /// The brand, such as `QEMU TCG CPU version 2.5+`, without spaces at its ends; empty where there is none.
  public var name: InlineText<48>

  /// An identity; texts can be filled in later.
  public init(vendor: ProcessorVendor, family: UInt32, model: UInt32, stepping: UInt32) {
    self.vendor = vendor
    self.family = family
    self.model = model
    self.stepping = stepping
    vendorText = InlineText()
    name = InlineText()
  }

  /// What CPUID says.
  public init(_ registers: borrowing CPUIDRegisters<some CPUIDSpace & ~Copyable>) {
    var vendorText = InlineText<12>()
    vendorText.append(registers.vendorPart0)
    vendorText.append(registers.vendorPart1)
    vendorText.append(registers.vendorPart2)
    let signature = registers.signature
    let family = UInt32(signature.family) + (signature.family == 15 ? UInt32(signature.extendedFamily) : 0)
    let hasExtendedModel = family >= 6
    let model = UInt32(signature.model) + (hasExtendedModel ? UInt32(signature.extendedModel) << 4 : 0)
    self.init(
      vendor: Self.vendor(vendorText), family: family, model: model, stepping: UInt32(signature.stepping))
    self.vendorText = vendorText
    if registers.hasLeaf(0x8000_0004) {
      let parts: InlineArray<12, UInt32> = [
        registers.brandPart0, registers.brandPart1, registers.brandPart2, registers.brandPart3, registers.brandPart4,
        registers.brandPart5, registers.brandPart6, registers.brandPart7, registers.brandPart8, registers.brandPart9,
        registers.brandPart10, registers.brandPart11,
      ]
      for index in parts.indices { name.append(parts[index]) }
      name.trim()
    }
  }

  private static func vendor(_ text: InlineText<12>) -> ProcessorVendor {
    if text.isEqual(to: "GenuineIntel") { return .intel }
    if text.isEqual(to: "AuthenticAMD") { return .amd }
    if text.isEqual(to: "HygonGenuine") { return .hygon }
    if text.isEqual(to: "CentaurHauls") { return .centaur }
    if text.isEqual(to: "  Shanghai  ") { return .zhaoxin }
    if text.isEqual(to: "GenuineTMx86") || text.isEqual(to: "TransmetaCPU") { return .transmeta }
    return .other
  }

  /// Whether the two are the same kind of processor, whatever their names.
  public static func == (left: ProcessorIdentity, right: ProcessorIdentity) -> Bool {
    left.vendor == right.vendor && left.family == right.family && left.model == right.model
      && left.stepping == right.stepping
  }
}

extension ProcessorIdentity {
  /// What hypervisor the processor runs under, by its signature; empty on bare metal.
  ///
  /// Source: Hypervisor CPUID Interface proposal, VMware, 2008.
  public static func hypervisor(_ registers: borrowing CPUIDRegisters<some CPUIDSpace & ~Copyable>) -> InlineText<12> {
    var text = InlineText<12>()
    guard registers.featuresECX.hypervisor else { return text }
    text.append(registers.hypervisorPart0)
    text.append(registers.hypervisorPart1)
    text.append(registers.hypervisorPart2)
    return text
  }
}
