import Boot

/// What a walk of every page-table entry in force found: the proof behind the memory step's postcondition.
public struct AddressSpaceAudit: Sendable {
  /// Leaf entries, of any page size.
  public private(set) var pages = 0
  /// Bytes that they map.
  public private(set) var mappedByteCount: UInt64 = 0
  /// Leaf entries of the kernel that allow both writing and execution. Must be 0.
  public private(set) var writableAndExecutable = 0
  /// Leaf entries of the kernel that programs could use. Must be 0.
  public private(set) var openToPrograms = 0
  /// Leaf entries where programs live. Must be 0 while there is no process.
  public private(set) var userPages = 0

  /// Walks the tables that this CPU uses.
  ///
  /// - Context: nobody changes the tables meanwhile.
  public static func run() -> AddressSpaceAudit {
    var audit = AddressSpaceAudit()
    audit.walk(
      table: apus_read_cr3() & PageTable.entryAddressMask, level: PagingMode.current.rootLevel, base: 0,
      granted: [.writable, .user])
    return audit
  }

  /// - Parameter granted: what every level above grants. A permission holds only where all levels grant it, and execution only
  ///   where none forbids it. Intel SDM vol. 3A, 4.6.1.
  private mutating func walk(table: UInt64, level: Int, base: UInt64, granted: PageAttributes) {
    for index in 0..<512 {
      // SAFETY: a frame of the tables in force, which the physical map reaches.
      let slot = unsafe UnsafePointer<UInt64>(bitPattern: UInt(PhysicalMap.address(of: table)) + UInt(index) * 8)
      guard let slot = unsafe slot else { continue }
      let entry = unsafe PageAttributes(rawValue: slot.pointee)
      guard entry.contains(.present) else { continue }
      let address = base | UInt64(index) << (12 + 9 * UInt64(level))
      let rights = granted.intersection(entry).union(granted.union(entry).intersection(.noExecute))
      if level > 0 && !(level < 3 && entry.contains(.large)) {
        walk(table: entry.rawValue & PageTable.entryAddressMask, level: level - 1, base: address, granted: rights)
      } else {
        count(address, level: level, rights)
      }
    }
  }

  private mutating func count(_ address: UInt64, level: Int, _ rights: PageAttributes) {
    pages += 1
    mappedByteCount += 1 << (12 + 9 * UInt64(level))
    if isUserAddress(address) {
      userPages += 1
    } else {
      if rights.contains(.writable) && !rights.contains(.noExecute) { writableAndExecutable += 1 }
      if rights.contains(.user) { openToPrograms += 1 }
    }
  }

  /// Whether an address belongs to programs: the lower half of the root table's reach without the kernel's window.
  private func isUserAddress(_ address: UInt64) -> Bool {
    let halfWidth = UInt64(11 + 9 * PagingMode.current.levelCount)
    return address >> halfWidth == 0 && !UserSpace.kernelWindow.contains(address)
  }

  /// How `address` may be used now, or nil when nothing is mapped there.
  public static func access(at address: UInt64) -> (isWritable: Bool, isExecutable: Bool)? {
    guard let (entry, _) = PageTable.translate(address, root: apus_read_cr3()) else { return nil }
    let attributes = PageAttributes(rawValue: entry)
    return (attributes.contains(.writable), !attributes.contains(.noExecute))
  }
}
