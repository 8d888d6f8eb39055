import Foundations
import Machine
import PCI

/// One of AMD's IOMMUs. Source: AMD I/O Virtualization Technology (IOMMU) Specification 48882.
///
/// Every source identifier has an entry in the device table from before translation is on: closed, or with a domain's page table. An
/// entry is closed, and forgotten by the unit, before its domain's tables may go; as long as that is not confirmed the unit
/// keeps the domain. Interrupt messages are not remapped.
///
/// Lock order: the command ring, with a domain's table lock outside of it; the event ring is on its own, and so is the list of
/// attached devices.
final class AMDRemappingUnit<Space: RegisterSpace & ~Copyable>: RemappingUnit {
  struct Attachment {
    var source: UInt16
    var domain: RemappingDomain
  }

  let registers: AMDIOMMURegisters<Space>
  let description: AMDUnitDescription
  let rules: AMDDeviceRules
  /// Waits for so many microseconds.
  let delay: (Int) -> Void
  let commands: SpinLock<AMDCommandRing>
  let events: SpinLock<AMDEventRing>
  private let table: AMDDeviceTable
  private let identifiers: SpinLock<DomainIdentifiers>
  private let attachments = SpinLock(GrowableArray<Attachment>())
  let format: IOPageTableFormat
  let features: AMDIOMMU.ExtendedFeatures
  /// Whether it translates, so that it has something to forget. Set once, before the unit is used by more than one thread.
  var isOn = false

  /// How many domains it has at most; what a unit without the command to forget everything is told of one by one.
  static var domainLimit: Int { 4_096 }

  /// A unit that is off, with the registers in `space`, 16 KiB.
  ///
  /// - Parameter delay: waits for so many microseconds, in any context.
  /// - Throws: `EIO` when it does not answer, `ENOMEM`.
  /// - Context: a thread without locks, not in contained work.
  init(
    _ name: Message, _ description: AMDUnitDescription, rules: AMDDeviceRules,
    registers space: consuming Space,
    delay: @escaping (Int) -> Void
  ) throws(Errno) {
    let registers = AMDIOMMURegisters(space)
    guard registers.control.rawValue != .max else { throw .EIO }
    let features =
      description.hasExtendedFeatures ? registers.extendedFeatures : AMDIOMMU.ExtendedFeatures(rawValue: 0)
    let format = Self.format(description, features)
    table = try AMDDeviceTable(
      lastSourceID: max(description.lastSourceID, rules.lastSourceID), levelCount: format.levelCount)
    commands = SpinLock(try AMDCommandRing())
    events = SpinLock(try AMDEventRing())
    identifiers = SpinLock(try DomainIdentifiers(limit: Self.domainLimit))
    self.registers = registers
    self.description = description
    self.features = features
    self.format = format
    self.rules = rules
    self.delay = delay
    super.init(name)
    setDeviceSettings()
  }

  /// As many levels as the addresses need, as far as the unit can walk them.
  private static func format(
    _ description: AMDUnitDescription, _ features: AMDIOMMU.ExtendedFeatures
  ) -> IOPageTableFormat {
    let bits = min(max(description.addressBits, 32), 52)
    let possible =
      switch features.tableLevels {
      case .four, .reserved: 4
      case .five: 5
      case .six: 6
      }
    let levels = min(max(3, (bits - 12 + 8) / 9), possible)
    var table = AMDPageEntries.Entry()
    table.isPresent = true
    table.canRead = true
    table.canWrite = true
    var page = table
    page.isCoherent = true
    return IOPageTableFormat(
      levelCount: levels, addressBits: bits, pageBits: page.rawValue, tableBits: table.rawValue,
      levelShift: levelShift, isCoherent: true)
  }

  /// Where an entry of a page table says the level of the table that it leads to.
  private static var levelShift: Int {
    var entry = AMDPageEntries.Entry()
    entry.level = 1
    return entry.rawValue.trailingZeroBitCount
  }

  private func setDeviceSettings() {
    rules.forEachSetting(before: table.count) { source, settings in
      if settings.rawValue != 0 { table.close(source, settings) }
    }
  }

  /// What the registers are told of the device table.
  var tableBase: AMDIOMMU.DeviceTableBase {
    var base = AMDIOMMU.DeviceTableBase(rawValue: 0)
    base.address = table.address
    base.lastPage = table.lastPage
    return base
  }

  /// How many source identifiers have an entry.
  var sourceCount: Int { table.count }

  // MARK: Whom it serves

  override func coverage(of path: DMAPath) -> Coverage {
    guard path.function.segment == description.address.segment else { return .none }
    for index in 0..<path.sourceCount where rules.names(path.source(index).routing) { return .named }
    // Firmware does not know of devices that come later, nor of buses that were numbered anew.
    return .others
  }

  override func alias(of source: PCIAddress) -> PCIAddress {
    guard source.segment == description.address.segment else { return source }
    let alias = rules.alias(of: source.routing)
    return PCIAddress(
      segment: source.segment, bus: UInt8(truncatingIfNeeded: alias >> 8), place: UInt8(truncatingIfNeeded: alias))
  }

  // MARK: Domains

  override func makeDomain() throws(Errno) -> RemappingDomain {
    guard !isLost else { throw .EIO }
    guard let identifier = identifiers.withLock({ $0.take() }) else { throw .ENOSPC }
    return try RemappingDomain(self, identifier: identifier, format)
  }

  override func release(_ identifier: UInt16) {
    // What a unit that does not answer may still know of a number is not to be found under it again.
    if isLost { return }
    identifiers.withLock { $0.give(identifier) }
  }

  override func attach(_ source: PCIAddress, to domain: RemappingDomain) throws(Errno) {
    guard !isLost else { throw .EIO }
    guard domain.unit === self, source.segment == description.address.segment else { throw .EINVAL }
    let attachment = Attachment(source: source.routing, domain: domain)
    try Containment.outside { () throws(Errno) in
      try attachments.withLock { attachments throws(Errno) in try attachments.append(attachment) }
    }
    let settings = rules.settings(of: source.routing)
    let isOpen = table.open(source.routing, to: domain, settings)
    guard isOpen else {
      remove(source.routing)
      throw .EINVAL
    }
    guard isOn, !run(.invalidateDevice(source.routing)) else { return }
    // Of no use to a unit that does not answer, and right if it does so later.
    table.close(source.routing, settings)
    throw .EIO
  }

  override func detach(_ source: PCIAddress, from domain: RemappingDomain) -> Bool {
    guard source.segment == description.address.segment else { return true }
    table.close(source.routing, rules.settings(of: source.routing))
    // What it remembers of pages it remembers by domain, for this device too; a device's entry alone would leave that.
    if isOn, !run(.invalidateDevice(source.routing), .invalidateDomain(domain.identifier)) { return false }
    remove(source.routing)
    return true
  }

  private func remove(_ source: UInt16) {
    // Dropped outside of the lock: it may be the last reference to a domain.
    _ = attachments.withLock { Self.remove(source, &$0) }
  }

  private static func remove(_ source: UInt16, _ attachments: inout GrowableArray<Attachment>) -> Attachment? {
    for index in 0..<attachments.count where attachments[index].source == source {
      return attachments.remove(at: index)
    }
    return nil
  }

  override func noticeMapped(_ pages: Range<UInt64>, in identifier: UInt16) throws(Errno) {
    guard isOn, description.cachesMissingEntries else { return }
    guard run(.invalidate(pages, of: identifier, withTables: true)) else { throw .EIO }
  }

  override func forget(_ pages: Range<UInt64>, in identifier: UInt16, tablesToo: Bool) -> Bool {
    guard isOn else { return true }
    return run(.invalidate(pages, of: identifier, withTables: tablesToo))
  }

  // MARK: Beginning and faults

  override func enable() throws(Errno) { try begin() }

  override func setFaultMessage(address: UInt64, data: UInt32) { setMessage(address, data) }

  override func setFaultInterrupts(_ state: FaultInterrupts) { setEventInterrupts(state) }

  override func takeFaults(into sink: RemappingFaultSink) -> Int { takeEvents(into: sink) }
}
