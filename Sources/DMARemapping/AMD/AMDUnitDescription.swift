import ACPI
import PCI

/// What is known of one of AMD's IOMMUs before its registers are read: from firmware, and from its PCI function.
struct AMDUnitDescription {
  /// Its PCI function, which sends its interrupts; nil when there is none to be found.
  var function: PCIFunction?
  /// Under which address it is listed, whether or not there is such a function.
  var address: PCIAddress
  /// The last source identifier that devices may have.
  var lastSourceID: UInt16
  /// How many bits physical addresses have that devices are to reach.
  var addressBits: Int
  /// What its control register is to be given.
  var control: IVRS.ControlFlags
  /// Whether it may remember that a page was not mapped, so that it must be told of pages that are.
  var cachesMissingEntries: Bool
  /// Whether it has the register of extended features.
  var hasExtendedFeatures: Bool
}

extension AMDUnitDescription {
  /// Describes a unit from firmware's table and, where its function is in `hierarchy`, from its capability.
  ///
  /// - Parameters:
  ///   - lastBus: the last bus that devices of its segment may be on.
  ///   - addressBits: how many bits the machine's physical addresses have.
  init(
    _ unit: IVRS.Unit, lastBus: UInt8, addressBits: Int, in hierarchy: borrowing PCIHierarchy
  ) {
    address = PCIAddress(
      segment: unit.segment, bus: UInt8(truncatingIfNeeded: unit.sourceID >> 8),
      place: UInt8(truncatingIfNeeded: unit.sourceID))
    lastSourceID = UInt16(lastBus) << 8 | 0xff
    self.addressBits = addressBits
    control = unit.control
    // Without the capability the careful answers are right: units take invalidations that they need not have.
    cachesMissingEntries = true
    hasExtendedFeatures = unit.form != .original && unit.extendedFeatures != 0
    function = hierarchy.index(of: address).map { hierarchy[$0] }
    guard let function, let place = Self.capability(of: function) else { return }
    let capability = AMDIOMMUCapabilityRegisters(function.space.from(place))
    let header = capability.header
    cachesMissingEntries = header.cachesMissingEntries
    hasExtendedFeatures = header.hasExtendedFeatures
    let information = capability.information
    let possible = Int(information.virtualAddressBits)
    if possible >= 32 { self.addressBits = min(addressBits, possible) }
  }

  /// Where the function has the capability of an IOMMU. Source: AMD 48882, section 3.2.1.
  private static func capability(of function: PCIFunction) -> Int? {
    var found: Int?
    function.space.forEachCapability { kind, place in
      guard kind == .secureDevice, found == nil else { return }
      let capability = AMDIOMMUCapabilityRegisters(function.space.from(place))
      let header = capability.header
      if header.kind == 3 { found = place }
    }
    return found
  }
}
