/// Somewhere that text goes: a console, a buffer, a report. Text is UTF-8 bytes; nothing here allocates.
public protocol TextSink: ~Copyable {
  /// Takes `bytes`, which may end in the middle of a character.
  mutating func write(_ bytes: Span<UInt8>)
}

extension TextSink where Self: ~Copyable {
  /// Writes `text`, by way of a small buffer; see `SpanText.swift` for why not by its `utf8Span`.
  public mutating func write(_ text: String) {
    var chunk = InlineArray<64, UInt8>(repeating: 0)
    var count = 0
    for byte in text.utf8 {
      chunk[count] = byte
      count += 1
      if count == 64 {
        write(chunk.span)
        count = 0
      }
    }
    if count > 0 { write(chunk.span.extracting(0..<count)) }
  }

  /// Writes one byte.
  @inlinable
  public mutating func write(byte: UInt8) {
    let bytes: InlineArray<1, UInt8> = [byte]
    write(bytes.span)
  }

  /// Writes `byte` `count` times.
  public mutating func write(repeating byte: UInt8, count: Int) {
    guard count > 0 else { return }
    for _ in 0..<count { write(byte: byte) }
  }

  /// Writes `value` in decimal, right-aligned in `width` columns with `padding`.
  public mutating func write(decimal value: UInt64, width: Int = 0, padding: UInt8 = 0x20) {
    var digits = InlineArray<20, UInt8>(repeating: 0x30)
    var first = 20
    var rest = value
    repeat {
      first &-= 1
      digits[first] = 0x30 &+ UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    } while rest != 0
    write(repeating: padding, count: width - (20 - first))
    write(digits.span.extracting(first..<20))
  }

  /// Writes `value` in decimal.
  @inlinable
  public mutating func write(decimal value: Int) {
    if value < 0 { write(byte: 0x2d) }
    write(decimal: UInt64(value.magnitude))
  }

  /// Writes `value` in hexadecimal with at least `width` digits, 16 at most, without a prefix.
  public mutating func write(hex value: UInt64, width: Int = 1) {
    var digits = InlineArray<16, UInt8>(repeating: 0x30)
    var first = 16
    var rest = value
    repeat {
      first &-= 1
      let digit = UInt8(truncatingIfNeeded: rest & 15)
      digits[first] = digit < 10 ? 0x30 &+ digit : 0x57 &+ digit
      rest >>= 4
    } while rest != 0
    first = max(0, min(first, 16 - width))
    write(digits.span.extracting(first..<16))
  }

  /// Writes a number of bytes in the largest binary unit that leaves at least two digits or none over: `640 KiB`, `62.5 MiB`.
  public mutating func write(byteCount: UInt64) {
    var unit = 0
    var scale: UInt64 = 1
    while unit < 5 && byteCount / scale >= 1024 {
      scale <<= 10
      unit += 1
    }
    write(decimal: byteCount / scale)
    let tenths = byteCount % scale * 10 / scale
    if unit > 0 && byteCount / scale < 100 && tenths > 0 {
      write(byte: 0x2e)
      write(decimal: tenths)
    }
    switch unit {
    case 0: write(" B")
    case 1: write(" KiB")
    case 2: write(" MiB")
    case 3: write(" GiB")
    case 4: write(" TiB")
    default: write(" PiB")
    }
  }

  /// Writes a duration in the largest unit that has a whole number: `850 ns`, `12.3 µs`, `1.24 ms`, `2.05 s`.
  public mutating func write(nanoseconds: UInt64) {
    switch nanoseconds {
    case 0..<1_000:
      write(decimal: nanoseconds)
      write(" ns")
    case 1_000..<1_000_000: write(nanoseconds, per: 1_000, " µs")
    case 1_000_000..<1_000_000_000: write(nanoseconds, per: 1_000_000, " ms")
    default: write(nanoseconds, per: 1_000_000_000, " s")
    }
  }

  /// Writes `value / unit` with three significant digits.
  private mutating func write(_ value: UInt64, per unit: UInt64, _ name: String) {
    let whole = value / unit
    write(decimal: whole)
    if whole < 10 {
      write(byte: 0x2e)
      write(decimal: value % unit * 100 / unit, width: 2, padding: 0x30)
    } else if whole < 100 {
      write(byte: 0x2e)
      write(decimal: value % unit * 10 / unit)
    }
    write(name)
  }
}
