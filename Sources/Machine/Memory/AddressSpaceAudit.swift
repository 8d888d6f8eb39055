import Boot

/// What a walk of every page-table entry in force found: the proof behind the memory step's postcondition.
public struct AddressSpaceAudit: Sendable {
  /// Leaf entries, of any page size.
  public private(set) var pages = 0
  /// Bytes that they map.
  public private(set) var mappedByteCount: UInt64 = 0
  /// Leaf entries that allow both writing and execution. Must be 0.
  public private(set) var writableAndExecutable = 0
  /// Leaf entries outside the kernel's own ranges. Must be 0 while there is no process.
  public private(set) var userPages = 0

  /// Walks the tables that this CPU uses.
  ///
  /// - Context: nobody changes the tables meanwhile.
  public static func run() -> AddressSpaceAudit {
    var audit = AddressSpaceAudit()
    audit.walk(
      table: apus_read_cr3() & PageTable.entryAddressMask, level: 3, isUserSpace: true, isWritable: true,
      isExecutable: true)
    return audit
  }

  private mutating func walk(table: UInt64, level: Int, isUserSpace: Bool, isWritable: Bool, isExecutable: Bool) {
    for index in 0..<512 {
      // SAFETY: a frame of the tables in force, which the physical map reaches.
      let slot = unsafe UnsafePointer<UInt64>(bitPattern: UInt(PhysicalMap.address(of: table)) + UInt(index) * 8)
      guard let slot = unsafe slot else { continue }
      let entry = unsafe PageAttributes(rawValue: slot.pointee)
      guard entry.contains(.present) else { continue }
      // A permission holds only where every level grants it. Intel SDM vol. 3A, 4.6.1.
      let writable = isWritable && entry.contains(.writable)
      let executable = isExecutable && !entry.contains(.noExecute)
      let isUser = level == 3 ? Self.isUserSlot(index) : isUserSpace
      if level > 0 && !(level < 3 && entry.contains(.large)) {
        walk(
          table: entry.rawValue & PageTable.entryAddressMask, level: level - 1, isUserSpace: isUser,
          isWritable: writable,
          isExecutable: executable)
      } else {
        pages += 1
        mappedByteCount += 1 << (12 + 9 * UInt64(level))
        if writable && executable { writableAndExecutable += 1 }
        if isUser { userPages += 1 }
      }
    }
  }

  /// Whether a slot of the top-level table belongs to programs: the lower half without the kernel's window.
  private static func isUserSlot(_ index: Int) -> Bool {
    let address = UInt64(index) << 39
    return index < 256 && !(UInt64(APUS_WINDOW_START)..<UInt64(APUS_WINDOW_END)).contains(address)
  }

  /// How `address` may be used now, or nil when nothing is mapped there.
  public static func access(at address: UInt64) -> (isWritable: Bool, isExecutable: Bool)? {
    guard let (entry, _) = PageTable.translate(address, root: apus_read_cr3()) else { return nil }
    let attributes = PageAttributes(rawValue: entry)
    return (attributes.contains(.writable), !attributes.contains(.noExecute))
  }
}
