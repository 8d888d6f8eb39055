import Foundations
import Machine

/// One table of an IOMMU's page tables: its 4 KiB, and what is known of them besides.
final class IOTable {
  static var entryCount: Int { 512 }

  /// 1 for a table of pages.
  let level: Int
  /// How many entries map something.
  private(set) var used = 0
  /// In a list of tables that are let go.
  var next: IOTable?
  private let memory: DMABuffer
  /// The tables that the entries name; empty at level 1.
  private var children = GrowableArray<IOTable?>()
  /// How many mappings the page of each entry has; empty above level 1.
  private var mappings = GrowableArray<UInt16>()
  private let isCoherent: Bool

  /// Makes an empty table.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: any without locks, not in contained work.
  init(level: Int, isCoherent: Bool) throws(Errno) {
    var children = GrowableArray<IOTable?>()
    var mappings = GrowableArray<UInt16>()
    if level > 1 {
      try children.resize(to: Self.entryCount, filledWith: nil)
    } else {
      try mappings.resize(to: Self.entryCount, filledWith: 0)
    }
    let memory = try DMABuffer(byteCount: Self.entryCount * 8)
    if !isCoherent { memory.writeBack(at: 0, count: memory.byteCount) }
    self.level = level
    self.isCoherent = isCoherent
    self.memory = memory
    self.children = children
    self.mappings = mappings
  }

  /// Where the unit finds it.
  var address: UInt64 { memory.deviceAddress }

  /// The number of its entry for `page`.
  func index(of page: UInt64) -> Int {
    Int(truncatingIfNeeded: page >> UInt64(9 * (level - 1))) & (Self.entryCount - 1)
  }

  /// The table that entry `index` names.
  func child(_ index: Int) -> IOTable? { index < children.count ? children[index] : nil }

  /// Sets what entry `index` says, and the table that it names.
  func set(_ entry: UInt64, at index: Int, child: IOTable? = nil) {
    let old = memory.read64(at: index * 8)
    if old == 0, entry != 0 { used += 1 }
    if old != 0, entry == 0 { used -= 1 }
    if index < children.count { children[index] = child }
    memory.write64(entry, at: index * 8)
  }

  /// Counts one more mapping of the page that `entry` names. A page with 65,535 of them stays mapped as long as the table.
  func addMapping(_ entry: UInt64, at index: Int) {
    guard index < mappings.count, mappings[index] < .max else { return }
    mappings[index] += 1
    if mappings[index] == 1 { set(entry, at: index) }
  }

  /// Counts one mapping less of the page of entry `index`.
  ///
  /// - Returns: whether it was the last, and the entry is cleared.
  func removeMapping(at index: Int) -> Bool {
    guard index < mappings.count, mappings[index] > 0, mappings[index] < .max else { return false }
    mappings[index] -= 1
    guard mappings[index] == 0 else { return false }
    set(0, at: index)
    return true
  }

  /// Makes what was set in `count` entries from `index` on visible to the unit.
  func publish(at index: Int, count: Int) {
    if !isCoherent { memory.writeBack(at: index * 8, count: count * 8) }
  }
}
