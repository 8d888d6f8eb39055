import Registers
import Terminals

/// How characters are sent, as the device is told: what modes of a terminal ask for.
struct SerialFormat: Equatable {
  var divisor: UInt16
  var lineControl: UInt8

  /// The format that `modes` ask for, with what programs have said that a speed stands for; nil for a speed that no divisor comes
  /// near, and for 0, which is a hang-up.
  ///
  /// Source: PC16550D, table III: a receiver stands some 3 % of difference.
  init?(_ modes: Termios, _ settings: SerialSettings) {
    lineControl = Self.lineControl(modes.control).rawValue
    if modes.outputSpeed == SerialSettings.aliasSpeed, let alias = settings.aliasDivisor {
      divisor = alias
      return
    }
    let speed = UInt64(modes.outputSpeed)
    guard speed > 0, let divisor = UInt16(exactly: (115_200 + speed / 2) / speed), divisor > 0 else { return nil }
    let real = speed * UInt64(divisor)
    let difference = real > 115_200 ? real - 115_200 : 115_200 - real
    guard difference * 100 <= 115_200 * 3 else { return nil }
    self.divisor = divisor
  }

  private static func lineControl(_ flags: ControlFlags) -> UART16550.LineControl {
    var format = UART16550.LineControl()
    // CS5 to CS8 are 0 to 3, from bit 4 up.
    switch flags.intersection(.CSIZE).rawValue >> 4 {
    case 0: format.wordLength = .five
    case 1: format.wordLength = .six
    case 2: format.wordLength = .seven
    default: format.wordLength = .eight
    }
    format.moreStopBits = flags.contains(.CSTOPB)
    switch (flags.contains(.PARENB), flags.contains(.PARODD), flags.contains(.CMSPAR)) {
    case (false, _, _): format.parity = .absent
    case (true, false, false): format.parity = .even
    case (true, true, false): format.parity = .odd
    case (true, false, true): format.parity = .space
    case (true, true, true): format.parity = .mark
    }
    return format
  }
}

extension Termios {
  /// The modes that a serial port of this speed begins with: eight bits, no parity, no modem.
  static func serial(bitsPerSecond: UInt32) -> Termios {
    var modes = Termios()
    modes.setSpeed(bitsPerSecond)
    modes.control.insert(.CLOCAL)
    return modes
  }
}
