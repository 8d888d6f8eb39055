public import Machine

/// What the memory type range registers say of physical memory.
///
/// Source: Intel SDM vol. 3A, 12.11.2 to 12.11.4.
public struct MemoryTypeRanges: Sendable {
  private let registers: MemoryTypeRegisters
  private let addressMask: UInt64

  /// What `registers` say on a processor with `physicalBits` bits of physical address.
  public init(_ registers: MemoryTypeRegisters, physicalBits: UInt32) {
    self.registers = registers
    addressMask = physicalBits >= 64 ? .max : (1 << UInt64(physicalBits)) - 1
  }

  /// Whether the registers count at all.
  public var isEnabled: Bool { registers.defaultType &>> 11 & 1 != 0 }
  /// The type of what no range covers; uncacheable while the registers are off.
  public var defaultType: MemoryType {
    isEnabled ? Self.type(registers.defaultType) : .uncacheable
  }
  /// How many variable ranges count.
  public var activeRangeCount: Int {
    var count = 0
    for index in 0..<registers.rangeCount where isActive(index) { count += 1 }
    return count
  }

  private static func type(_ value: UInt64) -> MemoryType {
    // A reserved type is taken as the safest.
    guard let type = MemoryType(rawValue: UInt8(truncatingIfNeeded: value)), type != .uncached else {
      return .uncacheable
    }
    return type
  }

  private func isActive(_ index: Int) -> Bool { registers.masks[index] &>> 11 & 1 != 0 }
  private func mask(_ index: Int) -> UInt64 { registers.masks[index] & addressMask & ~0xfff }
  private func base(_ index: Int) -> UInt64 { registers.bases[index] & addressMask & ~0xfff }

  /// Whether the fixed ranges of the first MiB count.
  private var hasFixed: Bool {
    isEnabled && registers.defaultType &>> 10 & 1 != 0 && registers.capabilities &>> 8 & 1 != 0
  }

  /// The type of the memory at physical `address`.
  public func type(at address: UInt64) -> MemoryType {
    guard isEnabled else { return .uncacheable }
    if address < 0x10_0000, hasFixed { return fixedType(address) }
    var found: MemoryType?
    for index in 0..<registers.rangeCount where isActive(index) {
      guard address & mask(index) == base(index) & mask(index) else { continue }
      let type = Self.type(registers.bases[index])
      found = found.map { Self.overlap($0, type) } ?? type
    }
    return found ?? defaultType
  }

  /// What two ranges make of memory that both cover: uncacheable wins, write-through wins over write-back, and the manual
  /// leaves anything else open, which is read as uncacheable.
  static func overlap(_ left: MemoryType, _ right: MemoryType) -> MemoryType {
    if left == right { return left }
    let isWriteThrough = left == .writeThrough || right == .writeThrough
    let isWriteBack = left == .writeBack || right == .writeBack
    return isWriteThrough && isWriteBack ? .writeThrough : .uncacheable
  }

  private func fixedType(_ address: UInt64) -> MemoryType {
    let field: UInt64
    if address < 0x8_0000 {
      field = address >> 16
    } else if address < 0xc_0000 {
      field = 8 + (address - 0x8_0000) >> 14
    } else {
      field = 24 + (address - 0xc_0000) >> 12
    }
    return Self.type(registers.fixed[Int(field >> 3)] >> ((field & 7) * 8))
  }

  /// The type of all memory in `range` of physical addresses, or nil when it is not the same everywhere.
  ///
  /// Also nil when masks with holes cut the range into more than a million pieces: no firmware writes such masks.
  /// - Complexity: in the number of registers where masks have no holes, not of pages.
  public func type(of range: Range<UInt64>) -> MemoryType? {
    guard !range.isEmpty else { return nil }
    let type = type(at: range.lowerBound)
    var address = range.lowerBound
    for _ in 0..<1 << 20 {
      address = nextChange(after: address)
      if address >= range.upperBound { return type }
      if self.type(at: address) != type { return nil }
    }
    return nil
  }

  /// The lowest address above `address` where the type may change; `UInt64.max` when there is none.
  private func nextChange(after address: UInt64) -> UInt64 {
    if address < 0x10_0000, hasFixed {
      let size: UInt64 = address < 0x8_0000 ? 0x1_0000 : address < 0xc_0000 ? 0x4000 : 0x1000
      return (address & ~(size - 1)) + size
    }
    var next = UInt64.max
    for index in 0..<registers.rangeCount where isActive(index) {
      let mask = mask(index)
      // The range is made of pieces as large as the lowest bit of the mask.
      let size = mask & (~mask &+ 1)
      guard size != 0 else { continue }
      if mask == addressMask & ~(size - 1) {
        let begin = base(index) & mask
        let (end, overflow) = begin.addingReportingOverflow(size)
        if begin > address { next = min(next, begin) } else if !overflow, end > address { next = min(next, end) }
      } else {
        let (end, overflow) = (address & ~(size - 1)).addingReportingOverflow(size)
        if !overflow { next = min(next, end) }
      }
    }
    return next
  }
}
