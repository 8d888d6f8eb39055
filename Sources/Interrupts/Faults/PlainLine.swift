import Foundations

/// The text of a report as one line of the log.
enum PlainLine {
  /// The text without styles, control characters and the space that it begins with; where it went to a new line is a space.
  ///
  /// Styles are control sequences. Source: ECMA-48, 5.4.
  static func line(of text: Message) -> Message {
    var line = Message()
    var isBeginning = true
    var sequence = Sequence.none
    let bytes = text.bytes
    for index in bytes.indices {
      let byte = bytes[index]
      switch (sequence, byte) {
      case (.introduced, 0x5b): sequence = .parameters
      case (.introduced, _): sequence = .none
      case (.parameters, 0x40...0x7e): sequence = .none
      case (.parameters, _): continue
      case (.none, 0x1b): sequence = .introduced
      case (.none, 0x0a): if !isBeginning { line.write(byte: 0x20) }
      case (.none, 0..<0x20): continue
      case (.none, 0x20) where isBeginning: continue
      case (.none, _):
        isBeginning = false
        line.write(byte: byte)
      }
    }
    return line
  }

  /// Where in a control sequence a byte is.
  private enum Sequence {
    case none
    case introduced
    case parameters
  }
}
