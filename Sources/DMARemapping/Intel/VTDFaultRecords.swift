import Foundations
import PCI

/// The faults that a VT-d unit has recorded. Source: VT-d 4.1, sections 7.2, 11.4.9 and 11.4.14; reasons: appendix A.
///
/// Whoever owns it puts a lock around it.
struct VTDFaultRecords<Space: RegisterSpace & ~Copyable>: ~Copyable {
  /// What the unit says of its faults.
  enum Status: Equatable {
    case none
    /// From record number `first` on there are some.
    case some(first: Int)
    /// Nothing answers.
    case lost
  }

  private let registers: VTDRegisters<Space>
  private let records: VTDFaultsRegisters<Space>
  /// How many records there are, 1...256.
  let count: Int

  /// The `count` records in the space `records` of the unit with the registers in `status`.
  init(_ status: consuming Space, records: consuming Space, count: Int) {
    registers = VTDRegisters(status)
    self.records = VTDFaultsRegisters(records)
    self.count = min(max(count, 1), 256)
  }

  var status: Status {
    let status = registers.faultStatus
    if status.rawValue == .max { return .lost }
    return status.hasFaults ? .some(first: Int(status.firstFault) % count) : .none
  }

  /// Takes record `index`, and clears it; nil when it is not in use.
  func take(_ index: Int, segment: UInt16) -> RemappingFault? {
    guard index >= 0, index < count else { return nil }
    let upper = records.upper(at: index)
    guard upper.isUsed, upper.rawValue != .max else { return nil }
    let lower = records.lower(at: index)
    var cleared = VTDFaults.Upper()
    cleared.isUsed = true
    records.writeUpper(cleared, at: index)
    return RemappingFault(
      source: PCIAddress(
        segment: segment, bus: UInt8(truncatingIfNeeded: upper.source >> 8),
        place: UInt8(truncatingIfNeeded: upper.source)),
      address: lower.address, access: upper.isAtomic ? .other : upper.isRead ? .read : .write,
      reason: UInt16(upper.reason), explanation: Self.explanation(of: upper.reason))
  }

  /// Notes that all faults were taken.
  ///
  /// - Returns: whether some had been lost before.
  func takeOverflow() -> Bool {
    let status = registers.faultStatus
    guard status.rawValue != .max, status.hasOverflowed else { return false }
    var cleared = VTD.FaultStatus()
    cleared.hasOverflowed = true
    registers.writeFaultStatus(cleared)
    return true
  }

  /// Sets the message that a fault sends, and lets it be sent.
  func setMessage(address: UInt64, data: UInt32) {
    registers.faultData = data
    registers.faultAddress = UInt32(truncatingIfNeeded: address)
    registers.faultUpperAddress = UInt32(truncatingIfNeeded: address >> 32)
    setInterrupts(.on)
  }

  /// Lets the message be sent, or keeps it back.
  func setInterrupts(_ state: RemappingUnit.FaultInterrupts) {
    registers.modifyFaultControl { $0.isMasked = state == .off }
  }

  /// Clears what is left of before.
  func clear() {
    setInterrupts(.off)
    for index in 0..<count { _ = take(index, segment: 0) }
    _ = takeOverflow()
    var errors = VTD.FaultStatus()
    (errors.hasQueueError, errors.hasCompletionError, errors.hasTimedOut) = (true, true, true)
    registers.writeFaultStatus(errors)
  }

  private static func explanation(of reason: UInt8) -> StaticString {
    switch reason {
    case 1: "the bus has no device with a domain"
    case 2: "the device has no domain"
    case 3: "the device's entry is wrong"
    case 4: "the address is beyond what devices may use"
    case 5: "the page is not mapped for writing"
    case 6: "the page is not mapped for reading"
    case 7: "a page table cannot be read"
    case 8: "the root table cannot be read"
    case 9: "a context table cannot be read"
    case 10, 11, 12: "reserved bits are set in a table"
    case 13: "the kind of request is not allowed"
    case 0x20...0x26: "an interrupt was not remapped"
    default: "another reason"
    }
  }
}
