import DeviceFiles
import Foundations
import Registers

/// Which number a serial port has, as in /dev/ttyS1.
///
/// The PC's first four ports have numbers by their addresses; the number of one that is not there is free for any other port, and
/// those get the lowest that is.
///
/// Source: Linux Documentation/admin-guide/devices.txt, 4 char: minor 64 is ttyS0; the order of the PC's own is that of its first
/// ports in Linux's arch/x86/include/asm/serial.h; Documentation/admin-guide/kernel-parameters.txt, `8250.nr_uarts`.
enum SerialNumbers {
  /// The name before the number.
  static let name: StaticString = "ttyS"

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

  /// A file with that number, or the next that is free; with the lowest that is free for a port without a number of its own.
  static func template(from number: Int?) -> DeviceFileTemplate {
    var template = DeviceFileTemplate(name, .counted(from: number ?? 0), .fixed(4), driver: "ttyS", className: "tty")
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
}
