import Foundations

/// Text that has to fit into columns of a screen.
enum FittedText {
  /// How many columns `text` takes.
  static func width(_ text: Span<UInt8>) -> Int {
    var walk = Walk(text)
    var width = 0
    while let next = walk.next() { width &+= next.columns }
    return width
  }

  /// Writes `text`; when it is wider than `width`, what fits before `…`. Control characters and malformed bytes are left out.
  ///
  /// - Returns: the columns that it took.
  @discardableResult
  static func write(_ text: Span<UInt8>, width: Int, to sink: inout some TextSink & ~Copyable) -> Int {
    guard width > 0 else { return 0 }
    let isCut = Self.width(text) > width
    let limit = isCut ? width &- 1 : width
    var walk = Walk(text)
    var used = 0
    while let next = walk.next() {
      guard used &+ next.columns <= limit else { break }
      sink.write(text.extracting(next.bytes))
      used &+= next.columns
    }
    guard isCut else { return used }
    sink.write("…")
    return used &+ 1
  }

  /// Goes through the characters of a text.
  private struct Walk: ~Escapable {
    private let text: Span<UInt8>
    private var position = 0

    @_lifetime(copy text)
    init(_ text: Span<UInt8>) { self.text = text }

    /// The place of the next character that can be seen, and how many columns it takes.
    mutating func next() -> (bytes: Range<Int>, columns: Int)? {
      var decoder = UTF8Decoder()
      var start = position
      while position < text.count {
        switch decoder.decode(text[position]) {
        case .incomplete: position &+= 1
        case .malformed:
          position &+= 1
          start = position
        case .malformedBeforeByte: start = position
        case .scalar(let scalar):
          position &+= 1
          if scalar.value >= 0x20 && !(0x7f...0x9f).contains(scalar.value) {
            return (start..<position, CharacterWidth.columns(scalar))
          }
          start = position
        }
      }
      return nil
    }
  }
}
