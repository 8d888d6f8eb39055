import Boot

/// How a page may be used and cached.
struct PageAttributes: OptionSet {
  let rawValue: UInt64
  static let present = PageAttributes(rawValue: 1 << 0)
  static let writable = PageAttributes(rawValue: 1 << 1)
  static let user = PageAttributes(rawValue: 1 << 2)
  static let writeThrough = PageAttributes(rawValue: 1 << 3)
  static let cacheDisable = PageAttributes(rawValue: 1 << 4)
  static let accessed = PageAttributes(rawValue: 1 << 5)
  static let dirty = PageAttributes(rawValue: 1 << 6)
  static let large = PageAttributes(rawValue: 1 << 7)
  static let global = PageAttributes(rawValue: 1 << 8)
  static let noExecute = PageAttributes(rawValue: 1 << 63)

  private static let kernel: PageAttributes = [.present, .global, .accessed, .dirty]
  static let code: PageAttributes = kernel
  static let constants: PageAttributes = [kernel, .noExecute]
  static let data: PageAttributes = [kernel, .writable, .noExecute]
  /// PAT entry 3, uncached.
  static let device: PageAttributes = [data, .cacheDisable, .writeThrough]
  /// PAT entry 1, which `PageAttributeTable.install` makes write-combining.
  static let frameBuffer: PageAttributes = [data, .writeThrough]
}

/// The kernel's page table under construction or in use, of as many levels as the CPU runs with, changed by one CPU.
///
/// Source: Intel SDM vol. 3A, 4.5.
struct PageTable: ~Copyable {
  static let entryAddressMask: UInt64 = 0x000f_ffff_ffff_f000
  static let pageSize: UInt64 = 4096

  let root: UInt64
  private let hasGiantPages: Bool

  /// Creates an empty table.
  init(frames: inout BootFrames, hasGiantPages: Bool) throws(MachineError) {
    root = try frames.takeZeroed()
    self.hasGiantPages = hasGiantPages
  }

  /// Maps `physical` to `virtual`, in the largest pages that fit.
  ///
  /// - Parameter byteCount: a multiple of the page size, as are both addresses.
  /// - Throws: `.outOfMemory` when no frame is left for a table, `.alreadyMapped` when part of the range is mapped.
  mutating func map(
    virtual: UInt64, physical: UInt64, byteCount: UInt64, _ attributes: PageAttributes, frames: inout BootFrames
  ) throws(MachineError) {
    var offset: UInt64 = 0
    while offset < byteCount {
      let left = byteCount - offset
      let alignment = (virtual + offset) | (physical + offset)
      let level: Int
      if hasGiantPages && left >= 1 << 30 && alignment & (1 << 30 - 1) == 0 {
        level = 2
      } else if left >= 1 << 21 && alignment & (1 << 21 - 1) == 0 {
        level = 1
      } else {
        level = 0
      }
      var entry = physical + offset | attributes.rawValue
      if level > 0 { entry |= PageAttributes.large.rawValue }
      try set(entry, at: virtual + offset, level: level, frames: &frames)
      offset += 1 << (12 + 9 * UInt64(level))
    }
  }

  private func set(
    _ entry: UInt64, at virtual: UInt64, level: Int, frames: inout BootFrames
  ) throws(MachineError) {
    var table = root
    for upper in stride(from: PagingMode.current.rootLevel, to: level, by: -1) {
      // SAFETY: `table` is a frame of this page table, which the physical map reaches.
      let slot = unsafe Self.slot(of: virtual, level: upper, in: table)
      var next = unsafe slot.pointee
      if next & PageAttributes.present.rawValue == 0 {
        next = try frames.takeZeroed() | PageAttributes([.present, .writable]).rawValue
        unsafe slot.pointee = next
      } else if next & PageAttributes.large.rawValue != 0 {
        throw .alreadyMapped(virtual)
      }
      table = next & Self.entryAddressMask
    }
    let slot = unsafe Self.slot(of: virtual, level: level, in: table)
    guard unsafe slot.pointee == 0 else { throw .alreadyMapped(virtual) }
    unsafe slot.pointee = entry
  }

  /// The leaf entry that translates `virtual` in the tables at `root`, with the size of its page, or nil.
  static func translate(_ virtual: UInt64, root: UInt64) -> (entry: UInt64, pageSize: UInt64)? {
    var table = root & entryAddressMask
    for level in stride(from: PagingMode.current.rootLevel, through: 0, by: -1) {
      // SAFETY: reads a frame of the tables in force, which the physical map reaches.
      let entry = unsafe slot(of: virtual, level: level, in: table).pointee
      guard entry & PageAttributes.present.rawValue != 0 else { return nil }
      if level == 0 || (level < 3 && entry & PageAttributes.large.rawValue != 0) {
        return (entry, 1 << (12 + 9 * UInt64(level)))
      }
      table = entry & entryAddressMask
    }
    return nil
  }

  private static func slot(of virtual: UInt64, level: Int, in table: UInt64) -> UnsafeMutablePointer<UInt64> {
    let index = virtual >> (12 + 9 * UInt64(level)) & 511
    // SAFETY: a nonzero address inside the physical map.
    return unsafe UnsafeMutablePointer(bitPattern: UInt(PhysicalMap.address(of: table) + index * 8)).unsafelyUnwrapped
  }
}
