/// The bits of TIOCMGET and TIOCMSET. Source: ioctl_tty(2); Linux include/uapi/asm-generic/termios.h.
enum ModemBits {
  static let dataTerminalReady: UInt32 = 0x002
  static let requestToSend: UInt32 = 0x004
  static let clearToSend: UInt32 = 0x020
  static let carrierDetect: UInt32 = 0x040
  static let ringIndicator: UInt32 = 0x080
  static let dataSetReady: UInt32 = 0x100
  static let auxiliaryOutput1: UInt32 = 0x2000
  static let auxiliaryOutput2: UInt32 = 0x4000
  static let loopback: UInt32 = 0x8000
}
