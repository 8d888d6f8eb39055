import Foundations
import Machine
import Processes
import SyntheticFiles

/// Numbers as programs write them to files.
enum ControlText {
  /// The number that `text` is, with white space around it and a sign before it; nil when it is none.
  static func integer(_ text: Span<UInt8>) -> Int64? {
    let word = trimmed(text)
    guard word.count > 0 else { return nil }
    let isNegative = word[0] == 0x2d
    guard let value = NumberText.integer(isNegative ? word.extracting(1..<word.count) : word) else { return nil }
    guard let positive = Int64(exactly: value) else { return nil }
    return isNegative ? -positive : positive
  }

  /// `text` without the white space and zeros around it.
  @_lifetime(copy text)
  static func trimmed(_ text: Span<UInt8>) -> Span<UInt8> {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0 || byte >= 9 && byte <= 13 }
    var (start, end) = (0, text.count)
    while start < end, isSpace(text[start]) { start += 1 }
    while end > start, isSpace(text[end - 1]) { end -= 1 }
    return text.extracting(start..<end)
  }
}

extension SyntheticDirectory {
  /// Adds a number that may be set within `range`.
  func addNumber(
    _ name: StaticString, _ range: ClosedRange<Int64>, _ value: @escaping () -> Int64,
    set: @escaping (Int64) throws(Errno) -> Void
  ) throws(Errno) {
    try add(
      name, permissions: 0o644,
      { text in
        text.write(decimal: Int(value()))
        text.write("\n")
      },
      accepts: { (text: Span<UInt8>) throws(Errno) in
        guard let number = ControlText.integer(text), range.contains(number) else { throw .EINVAL }
        try set(number)
      })
  }

  /// Adds a number that cannot be set.
  func addNumber(_ name: StaticString, _ value: @escaping () -> Int64) throws(Errno) {
    try add(name) { text in
      text.write(decimal: Int(value()))
      text.write("\n")
    }
  }

  /// Adds a name of the system's that may be set.
  func addName(
    _ name: StaticString, _ value: @escaping () -> SystemName, set: @escaping (SystemName) -> Void
  ) throws(Errno) {
    try add(
      name, permissions: 0o644,
      { text in
        let value = value()
        text.write(value.bytes)
        text.write("\n")
      },
      accepts: { (text: Span<UInt8>) throws(Errno) in
        // Up to the end of the line. What is too long is cut off.
        var end = 0
        while end < text.count, text[end] != 0x0a, text[end] != 0 { end += 1 }
        set(SystemName(text.extracting(0..<end)))
      })
  }

  /// Adds a text that cannot be set.
  func addText(_ name: StaticString, _ value: @escaping () -> StaticString) throws(Errno) {
    try add(name) { text in
      text.write(value().description)
      text.write("\n")
    }
  }
}
