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

  private struct Table: ~Copyable {
    var holders = GrowableArray<Holder>()
  }

  private static let table = SpinLock(Table())
  private static var range: ClosedRange<UInt32> { 234...254 }

  /// The number of the driver `name`, the same each time.
  ///
  /// - Throws: `EBUSY` when none is left, `ENOMEM`.
  /// - Context: any.
  public static func major(of name: StaticString, _ kind: FileKind) throws(Errno) -> UInt32 {
    try table.withLock { table throws(Errno) in
      var lowest = range.upperBound + 1
      for index in 0..<table.holders.count where table.holders[index].kind == kind {
        if Self.isSame(table.holders[index].name, name) { return table.holders[index].major }
        lowest = min(lowest, table.holders[index].major)
      }
      guard lowest > range.lowerBound else { throw .EBUSY }
      try table.holders.append(Holder(kind: kind, name: name, major: lowest - 1))
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

  private struct Table: ~Copyable {
    var families = GrowableArray<Family>()
  }

  private static let table = SpinLock(Table())

  /// Takes the lowest number from `first` on that no device named `name` has.
  ///
  /// - Throws: `ENOSPC` when all are taken, `ENOMEM`.
  /// - Context: any.
  public static func take(_ name: StaticString, from first: Int) throws(Errno) -> Int {
    try table.withLock { table throws(Errno) in
      let place = try place(of: name, &table.families)
      guard (0..<limit).contains(first) else { throw .ENOSPC }
      for number in first..<limit where !table.families[place].taken[number >> 6][bit: number & 63] {
        table.families[place].taken[number >> 6][bit: number & 63] = true
        return number
      }
      throw .ENOSPC
    }
  }

  /// Keeps number `number` from every device named `name`, for somebody who makes the file himself.
  ///
  /// - Returns: what keeps it, as long as it lives.
  /// - Throws: `EBUSY` when a device has it, `ENOSPC` when there is no such number, `ENOMEM`.
  /// - Context: any.
  public static func hold(_ name: StaticString, _ number: Int) throws(Errno) -> HeldDeviceIndex {
    let taken = try take(name, from: number)
    guard taken == number else {
      release(name, taken)
      throw .EBUSY
    }
    return HeldDeviceIndex(name, number)
  }

  /// Gives a number back.
  ///
  /// - Context: any.
  public static func release(_ name: StaticString, _ number: Int) {
    guard (0..<limit).contains(number) else { return }
    table.withLock { table in
      for place in 0..<table.families.count where DynamicMajors.isSame(table.families[place].name, name) {
        table.families[place].taken[number >> 6][bit: number & 63] = false
      }
    }
  }

  private static func place(of name: StaticString, _ families: inout GrowableArray<Family>) throws(Errno) -> Int {
    for place in 0..<families.count where DynamicMajors.isSame(families[place].name, name) { return place }
    try families.append(Family(name: name))
    return families.count - 1
  }
}

/// A number that no device has while this lives. See `DeviceIndexes.hold`.
public final class HeldDeviceIndex {
  private let name: StaticString
  private let number: Int

  fileprivate init(_ name: StaticString, _ number: Int) { (self.name, self.number) = (name, number) }

  deinit { DeviceIndexes.release(name, number) }
}
