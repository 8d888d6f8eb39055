/// Which driver takes which PCI function, from `Specs/pci/drivers.json`.
public struct PCIDriverSpec: SpecModel {
  /// Whether a driver exists yet.
  public enum Status: String, Decodable, Sendable {
    case done, planned
  }

  /// What a function must have for a driver to take it.
  public struct Match: Decodable, Sendable {
    let vendor: Located<String>?
    let device: Located<String>?
    let lastDevice: Located<String>?
    let subsystemVendor: Located<String>?
    let subsystemDevice: Located<String>?
    let `class`: Located<String>?
    let priority: Located<Int>?
  }

  /// A driver.
  public struct Driver: Decodable, Sendable {
    /// The name of the Swift enumeration case.
    public let identifier: Located<String>
    /// What programs see in /sys, where that is not the identifier.
    public let linuxName: Located<String>?
    /// What it drives, as a sentence.
    public let summary: String
    /// Whether it exists yet.
    public let status: Status
    /// What it takes.
    public let matches: [Match]
  }

  /// The file name of the schema.
  public static let schema = "pci-drivers.schema.json"

  /// The documents behind the numbers.
  public let sources: [String]
  /// The drivers.
  public let drivers: [Driver]

  /// How many matches there are.
  public var entryCount: Int { drivers.reduce(0) { $0 + $1.matches.count } }

  /// Reports names used twice, empty ranges, and functions that two drivers would take with equal right.
  public func check(_ context: inout CheckContext) {
    context.reportDuplicates(of: "identifier", in: drivers.map(\.identifier))
    for driver in drivers {
      SwiftName.check(driver.identifier, &context)
      if let name = driver.linuxName, name.value == driver.identifier.value {
        context.report(name, "the identifier is \(name.value) already", "leave out \"linuxName\"")
      }
      for match in driver.matches {
        if let last = match.lastDevice, let first = match.device, last.value <= first.value {
          context.report(
            last, "the range runs from \(first.value) to \(last.value)", "write a higher number or leave it out")
        }
        if match.isEmpty, let place = match.class {
          context.report(place, "the match takes every function", "say which ones, by vendor or class")
        }
      }
    }
    checkConflicts(&context)
  }

  private func checkConflicts(_ context: inout CheckContext) {
    var earlier: [(driver: Int, match: Match)] = []
    for (number, driver) in drivers.enumerated() {
      for match in driver.matches {
        let conflict = earlier.first { $0.match.rank == match.rank && $0.match.sharesFunction(with: match) }
        if let conflict, let place = match.firstMember {
          let other = drivers[conflict.driver].identifier
          context.report(
            place,
            conflict.driver == number
              ? "another match of \(other.value) takes some of these functions already"
              : "\(other.value) on line \(other.position.line) takes some of these functions with equal right",
            conflict.driver == number ? "remove one" : "give one of the two a \"priority\"")
        }
        earlier.append((number, match))
      }
    }
  }
}

extension PCIDriverSpec.Driver {
  /// The name that programs see: Linux's.
  var visibleName: String { linuxName?.value ?? identifier.value }
}

extension PCIDriverSpec.Match {
  /// A value and the bits of it that count.
  struct Pattern: Hashable {
    var value: UInt32
    var mask: UInt32
  }

  /// How strongly the match counts: the priority, then how exactly it names functions.
  struct Rank: Hashable, Comparable {
    var priority: Int
    var exactness: Int

    static func < (left: Rank, right: Rank) -> Bool {
      left.priority == right.priority ? left.exactness < right.exactness : left.priority < right.priority
    }
  }

  private static func number(_ digits: Located<String>?) -> UInt16? { digits.flatMap { UInt16($0.value, radix: 16) } }

  var vendorNumber: UInt16? { Self.number(vendor) }
  /// The device numbers that it takes; nil for all.
  var devices: ClosedRange<UInt16>? {
    Self.number(device).map { $0...max($0, Self.number(lastDevice) ?? $0) }
  }
  var subsystemVendorNumber: UInt16? { Self.number(subsystemVendor) }
  var subsystemDeviceNumber: UInt16? { Self.number(subsystemDevice) }
  /// The class codes that it takes; nil for all.
  var classPattern: Pattern? {
    self.class.map { text in
      text.value.reduce(into: Pattern(value: 0, mask: 0)) { pattern, digit in
        pattern.value = pattern.value << 4 | UInt32(digit.hexDigitValue ?? 0)
        pattern.mask = pattern.mask << 4 | (digit == "x" ? 0 : 15)
      }
    }
  }

  var isEmpty: Bool { vendor == nil && subsystemVendor == nil && (classPattern?.mask ?? 0) == 0 }

  /// Subsystem counts before device, device before vendor, vendor before class, and more digits of a class before fewer.
  var rank: Rank {
    var exactness = (classPattern?.mask.nonzeroBitCount ?? 0) / 4
    if vendor != nil { exactness += 8 }
    if device != nil { exactness += lastDevice == nil ? 32 : 16 }
    if subsystemVendor != nil { exactness += 64 }
    if subsystemDevice != nil { exactness += 128 }
    return Rank(priority: priority?.value ?? 0, exactness: exactness)
  }

  /// Where a message about the match points to.
  var firstMember: Located<String>? { vendor ?? self.class ?? subsystemVendor }

  /// Whether one function can fulfil both.
  func sharesFunction(with other: Self) -> Bool {
    func agree<Number: Equatable>(_ left: Number?, _ right: Number?) -> Bool {
      left == nil || right == nil || left == right
    }
    guard agree(vendorNumber, other.vendorNumber), agree(subsystemVendorNumber, other.subsystemVendorNumber),
      agree(subsystemDeviceNumber, other.subsystemDeviceNumber)
    else { return false }
    if let devices, let others = other.devices, !devices.overlaps(others) { return false }
    if let pattern = classPattern, let second = other.classPattern {
      return (pattern.value ^ second.value) & pattern.mask & second.mask == 0
    }
    return true
  }
}
