import Foundations
import Machine

/// What follows from events.
extension SlotController {
  /// How many times in one call it looks for more.
  private static let turns = 4

  /// Does what events and the passing of time ask for, and tells the listener.
  ///
  /// - Returns: when to call it again if there is no interrupt, in milliseconds of the clock; nil for never. With an event left
  ///   (`hasPendingEvents`) it is to be called again at once.
  /// - Context: the thread, without locks; it may wait for seconds.
  @discardableResult
  public func serve() -> UInt64? {
    for _ in 0..<Self.turns {
      guard state != .gone else { return nil }
      let events = takeEvents()
      if events.contains(.portGone) {
        leave()
        return nil
      }
      let isDue = state.deadline.map { timing.milliseconds >= $0 } ?? false
      guard isDue || !events.subtracting(.completion).isEmpty else { break }
      follow(events, isDue: isDue)
    }
    return nextTime
  }

  private func follow(_ events: SlotEvents, isDue: Bool) {
    let hasMoved = !events.isDisjoint(with: .occupancy)
    if events.contains(.powerFault), state.isFilled { return leaveByForce(.power) }
    // Who puts something in and presses the button at once, as machines do, need not wait.
    if events.contains(.button), !hasMoved || state.isFilled { buttonPressed() }
    if hasMoved {
      occupancyChanged(hasPresenceChanged: !events.isDisjoint(with: [.presence, .retention]))
    } else if isDue {
      waitEnded()
    }
  }

  /// The port itself is gone.
  private func leave() {
    let wasFilled = state.isFilled
    state = .gone
    fallSilent()
    if wasFilled { listener.slotEmptied(self, isSurprise: true) }
  }

  // MARK: Button

  /// Source: PCI Express Base Specification 4.0, section 6.7.1.5.
  private func buttonPressed() {
    let deadline = timing.milliseconds &+ Self.buttonMilliseconds
    switch state {
    case .on:
      state = .waitingOff(deadline: deadline)
      show(power: .blinking, attention: .off)
    case .waitingOff:
      state = .on
      show(power: .on, attention: .off)
    case .empty, .off, .fault:
      guard readOccupancy() else { return }
      state = .waitingOn(deadline: deadline)
      show(power: .blinking, attention: .off)
    case .waitingOn:
      state = .off
      show(power: .off, attention: .off)
    case .poweringOn, .poweringOff, .gone: break
    }
  }

  private func waitEnded() {
    switch state {
    case .waitingOff: powerOff()
    case .waitingOn: if readOccupancy() { powerOn() } else { becomeEmpty() }
    case .empty, .off, .poweringOn, .on, .poweringOff, .fault, .gone: break
    }
  }

  func becomeEmpty() {
    state = .empty
    show(power: .off, attention: .off)
  }

  // MARK: Presence

  /// Something may have come or gone.
  private func occupancyChanged(hasPresenceChanged: Bool) {
    switch state {
    case .on, .waitingOff:
      // Also when something is there: it may be another device, and the one that was has lost all that was set.
      leaveByForce(nil)
      if state == .off, settledOccupancy() { powerOn() }
    case .empty, .off, .waitingOn:
      if readOccupancy(), settledOccupancy() {
        powerOn()
      } else if state != .empty {
        becomeEmpty()
      }
    case .fault:
      // A link that comes and goes is part of the fault; something new in the slot is not.
      if !readOccupancy() {
        becomeEmpty()
      } else if hasPresenceChanged, settledOccupancy() {
        powerOn()
      }
    case .poweringOn, .poweringOff, .gone: break
    }
  }
}
