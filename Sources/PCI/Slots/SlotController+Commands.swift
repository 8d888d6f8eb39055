import Foundations
import Machine
import Synchronization

/// Telling a slot what to do, and looking at it.
extension SlotController {
  /// How long a command may take, in milliseconds. Source: PCI Express Base Specification 4.0, section 6.7.3.2.
  static let commandMilliseconds = 1_000
  private static let commandStep = 10

  /// Changes the control register, after the command before has completed. What changes nothing is no command.
  func command(_ body: (inout PCIExpress.SlotControl) -> Void) {
    waitForCompletion()
    let registers = port.express
    let old = registers.slotControl
    guard old.rawValue != .max else { return }
    var new = old
    body(&new)
    limit(&new, to: old)
    guard new != old else { return }
    // A completion that was seen too late is not this one's.
    registers.writeSlotStatus(SlotEvents.completion.intersection(SlotEvents(registers.slotStatus)).acknowledgement)
    pending.bitwiseAnd(~SlotEvents.completion.rawValue, ordering: .acquiringAndReleasing)
    control.withLock { isShut in
      let allowsInterrupts = !isShut
      registers.modifySlotControl { value in
        value = new
        if !allowsInterrupts { value.interrupts = false }
      }
    }
    isCommandPending = !capabilities.completesSilently
  }

  /// Keeps what the slot has not as it is.
  private func limit(_ new: inout PCIExpress.SlotControl, to old: PCIExpress.SlotControl) {
    if !capabilities.hasPowerController { new.isPoweredOff = old.isPoweredOff }
    if !capabilities.hasPowerIndicator { new.powerIndicator = old.powerIndicator }
    if !capabilities.hasAttentionIndicator { new.attentionIndicator = old.attentionIndicator }
  }

  /// Waits for the end of the last command, at most a second: a port that never says so is believed to have done it.
  func waitForCompletion() {
    guard isCommandPending else { return }
    isCommandPending = false
    let registers = port.express
    for _ in 0...Self.commandMilliseconds / Self.commandStep {
      let old = pending.bitwiseAnd(~SlotEvents.completion.rawValue, ordering: .acquiringAndReleasing).oldValue
      if old & SlotEvents.completion.rawValue != 0 { return }
      let status = registers.slotStatus
      if status.rawValue == .max { return }
      if status.commandCompleted {
        registers.writeSlotStatus(SlotEvents.completion.acknowledgement)
        return
      }
      timing.wait(milliseconds: Self.commandStep)
    }
    lateCommandCount += 1
  }

  /// Sets the lamps.
  func show(power: PCIExpress.Indicator, attention: PCIExpress.Indicator) {
    command { control in
      control.powerIndicator = power
      control.attentionIndicator = attention
    }
    waitForCompletion()
  }

  /// Whether the slot has power; one without a controller always has.
  var hasPower: Bool {
    let registers = port.express
    let control = registers.slotControl
    return !capabilities.hasPowerController || !control.isPoweredOff
  }

  /// Whether something is in the slot that may have power: a link that is up counts too, since not every slot sees presence.
  func readOccupancy() -> Bool {
    let registers = port.express
    let status = registers.slotStatus
    guard status.rawValue != .max else { return false }
    if capabilities.hasRetentionSensor && status.isRetentionOpen { return false }
    if status.isOccupied { return true }
    let link = registers.linkStatus
    return reportsLink && link.isActive
  }

  /// Waits until contacts have stopped bouncing.
  ///
  /// - Returns: whether something is in the slot; false when that keeps changing.
  func settledOccupancy() -> Bool {
    var last = readOccupancy()
    var steady = 0
    for _ in 0..<Self.settleRounds {
      timing.wait(milliseconds: Self.settleStep)
      let events = takeEvents()
      if events.contains(.portGone) {
        postpone(events)
        return false
      }
      postpone(events.subtracting(.occupancy))
      let now = readOccupancy()
      steady = now == last && events.isDisjoint(with: .occupancy) ? steady + 1 : 0
      last = now
      if steady == Self.steadyRounds { return now }
    }
    return false
  }

  private static let settleStep = 20
  private static let settleRounds = 100
  private static let steadyRounds = 5
}
