import Foundations
import Machine
import SyntheticFiles

/// What programs write to attributes.
enum AttributeText {
  /// `text` without the newline behind it.
  @_lifetime(copy text)
  static func line(_ text: Span<UInt8>) -> Span<UInt8> {
    text.extracting(0..<(text.count > 0 && text[text.count - 1] == 0x0a ? text.count - 1 : text.count))
  }

  /// The number that `text` is.
  ///
  /// - Throws: `EINVAL` for none.
  static func number(_ text: Span<UInt8>) throws(Errno) -> UInt64 {
    guard let number = NumberText.integer(line(text)) else { throw .EINVAL }
    return number
  }

  /// What `text` says of something that is or is not. Source: Linux, kstrtobool.
  ///
  /// - Throws: `EINVAL` when it says neither.
  static func truth(_ text: Span<UInt8>) throws(Errno) -> Bool {
    guard text.count > 0 else { throw .EINVAL }
    switch text[0] {
    // 1, Y, T and 0, N, F in either case; what follows does not count.
    case 0x31, 0x59, 0x79, 0x54, 0x74: return true
    case 0x30, 0x4e, 0x6e, 0x46, 0x66: return false
    case 0x4f, 0x6f:
      // "on" and "off"
      guard text.count > 1 else { throw .EINVAL }
      switch text[1] | 0x20 {
      case 0x6e: return true
      case 0x66: return false
      default: throw .EINVAL
      }
    default: throw .EINVAL
    }
  }

  /// What a switch of Linux's buses takes for yes: whatever does not begin with 0.
  static func isYes(_ text: Span<UInt8>) -> Bool { !(text.count > 0 && text[0] == 0x30) }

  /// The hexadecimal number at `position`, behind spaces, which moves behind it; nil where there is none.
  ///
  /// - Throws: `EINVAL` for one of more than 32 bits, or what is none.
  static func nextHex(_ text: Span<UInt8>, _ position: inout Int) throws(Errno) -> UInt32? {
    while position < text.count, text[position] == 0x20 || text[position] == 0x09 { position += 1 }
    guard position < text.count else { return nil }
    if position + 1 < text.count, text[position] == 0x30, text[position + 1] | 0x20 == 0x78 { position += 2 }
    var (value, count): (UInt32, Int) = (0, 0)
    while position < text.count, let digit = digit(text[position]) {
      guard value >> 28 == 0 else { throw .EINVAL }
      value = value << 4 | digit
      position += 1
      count += 1
    }
    guard count > 0 else { throw .EINVAL }
    return value
  }

  private static func digit(_ byte: UInt8) -> UInt32? {
    switch byte {
    case 0x30...0x39: UInt32(byte) - 0x30
    case 0x41...0x46: UInt32(byte) - 0x37
    case 0x61...0x66: UInt32(byte) - 0x57
    default: nil
    }
  }
}

extension SyntheticDirectory {
  /// Adds a file that is only written, by the superuser.
  func addAction(
    _ name: StaticString, permissions: UInt16 = 0o200, _ action: @escaping WholeText.Acceptor
  ) throws(Errno) {
    // As Linux refuses to open it for reading, whoever asks.
    try add(
      name, permissions: permissions, { (_: inout TextBuffer) throws(Errno) in throw .EACCES }, accepts: action)
  }

  /// Adds a file that does something when a number other than 0 is written.
  func addSwitch(
    _ name: StaticString, permissions: UInt16 = 0o200, _ action: @escaping () throws(Errno) -> Void
  ) throws(Errno) {
    try addAction(name, permissions: permissions) { (text: Span<UInt8>) throws(Errno) in
      if try AttributeText.number(text) != 0 { try action() }
    }
  }

  /// Adds a word that does not change.
  func addWord(_ name: StaticString, _ word: StaticString) throws(Errno) {
    try add(name) { text in
      text.write(word.description)
      text.write("\n")
    }
  }

  /// Adds a number in hexadecimal behind `0x`.
  func addHex(_ name: StaticString, _ value: UInt64, width: Int) throws(Errno) {
    try add(name) { text in
      text.write("0x")
      text.write(hex: value, width: width)
      text.write("\n")
    }
  }

  /// Removes a name.
  func remove(named name: StaticString) {
    let text: Message = "\(name.description)"
    remove(text.bytes)
  }
}
