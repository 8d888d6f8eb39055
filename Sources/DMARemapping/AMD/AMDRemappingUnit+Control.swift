import ACPI
import Foundations
import Machine
import PCI

/// Commands, and turning the unit on.
extension AMDRemappingUnit where Space: ~Copyable {
  /// Waits until `condition` holds.
  ///
  /// - Returns: false when it did not in time.
  func wait(_ condition: () -> Bool) -> Bool {
    var patience = Patience()
    while !condition() {
      guard patience.pass(delay) else { return false }
    }
    return true
  }

  /// Has the unit do one command or two, and waits for that.
  ///
  /// - Returns: false when it does not; it is lost then.
  /// - Context: any, under a domain's spin lock too.
  func run(_ first: AMDCommand, _ second: AMDCommand? = nil) -> Bool {
    commands.withLock { ring in
      guard !isLost else { return false }
      ring.put(first)
      if let second { ring.put(second) }
      return finish(&ring)
    }
  }

  private func finish(_ ring: inout AMDCommandRing) -> Bool {
    var tail = AMDIOMMU.CommandBufferTail(rawValue: 0)
    tail.offset = ring.end()
    registers.commandBufferTail = tail
    // Not by `wait`: its closure could not borrow the ring.
    var patience = Patience()
    while !ring.isAnswered {
      guard patience.pass(delay) else {
        markLost()
        return false
      }
    }
    return true
  }

  /// Turns translation on; see `enable`.
  func begin() throws(Errno) {
    guard !isOn, !isLost else { throw .EIO }
    try stop()
    try setBases()
    let control = description.control
    registers.modifyControl {
      $0.translatesTunnel = control.translatesTunnel
      $0.passesPostedWrites = control.passesPostedWrites
      $0.letsResponsesPass = control.lettingResponsesPass
      $0.isIsochronous = control.isIsochronous
      // What the CPUs write is in their caches, whatever firmware thinks of it.
      $0.isCoherent = true
      $0.invalidationTimeout = .seconds1
      $0.tableSegments = 0
      $0.interruptsForWaits = false
      $0.interruptsForEvents = false
    }
    clearStatus()
    registers.modifyControl {
      $0.readsCommands = true
      $0.logsEvents = true
    }
    // QEMU reads no commands before this.
    registers.modifyControl { $0.isEnabled = true }
    isOn = true
    guard forgetEverything() else {
      isOn = false
      try? stop()
      throw .EIO
    }
  }

  /// Stops what firmware may have left on.
  ///
  /// - Throws: `EIO` when it does not stop.
  private func stop() throws(Errno) {
    guard registers.control.rawValue != .max else { throw .EIO }
    registers.modifyControl {
      $0.readsCommands = false
      $0.logsEvents = false
      $0.interruptsForEvents = false
      $0.interruptsForWaits = false
      $0.logsPageRequests = false
      $0.interruptsForPageRequests = false
      $0.servesPageRequests = false
      $0.translatesGuests = false
      $0.virtualizesInterrupts = false
    }
    let hasStopped = wait {
      let status = registers.status
      return !status.isReadingCommands && !status.isLogging
    }
    guard hasStopped else { throw .EIO }
    registers.modifyControl { $0.isEnabled = false }
    guard !registers.control.isEnabled else { throw .EIO }
  }

  /// - Throws: `EIO` when the registers do not keep what they are given: firmware has locked them, or nobody is there.
  private func setBases() throws(Errno) {
    let table = tableBase
    registers.deviceTableBase = table
    registers.exclusionBase = AMDIOMMU.ExclusionBase(rawValue: 0)
    registers.exclusionLimit = AMDIOMMU.ExclusionLimit(rawValue: 0)
    var commandBase = AMDIOMMU.CommandBufferBase(rawValue: 0)
    commandBase.address = commands.withLock { $0.address }
    commandBase.exponent = AMDCommandRing.exponent
    registers.commandBufferBase = commandBase
    registers.commandBufferHead = AMDIOMMU.CommandBufferHead(rawValue: 0)
    registers.commandBufferTail = AMDIOMMU.CommandBufferTail(rawValue: 0)
    var eventBase = AMDIOMMU.EventLogBase(rawValue: 0)
    eventBase.address = events.withLock { $0.address }
    eventBase.exponent = AMDEventRing.exponent
    registers.eventLogBase = eventBase
    registers.eventLogHead = AMDIOMMU.EventLogHead(rawValue: 0)
    registers.eventLogTail = AMDIOMMU.EventLogTail(rawValue: 0)
    guard registers.deviceTableBase.rawValue == table.rawValue,
      registers.commandBufferBase.rawValue == commandBase.rawValue,
      registers.eventLogBase.rawValue == eventBase.rawValue
    else { throw .EIO }
  }

  private func clearStatus() {
    var status = AMDIOMMU.Status(rawValue: 0)
    status.hasOverflow = true
    status.hasEvent = true
    status.hasWaited = true
    registers.writeStatus(status)
  }

  /// Makes the unit forget what it may have kept from before it was off.
  private func forgetEverything() -> Bool {
    if features.canInvalidateAll { return run(.invalidateAll) }
    for source in 0..<sourceCount where source & 1 == 0 {
      let (even, odd) = (UInt16(truncatingIfNeeded: source), UInt16(truncatingIfNeeded: source + 1))
      guard run(.invalidateDevice(even), .invalidateDevice(odd)) else { return false }
    }
    for domain in 0..<Self.domainLimit {
      guard run(.invalidateDomain(UInt16(truncatingIfNeeded: domain))) else { return false }
    }
    return true
  }
}

/// How long a unit may take for a command, and for starting or stopping its parts.
private struct Patience {
  private static var microseconds: Int { 100_000 }
  /// Most answers come within less than the shortest delay.
  private static var quickLooks: Int { 64 }

  private var looks = 0

  /// Lets a little time pass after a look that has found nothing.
  ///
  /// - Returns: false when there is no more.
  mutating func pass(_ delay: (Int) -> Void) -> Bool {
    looks += 1
    guard looks >= Self.quickLooks else { return true }
    guard looks < Self.quickLooks + Self.microseconds else { return false }
    delay(1)
    return true
  }
}
