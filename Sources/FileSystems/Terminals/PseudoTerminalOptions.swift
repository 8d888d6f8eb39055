public import Foundations
public import Security
import Terminals
import VFS

/// What a devpts is mounted with. Source: mount(8), Linux Documentation/filesystems/devpts.rst.
public struct PseudoTerminalOptions: Sendable {
  /// The owner of slaves; nil for whoever opens the master. `uid=`.
  public var user: UserID?
  /// The group of slaves; nil for that of whoever opens the master. `gid=`.
  public var group: GroupID?
  /// The permissions of slaves. `mode=`.
  public var permissions: UInt16 = 0o600
  /// The permissions of `ptmx`: nobody's by default, so that /dev/ptmx beside it is used. `ptmxmode=`.
  public var masterPermissions: UInt16 = 0
  /// How many terminals there may be. `max=`.
  public var limit = PseudoTerminals.limit

  /// What holds without options.
  public init() {}

  /// What options separated by commas say, in place of what `self` says; `newinstance` is what every devpts is.
  ///
  /// - Throws: `EINVAL` for an option that is unknown, or without the number that it needs.
  public mutating func apply(_ text: Span<UInt8>) throws(Errno) {
    var start = 0
    while start < text.count {
      var end = start
      while end < text.count, text[end] != 0x2c { end += 1 }
      if end > start { try applyOne(text.extracting(start..<end)) }
      start = end + 1
    }
  }

  private mutating func applyOne(_ option: Span<UInt8>) throws(Errno) {
    if option.count == 11, option.starts(with: "newinstance") { return }
    if let value = Self.value(of: option, "uid=", radix: 10) {
      user = UserID(rawValue: value)
    } else if let value = Self.value(of: option, "gid=", radix: 10) {
      group = GroupID(rawValue: value)
    } else if let value = Self.value(of: option, "mode=", radix: 8) {
      permissions = UInt16(truncatingIfNeeded: value) & 0o777
    } else if let value = Self.value(of: option, "ptmxmode=", radix: 8) {
      masterPermissions = UInt16(truncatingIfNeeded: value) & 0o777
    } else if let value = Self.value(of: option, "max=", radix: 10) {
      guard value <= UInt32(PseudoTerminals.limit) else { throw .EINVAL }
      limit = Int(value)
    } else {
      throw .EINVAL
    }
  }

  /// The number behind `key`; nil when the option is another, or has no number.
  private static func value(of option: Span<UInt8>, _ key: String, radix: UInt32) -> UInt32? {
    let length = key.utf8.count
    guard option.starts(with: key), option.count > length else { return nil }
    var value: UInt32 = 0
    for index in length..<option.count {
      guard option[index] >= 0x30 else { return nil }
      let digit = UInt32(option[index] - 0x30)
      let (product, isTooLarge) = value.multipliedReportingOverflow(by: radix)
      let (sum, isOverflow) = product.addingReportingOverflow(digit)
      guard digit < radix, !isTooLarge, !isOverflow else { return nil }
      value = sum
    }
    return value
  }
}
