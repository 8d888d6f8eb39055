/// Comparing bytes with text, byte by byte.
///
/// A `String` is walked through its UTF-8 view and never through `utf8Span`: a text of 15 bytes or less lies in the value
/// itself, and Swift 6.3 may give its stack slot to something else while the span is still in use.
extension Span<UInt8> {
  /// Whether these are the bytes of `other`.
  public func isEqual(to other: Span<UInt8>) -> Bool {
    guard count == other.count else { return false }
    for index in indices where self[index] != other[index] { return false }
    return true
  }

  /// Whether these bytes are exactly those of `text`.
  public func isEqual(to text: String) -> Bool {
    count == text.utf8.count && starts(with: text)
  }

  /// Whether these bytes begin with those of `text`.
  public func starts(with text: String) -> Bool {
    var index = 0
    for byte in text.utf8 {
      guard index < count, self[index] == byte else { return false }
      index += 1
    }
    return true
  }
}
