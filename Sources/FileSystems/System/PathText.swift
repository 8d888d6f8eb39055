import Foundations
import Machine
import SyntheticFiles

/// A path or a part of one, as it is kept.
final class PathText {
  private let text: GrowableArray<UInt8>

  private init(_ text: consuming GrowableArray<UInt8>) { self.text = text }

  /// The texts, one behind the other.
  ///
  /// No variadic parameter: of two arrays of constants in one function the kernel's compiler has taken one for the other.
  convenience init(
    _ first: String, _ second: String = "", _ third: String = "", _ fourth: String = ""
  ) throws(Errno) {
    var text = GrowableArray<UInt8>()
    for byte in first.utf8 { try text.append(byte) }
    for byte in second.utf8 { try text.append(byte) }
    for byte in third.utf8 { try text.append(byte) }
    for byte in fourth.utf8 { try text.append(byte) }
    self.init(text)
  }

  /// A copy of `bytes`.
  convenience init(_ bytes: Span<UInt8>) throws(Errno) {
    var text = GrowableArray<UInt8>()
    for index in bytes.indices { try text.append(bytes[index]) }
    self.init(text)
  }

  /// `directory`, a slash, and `name`.
  convenience init(_ directory: PathText, _ name: Span<UInt8>) throws(Errno) {
    var text = GrowableArray<UInt8>()
    for index in 0..<directory.text.count { try text.append(directory.text[index]) }
    try text.append(0x2f)
    for index in name.indices { try text.append(name[index]) }
    self.init(text)
  }

  /// Runs `body` with its bytes.
  func withBytes<Result>(_ body: (Span<UInt8>) throws(Errno) -> Result) throws(Errno) -> Result {
    try Self.pass(text, to: body)
  }

  /// Its own function, because a span of a class's property may not leave the expression.
  private static func pass<Result>(
    _ text: borrowing GrowableArray<UInt8>, to body: (Span<UInt8>) throws(Errno) -> Result
  ) throws(Errno) -> Result {
    try body(text.span)
  }

  /// How many components it has.
  var depth: Int {
    var count = 1
    for index in 0..<text.count where text[index] == 0x2f { count += 1 }
    return count
  }

  /// How a link in this directory leads to `target`: so many directories up, and then `target` from that byte on.
  ///
  /// As short as it gets, without naming the target's own end by going up to it. Source: Linux, fs/kernfs/symlink.c.
  func way(to target: PathText) -> (up: Int, start: Int) {
    var (start, common, position) = (0, 0, 0)
    while position < text.count, position < target.text.count, text[position] == target.text[position] {
      position += 1
      let endsHere = position == text.count || text[position] == 0x2f
      guard endsHere, position < target.text.count, target.text[position] == 0x2f else { continue }
      (start, common) = (position + 1, common + 1)
    }
    return (depth - common, start)
  }

  /// Writes it from a byte on.
  func write(from start: Int, to buffer: inout TextBuffer) {
    guard start >= 0 else { return }
    var index = start
    while index < text.count {
      buffer.write(byte: text[index])
      index += 1
    }
  }
}

extension SyntheticDirectory {
  func add(_ name: PathText, _ inode: SyntheticInode) throws(Errno) {
    try name.withBytes { name throws(Errno) in try add(name, inode) }
  }

  func remove(_ name: PathText) {
    // Removing cannot fail.
    try? name.withBytes { name throws(Errno) in remove(name) }
  }
}

extension TextBuffer {
  mutating func write(_ path: PathText) {
    // Writing cannot fail.
    try? path.withBytes { path throws(Errno) in write(path) }
  }
}
