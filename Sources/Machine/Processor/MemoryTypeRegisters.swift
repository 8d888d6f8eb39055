import Foundations

/// How memory is cached by its physical address, as the firmware set it: a copy of the memory type range registers and PAT.
///
/// Source: Intel SDM vol. 3A, 12.11 and 12.12; AMD APM vol. 2, 7.7 and 7.8.
public struct MemoryTypeRegisters: Equatable, Sendable {
  /// How many variable ranges can be described here; processors have ten at most.
  public static let rangeLimit = 10

  /// MTRRCAP: how many variable ranges there are, whether there are fixed ones and write-combining.
  public var capabilities: UInt64
  /// MTRRdefType: the type outside of all ranges, and what is on.
  public var defaultType: UInt64
  /// The types of the first MiB, a byte each: eight times 64 KiB, sixteen times 16 KiB, 64 times 4 KiB.
  public var fixed = InlineArray<11, UInt64>(repeating: 0)
  /// How many variable ranges are filled in below.
  public var rangeCount: Int
  /// The base and type of each variable range.
  public var bases = InlineArray<10, UInt64>(repeating: 0)
  /// The mask and valid bit of each variable range.
  public var masks = InlineArray<10, UInt64>(repeating: 0)
  /// PAT: the types of pages by their bits.
  public var pageAttributes: UInt64

  /// Registers to fill in; nothing is on.
  public init() {
    capabilities = 0
    defaultType = 0
    rangeCount = 0
    pageAttributes = 0x0007_0406_0007_0406
  }

  /// What this CPU's registers hold. Registers that CPUID says are not there stay as `init()` has them.
  public static func current(hasRanges: Bool, hasPageAttributes: Bool) -> MemoryTypeRegisters {
    MemoryTypeRegisters(
      ModelSpecificRegisters(ProcessorRegisters()), hasRanges: hasRanges, hasPageAttributes: hasPageAttributes)
  }

  init(
    _ registers: borrowing ModelSpecificRegisters<some ModelSpecificRegisterSpace>, hasRanges: Bool,
    hasPageAttributes: Bool
  ) {
    self.init()
    if hasPageAttributes { pageAttributes = registers.pageAttributes.rawValue }
    guard hasRanges else { return }
    let stated = registers.rangeCapabilities
    capabilities = stated.rawValue
    defaultType = registers.rangeDefault.rawValue
    if stated.hasFixed {
      fixed[0] = registers.fixedRanges64K.rawValue
      for index in 0..<2 { fixed[1 + index] = registers.fixedRanges16K(at: index).rawValue }
      for index in 0..<8 { fixed[3 + index] = registers.fixedRanges4K(at: index).rawValue }
    }
    rangeCount = min(Int(stated.variableCount), Self.rangeLimit)
    for index in 0..<rangeCount {
      bases[index] = registers.rangeBase(at: index).rawValue
      masks[index] = registers.rangeMask(at: index).rawValue
    }
  }

  /// Whether all registers are the same, as they must be on all CPUs. Source: Intel SDM vol. 3A, 12.11.8.
  public static func == (left: MemoryTypeRegisters, right: MemoryTypeRegisters) -> Bool {
    guard
      left.capabilities == right.capabilities && left.defaultType == right.defaultType
        && left.rangeCount == right.rangeCount && left.pageAttributes == right.pageAttributes
    else { return false }
    for index in left.fixed.indices where left.fixed[index] != right.fixed[index] { return false }
    for index in 0..<left.rangeCount {
      if left.bases[index] != right.bases[index] || left.masks[index] != right.masks[index] { return false }
    }
    return true
  }
}
