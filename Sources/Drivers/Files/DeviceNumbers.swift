import Foundations
import Machine
public import VFS

/// Numbers of drivers that have none of their own: one for each name, from 254 down, as Linux gives them.
///
/// Source: Linux Documentation/admin-guide/devices.txt, "234-254 char RESERVED FOR DYNAMIC ASSIGNMENT".
public enum DynamicMajors {
  private struct Holder: ~Copyable {
    let kind: FileKind
    let name: StaticString
    let major: UInt32
  }

  private static let holders = SpinLock(GrowableArray<Holder>())
  private static var range: ClosedRange<UInt32> { 234...254 }

  /// The number of the driver `name`, the same each time.
  ///
  /// - Throws: `EBUSY` when none is left, `ENOMEM`.
  /// - Context: any.
  public static func major(of name: StaticString, _ kind: FileKind) throws(Errno) -> UInt32 {
    try holders.withLock { holders throws(Errno) in
      var lowest = range.upperBound + 1
      for index in 0..<holders.count where holders[index].kind == kind {
        if Self.isSame(holders[index].name, name) { return holders[index].major }
        lowest = min(lowest, holders[index].major)
      }
      guard lowest > range.lowerBound else { throw .EBUSY }
      try holders.append(Holder(kind: kind, name: name, major: lowest - 1))
      return lowest - 1
    }
  }

  static func isSame(_ first: StaticString, _ second: StaticString) -> Bool {
    let text: Message = "\(first.description)"
    return text.bytes.isEqual(to: second.description)
  }
}

/// Which numbers devices of one name have: the `0` of `rtc0`.
public enum DeviceIndexes {
  /// How many devices of one name there may be.
  public static var limit: Int { 256 }

  private struct Family: ~Copyable {
    let name: StaticString
    var taken = InlineArray<4, UInt64>(repeating: 0)
  }

  private static let families = SpinLock(GrowableArray<Family>())

  /// Takes the lowest number from `first` on that no device named `name` has.
  ///
  /// - Throws: `ENOSPC` when all are taken, `ENOMEM`.
  /// - Context: any.
  public static func take(_ name: StaticString, from first: Int) throws(Errno) -> Int {
    try families.withLock { families throws(Errno) in
      let place = try place(of: name, &families)
      guard (0..<limit).contains(first) else { throw .ENOSPC }
      for number in first..<limit where !families[place].taken[number >> 6][bit: number & 63] {
        families[place].taken[number >> 6][bit: number & 63] = true
        return number
      }
      throw .ENOSPC
    }
  }

  /// Gives a number back.
  ///
  /// - Context: any.
  public static func release(_ name: StaticString, _ number: Int) {
    guard (0..<limit).contains(number) else { return }
    families.withLock { families in
      for place in 0..<families.count where DynamicMajors.isSame(families[place].name, name) {
        families[place].taken[number >> 6][bit: number & 63] = false
      }
    }
  }

  private static func place(of name: StaticString, _ families: inout GrowableArray<Family>) throws(Errno) -> Int {
    for place in 0..<families.count where DynamicMajors.isSame(families[place].name, name) { return place }
    try families.append(Family(name: name))
    return families.count - 1
  }
}
