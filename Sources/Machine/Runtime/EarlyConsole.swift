import Boot

/// The first serial port, written blindly: for what must be said when nothing else can be relied upon.
///
/// It takes no lock, allocates nothing and waits a bounded time for each byte. Source: National Semiconductor PC16550D.
public enum EarlyConsole {
  private static let port: UInt16 = 0x3f8
  private static let lineStatus: UInt16 = port + 5
  private static let transmitterEmpty: UInt8 = 1 << 5

  /// Sends one byte.
  public static func write(_ byte: UInt8) {
    var attempts = 100_000
    while apus_in8(lineStatus) & transmitterEmpty == 0 && attempts > 0 {
      attempts -= 1
      apus_pause()
    }
    apus_out8(port, byte)
  }

  /// Sends a text with CR before each LF.
  public static func write(_ text: StaticString) {
    // SAFETY: a static string's bytes are constants of the image.
    for index in 0..<text.utf8CodeUnitCount {
      let byte = unsafe text.utf8Start[index]
      if byte == 0x0a { write(0x0d) }
      write(byte)
    }
  }

  /// Sends `value` as 16 hexadecimal digits.
  public static func write(hexadecimal value: UInt64) {
    write("0x")
    for shift in stride(from: 60, through: 0, by: -4) {
      let digit = UInt8(truncatingIfNeeded: value >> UInt64(shift) & 15)
      write(digit < 10 ? 0x30 + digit : 0x57 + digit)
    }
  }

  /// Reports a trap that nobody is there to handle: before the delegate is set, or inside the report of another.
  public static func reportUnhandled(_ frame: borrowing TrapFrame) {
    write("\nApus: vector ")
    write(hexadecimal: UInt64(frame.vector))
    write(" with no handler\n  rip ")
    write(hexadecimal: frame.instructionPointer)
    write(" error ")
    write(hexadecimal: frame.errorCode)
    write(" cr2 ")
    write(hexadecimal: apus_read_cr2())
    write(" rsp ")
    write(hexadecimal: frame.stackPointer)
    write("\n")
  }
}
