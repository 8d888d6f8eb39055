import Foundations

/// Stopping a function whose driver cannot any more.
extension PCIFunction {
  /// Whether it asks for its pin's interrupt. Source: PCI Local Bus Specification 3.0, section 6.2.3.
  ///
  /// - Context: any.
  public var hasPendingPinInterrupt: Bool {
    let registers = registers
    let (vendor, status) = (registers.vendor, registers.status)
    return vendor == self.vendor && status.pinInterruptIsPending
  }

  /// Lets it use its pin, or keeps it from that.
  ///
  /// - Context: any.
  public func setPinInterrupt(isEnabled: Bool) { disablePin(!isEnabled) }

  /// Keeps it from interrupting by whatever it has, messages or its pin, as far as it obeys. Whoever connects its interrupts anew
  /// lets it again.
  ///
  /// - Context: any, interrupts too. A driver that changes the same registers at that moment may undo it.
  public func silence() {
    if extendedMessageCount > 0 { try? setExtendedMessages(isMasked: true) }
    silenceMessages()
    disablePin(true)
  }

  /// Lets it access memory and send messages, or keeps it from that.
  public func setMaster(_ isMaster: Bool) {
    let registers = registers
    registers.changeCommand { $0.isMaster = isMaster }
  }

  /// Puts it back to how it was at power-on, by itself and nothing else, its addresses kept; it decodes nothing and is no master
  /// afterwards.
  ///
  /// Function-level reset where it has that, else the way through D3hot where that loses its state.
  ///
  /// - Parameter delay: waits for so many microseconds.
  /// - Returns: false when it cannot be reset alone, and only has been cut off from memory, or does not come back.
  /// - Context: no driver uses it. Source: PCI Express Base Specification 4.0, section 6.6.2.
  public func reset(delay: (Int) -> Void) -> Bool {
    disable()
    guard isPresent else { return false }
    if isExpress {
      let express = express
      let abilities = express.deviceCapabilities
      if abilities.hasFunctionReset {
        // What it has asked of memory is answered within this time or never.
        delay(Self.drainMicroseconds)
        express.modifyDeviceControl { $0.startsFunctionReset = true }
        delay(Self.resetMicroseconds)
        return restore()
      }
    }
    guard powerState == .d0, losesStateInD3 else { return false }
    do throws(Errno) {
      try setPowerState(.d3Hot, delay: delay)
      try setPowerState(.d0, delay: delay)
      return restore()
    } catch {
      return false
    }
  }

  private static var drainMicroseconds: Int { 1_000 }
  private static var resetMicroseconds: Int { 100_000 }

  private func restore() -> Bool {
    guard isPresent else { return false }
    program()
    disable()
    return true
  }
}
