import Foundations
import Machine

/// What programs set of a serial port besides its modes. Source: setserial(8).
struct SerialSettings: Equatable {
  /// Bits a second by a divisor of 1: the clock of the PC's ports.
  static let baudBase: Int32 = 115_200
  /// The speed that stands for another one.
  static let aliasSpeed: UInt32 = 38_400

  var flags: SerialFlags
  var customDivisor: Int32 = 0
  /// Half a second, as on Linux: kept for programs, because closing a terminal here holds nothing up.
  var closeDelay: UInt16 = 50
  /// Half a minute, as on Linux; kept for programs, because output goes on after the terminal was closed.
  var closingWait: UInt16 = 3_000

  init(_ identity: SerialIdentity) {
    flags = [.skipsTest, .isConfigured]
    if identity.sharesInterrupt { flags.insert(.sharesInterrupt) }
  }

  /// Takes what a program wants, of which `old` is what it was told.
  ///
  /// - Throws: `EPERM` without privilege for what is not everybody's, `EINVAL` for what the device does not have.
  mutating func change(
    to new: SerialInformation, from old: SerialInformation, isPrivileged: Bool
  ) throws(Errno) {
    let changed = new.flags.symmetricDifference(old.flags)
    let isDeviceSame =
      new.kind == old.kind && new.address == old.address && new.interrupt == old.interrupt
      && new.baudBase == old.baudBase && (new.transmitterSize == old.transmitterSize || new.transmitterSize == 0)
    guard isPrivileged else {
      let areTimesSame = new.closeDelay == closeDelay && new.closingWait == closingWait
      guard isDeviceSame, areTimesSame, changed.isSubset(of: .forEverybody) else { throw .EPERM }
      return take(new, .forEverybody)
    }
    // Where the port is, and what it is, firmware and the device itself have said.
    guard isDeviceSame else { throw .EINVAL }
    (closeDelay, closingWait) = (new.closeDelay, new.closingWait)
    take(new, .changeable)
  }

  private mutating func take(_ new: SerialInformation, _ mask: SerialFlags) {
    flags = flags.subtracting(mask).union(new.flags.intersection(mask))
    customDivisor = new.customDivisor
  }

  /// The divisor that 38,400 bits a second stand for; nil when they stand for themselves.
  var aliasDivisor: UInt16? {
    switch flags.intersection(.speeds) {
    case .highSpeed: 2
    case .veryHighSpeed: 1
    case [.highSpeed, .veryHighSpeed]: customDivisor > 0 ? UInt16(exactly: customDivisor) : nil
    // The PC's ports are not that fast, or it is nonsense.
    default: nil
    }
  }
}
