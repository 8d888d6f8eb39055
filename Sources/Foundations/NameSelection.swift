/// A choice of named things, as a parameter of the command line makes it: exact names, groups, or `all`, separated by commas.
///
/// A name is `group.what`. The text is copied, cut off behind its first 1,024 bytes.
public struct NameSelection: Sendable {
  private var storage = InlineArray<1024, UInt8>(repeating: 0)
  private var count = 0

  /// The selection that `text` makes.
  public init(_ text: Span<UInt8>) {
    for index in text.indices where count < 1024 {
      storage[count] = text[index]
      count += 1
    }
  }

  /// Whether `name` is meant: by itself, by its group, or by `all`.
  public func contains(_ name: String) -> Bool {
    matches { item in item.isEqual(to: "all") || item.isEqual(to: name) || item.isGroup(of: name) }
  }

  /// Whether `name` itself is there.
  public func namesExactly(_ name: String) -> Bool {
    matches { item in item.isEqual(to: name) }
  }

  /// Whether the text is `word` and nothing else.
  public func isOnly(_ word: String) -> Bool {
    storage.span.extracting(0..<count).isEqual(to: word)
  }

  private func matches(_ accept: (Span<UInt8>) -> Bool) -> Bool {
    let bytes = storage.span.extracting(0..<count)
    var start = 0
    for end in 0...count where end == count || bytes[end] == 0x2c {
      if accept(bytes.extracting(start..<end)) { return true }
      start = end + 1
    }
    return false
  }
}

extension Span<UInt8> {
  /// Whether this is the part before the first dot of `name`.
  fileprivate func isGroup(of name: String) -> Bool {
    var index = 0
    for byte in name.utf8 {
      if byte == 0x2e { return index == count }
      guard index < count, self[index] == byte else { return false }
      index += 1
    }
    return false
  }
}
