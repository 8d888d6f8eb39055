import Foundations

/// A name from the PCI ID list, still packed; writing it unpacks it.
public struct PCIName: Equatable, Sendable {
  /// Where its bytes stand among the table's texts.
  let place: Int
}

extension PCIIdentifierTable {
  /// No name is longer than this; a text without an end is cut there.
  private static let textLimit = 512

  /// Writes a name that this table gave.
  public func write(_ name: PCIName, to sink: inout some TextSink & ~Copyable) {
    let texts = texts.utf8Span.span
    let words = words.utf8Span.span
    var place = name.place
    for _ in 0..<Self.textLimit {
      guard place >= 0, place < texts.count, texts[place] != 0 else { return }
      let code = texts[place]
      switch code {
      case 0x20...: sink.write(byte: code)
      case 0x1f:
        if let scalar = PCIColumn.number(texts, place + 1, byteCount: 3) { Self.write(scalar: scalar, to: &sink) }
        place += 3
      default:
        guard let low = PCIColumn.number(texts, place + 1, byteCount: 1) else { return }
        let index = (Int(code) - 1) << 7 | low
        let starts = wordStarts.utf8Span.span
        guard let start = PCIColumn.number(starts, index * 3, byteCount: 3),
          let end = PCIColumn.number(starts, index * 3 + 3, byteCount: 3), start <= end, end <= words.count
        else { return }
        sink.write(words.extracting(start..<end))
        place += 1
      }
      place += 1
    }
  }

  /// Writes a character of U+0080...U+FFFF as UTF-8; the list has no others.
  private static func write(scalar: Int, to sink: inout some TextSink & ~Copyable) {
    if scalar >= 0x800 {
      sink.write(byte: 0xe0 | UInt8(truncatingIfNeeded: scalar >> 12 & 0x0f))
      sink.write(byte: 0x80 | UInt8(truncatingIfNeeded: scalar >> 6 & 0x3f))
    } else {
      sink.write(byte: 0xc0 | UInt8(truncatingIfNeeded: scalar >> 6 & 0x1f))
    }
    sink.write(byte: 0x80 | UInt8(truncatingIfNeeded: scalar & 0x3f))
  }
}
