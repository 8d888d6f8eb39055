import Foundations
import Machine
import PCI

/// What the unit logs, and its interrupt.
extension AMDRemappingUnit where Space: ~Copyable {
  /// Has events interrupt by a message; see `setFaultMessage`.
  func setMessage(_ address: UInt64, _ data: UInt32) {
    guard let function = description.function else { return }
    do throws(Errno) {
      try function.setMessages(address: address, data: UInt16(truncatingIfNeeded: data), count: 1)
    } catch {
      // Without messages events are found by `RemappingUnits.poll`.
      return
    }
    if function.canMaskMessages { try? function.setMessage(0, isMasked: false) }
    function.setMaster(true)
    setEventInterrupts(.on)
  }

  /// Lets events interrupt or keeps them from it.
  func setEventInterrupts(_ state: FaultInterrupts) {
    guard isOn, !isLost else { return }
    events.withLock { _ in registers.modifyControl { $0.interruptsForEvents = state == .on } }
  }

  /// Takes what is logged, at most what the ring holds; see `takeFaults`.
  func takeEvents(into sink: RemappingFaultSink) -> Int {
    guard isOn, !isLost, let tail = beginTaking() else { return 0 }
    var count = 0
    // The ring has one less than this.
    while count < AMDEventRing.eventCount {
      let found = events.withLock { $0.take(before: tail) }
      switch found {
      case .nothing:
        if endTaking() { sink.noteLost() }
        return count + takeUnlogged(count, sink)
      case .missing: sink.noteLost()
      case .event(let event): sink.note(fault(of: event))
      }
      count += 1
    }
    if endTaking() { sink.noteLost() }
    return count
  }

  /// Takes the interrupt back, so that what is logged from now on brings another, and tells up to where events are.
  ///
  /// - Returns: nil when the unit is gone or says what cannot be.
  private func beginTaking() -> Int? {
    events.withLock { _ in
      let status = registers.status
      guard status.rawValue != .max else {
        markLost()
        return nil
      }
      if status.hasEvent {
        var event = AMDIOMMU.Status(rawValue: 0)
        event.hasEvent = true
        registers.writeStatus(event)
      }
      let tail = Int(registers.eventLogTail.offset)
      guard tail < AMDEventRing.byteCount else {
        markLost()
        return nil
      }
      return tail
    }
  }

  /// Tells the unit what was taken, and starts the log anew where it stopped for want of room.
  ///
  /// - Returns: whether it had stopped.
  private func endTaking() -> Bool {
    events.withLock { ring in
      var head = AMDIOMMU.EventLogHead(rawValue: 0)
      head.offset = UInt64(ring.head)
      registers.eventLogHead = head
      guard registers.status.hasOverflow else { return false }
      // The order of section 2.5: off, the flag cleared, on.
      registers.modifyControl { $0.logsEvents = false }
      guard wait({ !registers.status.isLogging }) else {
        markLost()
        return true
      }
      var overflow = AMDIOMMU.Status(rawValue: 0)
      overflow.hasOverflow = true
      registers.writeStatus(overflow)
      registers.modifyControl { $0.logsEvents = true }
      return true
    }
  }

  /// Notices a refused access from a unit that logs none: QEMU up to 9 does no more than to note a target abort in the status of the
  /// unit's function, and does not tell whose it was.
  private func takeUnlogged(_ count: Int, _ sink: RemappingFaultSink) -> Int {
    guard count == 0, let function = description.function, !events.withLock({ $0.hasFound }) else { return 0 }
    let status = function.registers.status
    guard status.rawValue != .max, status.signaledTargetAbort else { return 0 }
    var abort = PCIConfiguration.Status(rawValue: 0)
    abort.signaledTargetAbort = true
    function.registers.writeStatus(abort)
    sink.note(
      RemappingFault(
        source: description.address, address: 0, access: .other, reason: 0,
        explanation: "a device was refused an access, and the unit does not tell which"))
    return 1
  }

  private func fault(of event: AMDEvent) -> RemappingFault {
    var source = description.address
    if let routing = event.sourceID { source.routing = routing }
    return RemappingFault(
      source: source, address: event.address, access: event.access, reason: UInt16(event.event.kind.rawValue),
      explanation: event.explanation)
  }
}
