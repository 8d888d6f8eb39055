import Foundations
import Machine
import Synchronization

/// Giving a slot power and taking it away.
extension SlotController {
  /// How long a slot must have been without power before anybody may rely on that, in milliseconds.
  /// Source: PCI Express Base Specification 4.0, section 6.7.1.8.
  private static let powerOffMilliseconds = 1_000
  /// How long a link may take to come up, and nobody may touch what is behind it afterwards, in milliseconds.
  /// Source: sections 6.6.1 and 6.7.3.3.
  private static let linkMilliseconds = 1_000
  private static let quietMilliseconds = 100
  /// How long a device may take to answer, in milliseconds. One that asks for patience answers. Source: section 6.6.1.
  private static let answerMilliseconds = 1_000
  private static let step = 20

  /// Brings what is in the slot to work, and tells the listener.
  func powerOn() {
    state = .poweringOn
    listenAgain()
    discard(.powerFault)
    command { control in
      control.powerIndicator = .blinking
      control.isPoweredOff = false
    }
    waitForCompletion()
    enableLink()
    do throws(SlotFailure) {
      try waitForLink()
      try waitForAnswer()
    } catch {
      return giveUp(error)
    }
    // Whatever its coming has caused.
    discard([.occupancy, .button, .completion])
    show(power: .on, attention: .off)
    state = .on
    if !readOccupancy() { postpone(.presence) }
    listener.slotFilled(self)
  }

  private func enableLink() {
    let registers = port.express
    let link = registers.linkControl
    if link.rawValue != .max, link.isDisabled { registers.modifyLinkControl { $0.isDisabled = false } }
  }

  private func waitForLink() throws(SlotFailure) {
    let registers = port.express
    if reportsLink {
      var isActive = false
      for _ in 0...Self.linkMilliseconds / Self.step where !isActive {
        try check()
        let link = registers.linkStatus
        isActive = link.isActive
        if !isActive { timing.wait(milliseconds: Self.step) }
      }
      guard isActive else { throw .link }
    } else {
      timing.wait(milliseconds: Self.linkMilliseconds)
    }
    timing.wait(milliseconds: Self.quietMilliseconds)
    try check()
    let link = registers.linkStatus
    guard link.rawValue != .max, !link.isTraining, link.width > 0 else { throw .link }
  }

  /// Looks whether power and device are still there.
  private func check() throws(SlotFailure) {
    let registers = port.express
    let status = registers.slotStatus
    if status.rawValue == .max { throw .removal }
    if status.powerFault || SlotEvents(rawValue: pending.load(ordering: .acquiring)).contains(.powerFault) {
      throw .power
    }
    if !readOccupancy() { throw .removal }
  }

  private func waitForAnswer() throws(SlotFailure) {
    guard port.secondaryBus != 0 else { throw .bus }
    let address = PCIAddress(segment: port.address.segment, bus: port.secondaryBus, place: 0)
    let registers = PCIConfigurationRegisters(PCIConfigurationSpace(port.space.access, address))
    for _ in 0...Self.answerMilliseconds / Self.step {
      let vendor = registers.vendor
      if vendor != .max, vendor != 0 { return }
      timing.wait(milliseconds: Self.step)
      try check()
    }
    throw .silence
  }

  /// Takes power from a slot that did not get to work.
  private func giveUp(_ failure: SlotFailure) {
    failureCount += 1
    cutPower()
    discard([.occupancy, .button, .completion, .powerFault])
    settleWithoutPower(failure)
    listener.slotFailed(self, failure)
  }

  /// Shows that there is no power, and why.
  private func settleWithoutPower(_ failure: SlotFailure?) {
    let isOccupied = readOccupancy()
    if let failure, isOccupied, failure != .removal {
      state = .fault(failure)
      show(power: .off, attention: .on)
    } else {
      show(power: .off, attention: .off)
      // The lamp tells people and machines that the device may be taken out now, and some do so at once.
      state = readOccupancy() ? .off : .empty
    }
  }

  /// Takes power away, where that can be done, for long enough to rely on it.
  func cutPower() {
    guard capabilities.hasPowerController else { return }
    command { control in control.isPoweredOff = true }
    waitForCompletion()
    timing.wait(milliseconds: Self.powerOffMilliseconds)
  }

  /// Takes power away under whatever works in the slot, for tests: what follows is what follows when a device is pulled out.
  public func dropPower() {
    command { control in
      control.powerIndicator = .off
      control.isPoweredOff = true
    }
  }

  /// Takes the device out as the operator has asked.
  func powerOff() {
    state = .poweringOff
    show(power: .blinking, attention: .off)
    listener.slotWillEmpty(self)
    cutPower()
    releaseInterlock()
    discard([.occupancy, .button, .completion, .powerFault])
    settleWithoutPower(nil)
    listener.slotEmptied(self, isSurprise: false)
  }

  /// Deals with a device that has gone, or has been replaced, or has lost its power.
  func leaveByForce(_ failure: SlotFailure?) {
    state = .poweringOff
    listener.slotEmptied(self, isSurprise: true)
    cutPower()
    discard([.occupancy, .button, .completion, .powerFault])
    settleWithoutPower(failure)
    guard let failure else { return }
    failureCount += 1
    listener.slotFailed(self, failure)
  }

  /// Lets go of a device that firmware has locked in.
  private func releaseInterlock() {
    guard capabilities.hasInterlock else { return }
    let registers = port.express
    let status = registers.slotStatus
    guard status.rawValue != .max, status.isInterlockEngaged else { return }
    command { control in control.togglesInterlock = true }
    waitForCompletion()
  }
}
