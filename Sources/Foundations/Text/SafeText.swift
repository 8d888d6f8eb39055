/// Text of unknown origin for the eyes of a person.
public enum SafeText {
  /// Writes `bytes` to `sink`; control characters, and bytes that are no UTF-8, become `\x` and two hexadecimal digits.
  ///
  /// Tabs stay. Controls are U+0000...U+001F, U+007F...U+009F: the last can steer a terminal as escape sequences do.
  public static func write(_ bytes: Span<UInt8>, to sink: inout some TextSink & ~Copyable) {
    var decoder = UTF8Decoder()
    // Bytes before `start` are written; those from `start` to the decoder's place are one unfinished character.
    var start = 0
    var written = 0
    for index in bytes.indices {
      var step = decoder.decode(bytes[index])
      if step == .malformedBeforeByte {
        escape(bytes, start..<index, &written, &sink)
        start = index
        step = decoder.decode(bytes[index])
      }
      switch step {
      case .incomplete: continue
      case .malformed, .malformedBeforeByte: escape(bytes, start..<(index &+ 1), &written, &sink)
      case .scalar(let scalar):
        if isControl(scalar.value) { escape(bytes, start..<(index &+ 1), &written, &sink) }
      }
      start = index &+ 1
    }
    if start < bytes.count { escape(bytes, start..<bytes.count, &written, &sink) }
    sink.write(bytes.extracting(written..<bytes.count))
  }

  /// Writes what is good up to `range`, then the bytes of `range` in digits.
  private static func escape(
    _ bytes: Span<UInt8>, _ range: Range<Int>, _ written: inout Int, _ sink: inout some TextSink & ~Copyable
  ) {
    sink.write(bytes.extracting(written..<range.lowerBound))
    for index in range {
      sink.write("\\x")
      sink.write(hex: UInt64(bytes[index]), width: 2)
    }
    written = range.upperBound
  }

  private static func isControl(_ value: UInt32) -> Bool {
    (value < 0x20 && value != 0x09) || (0x7f...0x9f).contains(value)
  }
}
