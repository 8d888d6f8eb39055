public import Foundations

/// The options of a mount: names, each with a value or none, between commas. Source: mount(8).
public enum MountOptions {
  /// Calls `body` with each name and its value, which is empty where there is none.
  ///
  /// - Throws: what `body` throws.
  public static func forEach(
    in text: Span<UInt8>, _ body: (_ name: Span<UInt8>, _ value: Span<UInt8>) throws(Errno) -> Void
  ) throws(Errno) {
    var start = 0
    while start < text.count {
      var end = start
      var nameEnd: Int?
      while end < text.count && text[end] != UInt8(ascii: ",") {
        if nameEnd == nil && text[end] == UInt8(ascii: "=") { nameEnd = end }
        end += 1
      }
      let valueStart = nameEnd.map { $0 + 1 } ?? end
      if end > start { try body(text.extracting(start..<(nameEnd ?? end)), text.extracting(valueStart..<end)) }
      start = end + 1
    }
  }
}
