import Foundations
import Machine
import PCI
import Synchronization

@testable import DMARemapping

/// A unit in software: knows attachments, and remembers translations until it is told to forget them.
final class FakeUnit: RemappingUnit {
  var format: IOPageTableFormat
  var coverage: (DMAPath) -> Coverage = { _ in .others }
  var aliases: [UInt16: PCIAddress] = [:]
  var attached: [UInt16: UInt64] = [:]
  var attachError: Errno?
  var enableError: Errno?
  var forgetAnswers = true
  var pendingFaults: [RemappingFault] = []
  /// Whether it is to say that it has lost some.
  var hasLost = false
  var interrupts = FaultInterrupts.on
  /// Pages that a device has used and that the unit may remember.
  var remembered: Set<UInt64> = []
  var forgotten: [(pages: Range<UInt64>, tables: Bool)] = []
  var identifiers: Set<UInt16> = []
  var nextIdentifier: UInt16 = 1

  init(_ format: IOPageTableFormat = .fake) {
    self.format = format
    super.init("fake")
  }

  override func coverage(of path: DMAPath) -> Coverage { coverage(path) }
  override func alias(of source: PCIAddress) -> PCIAddress { aliases[source.routing] ?? source }
  override func enable() throws(Errno) { if let enableError { throw enableError } }
  override func setFaultInterrupts(_ state: FaultInterrupts) { interrupts = state }

  override func makeDomain() throws(Errno) -> RemappingDomain {
    identifiers.insert(nextIdentifier)
    nextIdentifier += 1
    return try RemappingDomain(self, identifier: nextIdentifier - 1, format)
  }

  override func release(_ identifier: UInt16) { identifiers.remove(identifier) }

  override func attach(_ source: PCIAddress, to domain: RemappingDomain) throws(Errno) {
    if let attachError { throw attachError }
    attached[source.routing] = domain.tableAddress
  }

  override func detach(_ source: PCIAddress, from domain: RemappingDomain) -> Bool {
    attached[source.routing] = nil
    return true
  }

  override func forget(_ pages: Range<UInt64>, in identifier: UInt16, tablesToo: Bool) -> Bool {
    guard forgetAnswers else { return false }
    forgotten.append((pages, tablesToo))
    remembered = remembered.filter { !pages.contains($0) }
    return true
  }

  override func takeFaults(into sink: RemappingFaultSink) -> Int {
    let faults = pendingFaults
    pendingFaults = []
    for fault in faults { sink.note(fault) }
    if hasLost { sink.noteLost() }
    hasLost = false
    return faults.count
  }

  /// Whether a device with the tables at `root` reaches `page`, as the tables say.
  func walk(_ root: UInt64, _ page: UInt64) -> Bool {
    TableWalk(format).target(of: page, from: root) == page
  }
}

extension IOPageTableFormat {
  /// Four levels; an entry says readable and writable, and of which level the table is.
  static var fake: IOPageTableFormat {
    IOPageTableFormat(levelCount: 4, addressBits: 48, pageBits: 3, tableBits: 3, levelShift: 9, isCoherent: true)
  }
}

/// Follows page tables in simulated memory as hardware does, without knowing who made them.
struct TableWalk {
  let format: IOPageTableFormat

  init(_ format: IOPageTableFormat) { self.format = format }

  func entry(_ table: UInt64, _ index: UInt64) -> UInt64? {
    SimulatedBus.read(table + index * 8, count: 8).map { bytes in
      bytes.enumerated().reduce(0) { $0 | UInt64($1.element) << UInt64($1.offset * 8) }
    }
  }

  /// The page that `page` means; nil when it is not mapped.
  func target(of page: UInt64, from root: UInt64) -> UInt64? {
    var table = root
    for level in stride(from: format.levelCount, through: 1, by: -1) {
      guard let entry = entry(table, page >> UInt64(9 * (level - 1)) & 511), entry & 3 == 3 else { return nil }
      if let shift = format.levelShift {
        guard entry >> UInt64(shift) & 7 == UInt64(level - 1) else { return nil }
      }
      table = entry & 0xf_ffff_ffff_f000
    }
    return table >> 12
  }

  /// How many pages are mapped.
  func count(from table: UInt64, level: Int? = nil) -> Int {
    let level = level ?? format.levelCount
    var count = 0
    for index in 0..<UInt64(512) {
      guard let entry = entry(table, index), entry != 0 else { continue }
      count += level == 1 ? 1 : self.count(from: entry & 0xf_ffff_ffff_f000, level: level - 1)
    }
    return count
  }
}
