import Foundations

/// What a device is: `PNP0A03`, `ACPI0007`, `QEMU0002`. Source: ACPI 6.5, sections 6.1.5 and 6.1.2.
public struct ACPIIdentifier: Equatable, Sendable {
  private var characters: UInt64 = 0
  private var more: UInt64 = 0
  /// How many characters, 0...16.
  public private(set) var count = 0

  /// Creates an identifier; what is longer than 16 characters is cut off.
  public init(_ text: String) { for byte in text.utf8 { append(byte) } }

  /// Decodes a compressed EISA identifier: three letters of five bits and four hexadecimal digits.
  ///
  /// Source: ACPI 6.5, section 19.3.4 (EISAID).
  public init(eisa value: UInt32) {
    let bits = value.byteSwapped
    for shift: UInt32 in [26, 21, 16] { append(UInt8(truncatingIfNeeded: bits >> shift & 0x1f) &+ 0x40) }
    for shift: UInt32 in [12, 8, 4, 0] {
      let digit = UInt8(truncatingIfNeeded: bits >> shift & 0xf)
      append(digit < 10 ? 0x30 + digit : 0x37 + digit)
    }
  }

  /// Decodes an identifier that AML gave: a compressed number, or a text.
  public init?(_ object: borrowing AMLObject) {
    if let integer = object.exactInteger {
      self.init(eisa: UInt32(truncatingIfNeeded: integer))
    } else if object.isString {
      self.init("")
      for index in 0..<min(object.count, 16) { append(object.byte(index)) }
    } else {
      return nil
    }
  }

  private mutating func append(_ byte: UInt8) {
    guard count < 16 else { return }
    if count < 8 {
      characters |= UInt64(byte) << UInt64(count * 8)
    } else {
      more |= UInt64(byte) << UInt64(count * 8 - 64)
    }
    count += 1
  }

  /// Character `index`, 0..<count.
  public subscript(index: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: index < 8 ? characters >> UInt64(index * 8) : more >> UInt64(index * 8 - 64))
  }

  /// Writes the identifier.
  public func write(to sink: inout some TextSink & ~Copyable) {
    for index in 0..<count { sink.write(byte: self[index]) }
  }
}
