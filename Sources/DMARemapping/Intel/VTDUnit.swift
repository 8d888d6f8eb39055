import Foundations
import Machine
import PCI

/// Where the registers of a VT-d unit are.
///
/// The functions that use them hold different locks, so the first registers are there twice.
struct VTDSpaces<Space: RegisterSpace & ~Copyable>: ~Copyable {
  let commands: Space
  let cache: Space
  let status: Space
  let faults: Space

  /// The registers at the beginning, twice; those of the translation cache; the fault records.
  init(commands: consuming Space, cache: consuming Space, status: consuming Space, faults: consuming Space) {
    self.commands = commands
    self.cache = cache
    self.status = status
    self.faults = faults
  }
}

/// An IOMMU of Intel's. Source: Intel Virtualization Technology for Directed I/O 4.1, chapters 3, 6, 7, 9 and 11.
///
/// Legacy mode, tables for requests without process: what every unit has had from the first on. Invalidations go by the queue where
/// there is one. Lock order: that of the commands, that of the faults; neither is held while others are called.
final class VTDUnit<Space: RegisterSpace & ~Copyable>: RemappingUnit {
  private let scope: VTDScopeBox
  private let capabilities: VTDCapabilities
  private let format: IOPageTableFormat
  private let tables: VTDTables
  private let queue: VTDQueueMemory?
  private let commands: SpinLock<VTDCommands<Space>>
  private let faults: SpinLock<VTDFaultRecords<Space>>
  private let identifiers: SpinLock<DomainIdentifiers>

  /// Makes a unit of what answers in `spaces`, and leaves it as it is.
  ///
  /// - Parameter lookLimit: how often a register is looked at before the unit is lost; a look takes a tenth of a microsecond and more.
  /// - Throws: `ENODEV` when nothing answers, or it takes no page tables that are known here; `ENOMEM`.
  /// - Context: a thread without locks, not in contained work.
  init(
    _ name: Message, _ scope: consuming VTDScope, _ spaces: consuming VTDSpaces<Space>, lookLimit: Int = 1_000_000
  ) throws(Errno) {
    let capabilities = Self.capabilities(of: spaces)
    guard !capabilities.isMissing, let format = capabilities.format else { throw .ENODEV }
    tables = try VTDTables(isCoherent: capabilities.isCoherent)
    queue = capabilities.hasQueue ? try VTDQueueMemory() : nil
    identifiers = SpinLock(try DomainIdentifiers(limit: capabilities.domainLimit))
    self.scope = VTDScopeBox(scope)
    self.capabilities = capabilities
    self.format = format
    commands = SpinLock(
      VTDCommands(spaces.commands, cache: spaces.cache, capabilities, lookLimit: max(1, lookLimit)))
    faults = SpinLock(
      VTDFaultRecords(spaces.status, records: spaces.faults, count: capabilities.faults.count))
    super.init(name)
  }

  private static func capabilities(of spaces: borrowing VTDSpaces<Space>) -> VTDCapabilities {
    VTDCapabilities(
      VTD.Capabilities(rawValue: spaces.status.read64(at: 8)),
      VTD.ExtendedCapabilities(rawValue: spaces.status.read64(at: 16)))
  }

  /// What was done, or `EIO` and the unit is lost.
  private func confirm(_ isDone: Bool) throws(Errno) {
    if isDone { return }
    markLost()
    throw .EIO
  }

  // MARK: Beginning

  override func coverage(of path: DMAPath) -> Coverage { scope.scope.coverage(of: path) }

  override func enable() throws(Errno) {
    faults.withLock { faults in faults.clear() }
    try confirm(commands.withLock { commands in commands.enable(root: tables.address, queue: queue) })
  }

  override func setFaultMessage(address: UInt64, data: UInt32) {
    faults.withLock { faults in faults.setMessage(address: address, data: data) }
  }

  override func setFaultInterrupts(_ state: FaultInterrupts) {
    faults.withLock { faults in faults.setInterrupts(state) }
  }

  // MARK: Domains

  override func makeDomain() throws(Errno) -> RemappingDomain {
    guard let identifier = identifiers.withLock({ identifiers in identifiers.take() }) else { throw .ENOSPC }
    return try RemappingDomain(self, identifier: identifier, format)
  }

  override func release(_ identifier: UInt16) {
    // What a unit that does not answer may still know of a number is not to be found under it again.
    if isLost { return }
    identifiers.withLock { identifiers in identifiers.give(identifier) }
  }

  override func attach(_ source: PCIAddress, to domain: RemappingDomain) throws(Errno) {
    guard !isLost else { throw .EIO }
    guard domain.unit === self, source.segment == scope.scope.segment else { throw .EINVAL }
    try Containment.outside { () throws(Errno) in try tables.set(domain, bus: source.bus, place: source.place) }
    do throws(Errno) { try confirm(noticeAttached(source, domain)) } catch {
      tables.clear(bus: source.bus, place: source.place)
      throw error
    }
  }

  private func noticeAttached(_ source: PCIAddress, _ domain: RemappingDomain) -> Bool {
    commands.withLock { commands in
      guard commands.flushWrites() else { return false }
      guard capabilities.remembersAbsence else { return true }
      // What was absent is remembered under the number 0.
      guard commands.forgetContext(of: source.routing, domain: 0) else { return false }
      return commands.forgetDomain(domain.identifier)
    }
  }

  override func detach(_ source: PCIAddress, from domain: RemappingDomain) -> Bool {
    tables.clear(bus: source.bus, place: source.place)
    if isLost { return false }
    let isForgotten = commands.withLock { commands in
      guard commands.flushWrites() else { return false }
      guard commands.forgetContext(of: source.routing, domain: domain.identifier) else { return false }
      return commands.forgetDomain(domain.identifier)
    }
    if !isForgotten { markLost() }
    return isForgotten
  }

  override func noticeMapped(_ pages: Range<UInt64>, in identifier: UInt16) throws(Errno) {
    guard !isLost else { throw .EIO }
    guard capabilities.remembersAbsence || capabilities.needsWriteBufferFlush else { return }
    try confirm(
      commands.withLock { commands in
        guard commands.flushWrites() else { return false }
        return capabilities.remembersAbsence ? commands.forget(pages, of: identifier, keepsTables: false) : true
      })
  }

  override func forget(_ pages: Range<UInt64>, in identifier: UInt16, tablesToo: Bool) -> Bool {
    if isLost { return false }
    let isForgotten = commands.withLock { commands in
      guard commands.flushWrites() else { return false }
      return commands.forget(pages, of: identifier, keepsTables: !tablesToo)
    }
    if !isForgotten { markLost() }
    return isForgotten
  }

  // MARK: Faults

  override func takeFaults(into sink: RemappingFaultSink) -> Int {
    let first: Int
    switch faults.withLock({ faults in faults.status }) {
    case .none:
      // While this is noted no fault interrupts.
      if faults.withLock({ faults in faults.takeOverflow() }) { sink.noteLost() }
      return 0
    case .lost:
      markLost()
      return 0
    case .some(let index): first = index
    }
    let segment = scope.scope.segment
    let recordCount = capabilities.faults.count
    var count = 0
    for index in 0..<recordCount {
      let fault = faults.withLock { faults in faults.take((first + index) % recordCount, segment: segment) }
      guard let fault else { continue }
      count += 1
      sink.note(fault)
    }
    if faults.withLock({ faults in faults.takeOverflow() }) { sink.noteLost() }
    return count
  }
}

/// Holds a scope, which is noncopyable, in a class that others see.
final class VTDScopeBox {
  let scope: VTDScope
  init(_ scope: consuming VTDScope) { self.scope = scope }
}
