public import Foundations
import Machine

/// What programs ask of a slot.
extension SlotController {
  /// Brings what is in the slot to work, as if its button had been pressed, but at once.
  ///
  /// - Throws: `ENODEV` when nothing is in it, or what is in it works already or is about to; `EIO` when it cannot be brought to work.
  /// - Context: the thread, without locks; it may wait for seconds.
  public func turnOn() throws(Errno) {
    switch state {
    case .empty, .off, .waitingOn, .fault: break
    case .poweringOn, .on, .waitingOff, .poweringOff, .gone: throw .ENODEV
    }
    guard readOccupancy() else {
      if state != .empty { becomeEmpty() }
      throw .ENODEV
    }
    powerOn()
    guard state == .on else { throw .EIO }
  }

  /// Takes the device in the slot out of use and takes its power, as if its button had been pressed, but at once.
  ///
  /// - Throws: `ENODEV` when nothing in it is in use.
  /// - Context: as for `turnOn`.
  public func turnOff() throws(Errno) {
    guard state.isFilled else { throw .ENODEV }
    powerOff()
  }

  /// Lets the attention indicator show something, until the slot's state changes.
  ///
  /// - Throws: `ENODEV` when there is none, or the port is gone.
  /// - Context: as for `turnOn`.
  public func showAttention(_ indicator: PCIExpress.Indicator) throws(Errno) {
    guard capabilities.hasAttentionIndicator, state != .gone else { throw .ENODEV }
    command { $0.attentionIndicator = indicator }
    waitForCompletion()
  }
}
