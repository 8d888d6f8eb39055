public import Foundations

/// What firmware calls a kind of device: `PNP0B00`, `QEMU0001`. Source: ACPI 6.5, section 6.1.5.
public struct HardwareIdentifier: Equatable, Sendable {
  /// Its characters, the first in the lowest byte; zeros behind the last.
  public let code: UInt64

  /// The identifier with the characters of `code`.
  public init(code: UInt64) { self.code = code }

  /// The identifier `text`; what is longer than eight characters is cut off.
  public init(_ text: String) {
    var code: UInt64 = 0
    var shift: UInt64 = 0
    for byte in text.utf8 where shift < 64 {
      code |= UInt64(byte) << shift
      shift += 8
    }
    self.code = code
  }

  /// How many characters it has, 0...8.
  public var count: Int { (64 - code.leadingZeroBitCount + 7) / 8 }

  /// Character `index`, 0..<count.
  public subscript(index: Int) -> UInt8 { UInt8(truncatingIfNeeded: code >> UInt64(truncatingIfNeeded: index * 8)) }

  /// Writes it. What is neither a letter nor a digit is written as `?`, because firmware may say anything.
  public func write(to sink: inout some TextSink & ~Copyable) {
    for index in 0..<count {
      let byte = self[index]
      let isPlain = (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
      sink.write(byte: isPlain ? byte : 0x3f)
    }
  }
}
