import Foundations
import Machine

/// A root table or a context table of a VT-d unit: 256 entries of 16 bytes.
final class VTDTable {
  private let memory: DMABuffer
  private let isCoherent: Bool

  /// Makes a table in which nothing is present.
  ///
  /// - Throws: `ENOMEM`.
  init(isCoherent: Bool) throws(Errno) {
    let memory = try DMABuffer(byteCount: VTDRootTable.length)
    if !isCoherent { memory.writeBack(at: 0, count: memory.byteCount) }
    self.memory = memory
    self.isCoherent = isCoherent
  }

  /// Where the unit finds it.
  var address: UInt64 { memory.deviceAddress }

  /// Makes entry `index` present: its first half, which says so, comes last.
  func set(_ lower: UInt64, _ upper: UInt64, at index: UInt8) {
    memory.write64(upper, at: Int(index) * 16 + 8)
    memory.write64(lower, at: Int(index) * 16)
    publish(index)
  }

  /// Makes entry `index` absent.
  func clear(at index: UInt8) {
    memory.write64(0, at: Int(index) * 16)
    memory.write64(0, at: Int(index) * 16 + 8)
    publish(index)
  }

  private func publish(_ index: UInt8) {
    if !isCoherent { memory.writeBack(at: Int(index) * 16, count: 16) }
  }
}

/// The root table of a VT-d unit with its context tables, which stay once a bus has one. Source: VT-d 4.1, sections 3.4, 9.1 and 9.3.
///
/// Only whoever attaches or detaches uses it, one at a time.
final class VTDTables {
  private struct Bus {
    var number: UInt8
    var contexts: VTDTable
  }

  private let root: VTDTable
  private let isCoherent: Bool
  private let buses = SpinLock(GrowableArray<Bus>())

  /// Makes tables in which no device is present.
  ///
  /// - Throws: `ENOMEM`.
  init(isCoherent: Bool) throws(Errno) {
    root = try VTDTable(isCoherent: isCoherent)
    self.isCoherent = isCoherent
  }

  /// Where the unit finds the root table.
  var address: UInt64 { root.address }

  /// Gives the device `place` on `bus` a domain with a page table.
  ///
  /// - Throws: `ENOMEM`.
  func set(_ domain: RemappingDomain, bus: UInt8, place: UInt8) throws(Errno) {
    let contexts = try contexts(of: bus)
    var upper = VTDContextTable.Upper()
    upper.width = UInt8(truncatingIfNeeded: domain.format.levelCount - 2)
    upper.domain = domain.identifier
    var lower = VTDContextTable.Lower()
    lower.isPresent = true
    lower.kind = .translated
    lower.pageTable = domain.tableAddress
    contexts.set(lower.rawValue, upper.rawValue, at: place)
  }

  /// Makes the device `place` on `bus` absent.
  func clear(bus: UInt8, place: UInt8) { known(bus)?.clear(at: place) }

  private func known(_ bus: UInt8) -> VTDTable? {
    buses.withLock { buses in
      for index in 0..<buses.count where buses[index].number == bus { return buses[index].contexts }
      return nil
    }
  }

  private func contexts(of bus: UInt8) throws(Errno) -> VTDTable {
    if let known = known(bus) { return known }
    let new = try VTDTable(isCoherent: isCoherent)
    try buses.withLock { buses throws(Errno) in try buses.append(Bus(number: bus, contexts: new)) }
    var lower = VTDRootTable.Lower()
    lower.isPresent = true
    lower.contextTable = new.address
    root.set(lower.rawValue, 0, at: bus)
    return new
  }
}
