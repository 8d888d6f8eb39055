import DeviceFiles
import Foundations
import Registers

/// Which number a serial port has, as in /dev/ttyS1.
///
/// Source: Linux Documentation/admin-guide/devices.txt, 4 char: minor 64 is ttyS0; the order of the PC's own is that of its first ports
/// in Linux's arch/x86/include/asm/serial.h.
enum SerialNumbers {
  /// The first that cards have, and ports of the machine's own at an unusual place.
  static let firstOfCards = 4

  /// The number of the port whose registers begin at I/O port `address`; nil at an unusual place.
  static func number(at address: UInt16) -> Int? {
    switch address {
    case UART16550.com1: 0
    case UART16550.com2: 1
    case UART16550.com3: 2
    case UART16550.com4: 3
    default: nil
    }
  }

  /// A file with that number, or the next that is free.
  static func template(from number: Int) -> DeviceFileTemplate {
    var template = DeviceFileTemplate("ttyS", .counted(from: number), .fixed(4), driver: "ttyS", className: "tty")
    template.firstMinor = 64
    template.permissions = 0o600
    return template
  }
}

/// Where a serial port of the machine's own is.
struct SerialPlace: Sendable {
  /// Its first I/O port.
  var address: UInt16
  /// Its interrupt line; nil when it has none.
  var line: UInt32?

  /// Writes the address in hexadecimal with capitals, as /sys has it.
  func writeAddress(to sink: inout some TextSink & ~Copyable) {
    var shift: UInt16 = 16 - UInt16(max(0, address.leadingZeroBitCount / 4 * 4))
    repeat {
      shift = shift < 4 ? 0 : shift - 4
      let digit = UInt8(truncatingIfNeeded: address >> shift & 0xf)
      sink.write(byte: digit < 10 ? 0x30 + digit : 0x37 + digit)
    } while shift > 0
  }
}
