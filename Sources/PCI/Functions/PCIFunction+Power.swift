import Foundations

/// Power states. Source: PCI Bus Power Management Interface Specification 1.2, sections 3.2.4 and 5.4, table 5-6.
extension PCIFunction {
  /// How long nobody may touch a function that goes to D3hot or comes from there, in microseconds.
  private static var d3Delay: Int { 10_000 }
  /// The same for D2.
  private static var d2Delay: Int { 200 }

  private var power: PCIPowerManagementRegisters<PCIConfigurationSpace> {
    PCIPowerManagementRegisters(space.from(Int(capabilities.powerManagement)))
  }

  /// Whether the way through D3hot puts it back to how it was at power-on.
  var losesStateInD3: Bool {
    guard capabilities.powerManagement != 0 else { return false }
    let power = power
    let control = power.control
    return !control.keepsState
  }

  /// The state that it is in; D0 when it has no other.
  public var powerState: PCIPowerManagement.Control.PowerState {
    guard capabilities.powerManagement != 0 else { return .d0 }
    let power = power
    return power.control.powerState
  }

  /// Brings it into `state`. On the way from D3hot to D0 its addresses are written again if it has lost them; interrupts and
  /// mastery are then off.
  ///
  /// - Parameter delay: waits for so many microseconds.
  /// - Throws: `ENOTSUP` for a state that it has not, `EINVAL` for a way that is not allowed (from a deeper state to one that is not
  ///   D0), `EIO` when it does not get there.
  /// - Context: its driver has stopped it, or it was off.
  public func setPowerState(
    _ state: PCIPowerManagement.Control.PowerState, delay: (Int) -> Void
  ) throws(Errno) {
    let old = powerState
    guard old != state else { return }
    guard capabilities.powerManagement != 0 else { throw .ENOTSUP }
    let power = power
    let abilities = power.capabilities
    switch state {
    case .d1: guard abilities.hasD1 else { throw .ENOTSUP }
    case .d2: guard abilities.hasD2 else { throw .ENOTSUP }
    case .d0, .d3Hot: break
    }
    guard state == .d0 || state.rawValue > old.rawValue else { throw .EINVAL }
    let registers = registers
    let command = registers.command
    power.modifyControl { $0.powerState = state }
    if old == .d3Hot || state == .d3Hot {
      delay(Self.d3Delay)
    } else if old == .d2 || state == .d2 {
      delay(Self.d2Delay)
    }
    let control = power.control
    guard control.powerState == state else { throw .EIO }
    guard old == .d3Hot, state == .d0, !control.keepsState else { return }
    setDecoding(ports: false, memory: false)
    program()
    setDecoding(ports: command.decodesPorts, memory: command.decodesMemory)
  }
}
