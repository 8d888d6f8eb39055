public import Foundations
import Machine
public import SerialDriver
public import SyntheticFiles

/// What the directory of a serial port in /sys/class/tty says.
///
/// Source: Linux Documentation/ABI/testing/sysfs-tty.
public enum SerialAttributes {
  private static let permissions: UInt16 = 0o440
  /// The clock is so many times as fast as the bits by a divisor of 1. Source: PC16550D, section 8.3.
  private static let clocksPerBit: UInt64 = 16

  /// Adds the texts of `port`.
  ///
  /// - Parameter number: which port it is, as in ttyS1.
  /// - Throws: `EEXIST`, `ENOMEM`.
  /// - Context: a thread without locks.
  public static func add<Space: RegisterSpace & ~Copyable>(
    to directory: SyntheticDirectory, of port: SerialTerminal<Space>, number: Int
  ) throws(Errno) {
    try addNumber("line", to: directory) { UInt64(truncatingIfNeeded: number) }
    try addNumber("type", to: directory) { UInt64(truncatingIfNeeded: port.information.kind) }
    try addNumber("irq", to: directory) { UInt64(truncatingIfNeeded: port.information.interrupt) }
    try addNumber("xmit_fifo_size", to: directory) { UInt64(truncatingIfNeeded: port.information.transmitterSize) }
    try addNumber("uartclk", to: directory) { UInt64(truncatingIfNeeded: port.information.baudBase) * clocksPerBit }
    try addNumber("custom_divisor", to: directory) { UInt64(truncatingIfNeeded: port.information.customDivisor) }
    try addNumber("close_delay", to: directory) { UInt64(port.information.closeDelay) }
    try addNumber("closing_wait", to: directory) { UInt64(port.information.closingWait) }
    try addHex("port", to: directory) { port.information.address }
    try addHex("flags", to: directory) { UInt64(port.information.flags.rawValue) }
    // Its registers are I/O ports next to each other.
    try addNumber("io_type", to: directory) { 0 }
    try addNumber("iomem_reg_shift", to: directory) { 0 }
    try addHex("iomem_base", to: directory) { 0 }
  }

  private static func addNumber(
    _ name: StaticString, to directory: SyntheticDirectory, _ value: @escaping () -> UInt64
  ) throws(Errno) {
    try directory.add(name, permissions: permissions) { text in text.write("\(value())\n" as Message) }
  }

  private static func addHex(
    _ name: StaticString, to directory: SyntheticDirectory, _ value: @escaping () -> UInt64
  ) throws(Errno) {
    try directory.add(name, permissions: permissions) { text in
      text.write("0x")
      writeUpper(value(), to: &text)
      text.write("\n")
    }
  }

  /// Writes `number` in hexadecimal with capitals.
  static func writeUpper(_ number: UInt64, to sink: inout some TextSink & ~Copyable) {
    var shift = UInt64(max(4, 64 - number.leadingZeroBitCount / 4 * 4))
    while shift > 0 {
      shift -= 4
      let digit = UInt8(truncatingIfNeeded: number >> shift & 0xf)
      sink.write(byte: digit < 10 ? 0x30 + digit : 0x37 + digit)
    }
  }
}
