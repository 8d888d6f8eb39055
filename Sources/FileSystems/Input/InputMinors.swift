import Foundations
import Machine

/// The minor numbers of files in /dev/input. Source: Linux Documentation/admin-guide/devices.txt, 13 char, and
/// drivers/input/input.c, input_get_new_minor.
struct InputMinors: ~Copyable {
  /// mouse0 to mouse30.
  static var mice: Range<UInt32> { 32..<63 }
  /// All mice together.
  static var allMice: UInt32 { 63 }
  /// event0 to event31.
  static var events: Range<UInt32> { 64..<96 }
  /// For those that have no room in theirs.
  static var others: Range<UInt32> { 256..<1024 }

  private var taken = GrowableArray<UInt32>()

  /// Takes the lowest number of `range` that is free, or of `others`.
  ///
  /// - Throws: `ENOSPC`, `ENOMEM`.
  mutating func take(from range: Range<UInt32>) throws(Errno) -> UInt32 {
    guard let minor = firstFree(range) ?? firstFree(Self.others) else { throw .ENOSPC }
    try taken.append(minor)
    return minor
  }

  private func firstFree(_ range: Range<UInt32>) -> UInt32? {
    var minor = range.lowerBound
    while minor < range.upperBound {
      if !isTaken(minor) { return minor }
      minor += 1
    }
    return nil
  }

  private func isTaken(_ minor: UInt32) -> Bool {
    for index in 0..<taken.count where taken[index] == minor { return true }
    return false
  }

  /// Gives a number back.
  mutating func release(_ minor: UInt32) {
    for index in 0..<taken.count where taken[index] == minor {
      _ = taken.remove(at: index)
      return
    }
  }
}
