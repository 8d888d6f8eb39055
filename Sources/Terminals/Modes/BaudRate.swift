/// The speeds that `c_cflag` has codes for. Source: Linux include/uapi/asm-generic/termbits.h, asm/termbits.h.
enum BaudRate {
  /// How far the code of the input speed is above that of the output speed. IBSHIFT.
  private static let inputShift: UInt32 = 16

  /// The bits a second of a code without `BOTHER`'s bit set alone; 0 for a hang-up and for codes that mean nothing.
  static func speed(ofCode code: UInt32) -> UInt32 {
    switch code {
    case 1: 50
    case 2: 75
    case 3: 110
    case 4: 134
    case 5: 150
    case 6: 200
    case 7: 300
    case 8: 600
    case 9: 1200
    case 10: 1800
    case 11: 2400
    case 12: 4800
    case 13: 9600
    case 14: 19200
    case 15: 38400
    case 0x1001: 57600
    case 0x1002: 115_200
    case 0x1003: 230_400
    case 0x1004: 460_800
    case 0x1005: 500_000
    case 0x1006: 576_000
    case 0x1007: 921_600
    case 0x1008: 1_000_000
    case 0x1009: 1_152_000
    case 0x100a: 1_500_000
    case 0x100b: 2_000_000
    case 0x100c: 2_500_000
    case 0x100d: 3_000_000
    case 0x100e: 3_500_000
    case 0x100f: 4_000_000
    default: 0
    }
  }

  /// Bits a second from the computer.
  static func output(_ modes: Termios) -> UInt32 {
    let code = modes.control.intersection(.CBAUD).rawValue
    return code == ControlFlags.BOTHER.rawValue ? modes.outputSpeed : speed(ofCode: code)
  }

  /// Bits a second towards the computer: as from it, if there is no code of its own.
  static func input(_ modes: Termios) -> UInt32 {
    let code = (modes.control.rawValue >> inputShift) & ControlFlags.CBAUD.rawValue
    switch code {
    case 0: return output(modes)
    case ControlFlags.BOTHER.rawValue: return modes.inputSpeed
    default: return speed(ofCode: code)
    }
  }
}

extension Termios {
  /// Sets the speed in both directions, by its code if it has one.
  public mutating func setSpeed(_ bitsPerSecond: UInt32) {
    var code = ControlFlags.BOTHER
    // The code of a hang-up is 0, as its speed is.
    if bitsPerSecond == 0 { code = [] }
    for number in 1...UInt32(15) {
      let faster = ControlFlags.BOTHER.rawValue | number
      if BaudRate.speed(ofCode: number) == bitsPerSecond { code = ControlFlags(rawValue: number) }
      if BaudRate.speed(ofCode: faster) == bitsPerSecond { code = ControlFlags(rawValue: faster) }
    }
    control.subtract(ControlFlags.CBAUD.union(ControlFlags(rawValue: ControlFlags.CBAUD.rawValue << 16)))
    control.formUnion(code)
    (inputSpeed, outputSpeed) = (bitsPerSecond, bitsPerSecond)
  }

  /// The modes with the speeds that the codes stand for.
  func withSpeeds() -> Termios {
    var modes = self
    modes.inputSpeed = BaudRate.input(self)
    modes.outputSpeed = BaudRate.output(self)
    return modes
  }
}
