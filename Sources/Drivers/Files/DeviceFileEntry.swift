public import DriverKit
public import Foundations
import Machine
public import Security
public import VFS

/// What a driver says about a file of its device.
public struct DeviceFileTemplate {
  /// How the name ends.
  public enum Naming: Equatable, Sendable {
    /// As it is: `watchdog`.
    case plain
    /// With the lowest free number, this or higher: `rtc0`.
    case counted(from: Int)
    /// With the number of a device, a word, and that of a part of it: `vport0p1`.
    case part(of: Int, StaticString, Int)

    /// Whether both give the same names.
    public static func == (left: Naming, right: Naming) -> Bool {
      switch (left, right) {
      case (.plain, .plain): true
      case (.counted(let first), .counted(let second)): first == second
      case (.part(let first, let word, let part), .part(let second, let other, let same)):
        first == second && part == same && DynamicMajors.isSame(word, other)
      case (.plain, _), (.counted, _), (.part, _): false
      }
    }
  }

  /// Where the major number comes from.
  public enum Major: Equatable, Sendable {
    /// It is Linux's for such devices.
    case fixed(UInt32)
    /// It is the driver's for as long as the kernel runs: see `DynamicMajors`.
    case dynamic
  }

  /// The name in /dev, or its beginning.
  public var name: StaticString
  /// How it ends.
  public var naming: Naming
  /// Where the major number comes from.
  public var major: Major
  /// The minor number; for a counted name, that of number 0.
  public var firstMinor: UInt32 = 0
  /// `.characterDevice` or `.blockDevice`.
  public var kind = FileKind.characterDevice
  /// Who may open it.
  public var permissions: UInt16 = 0o600
  /// Whose group it is.
  public var group = GroupID.root
  /// The driver's name in /proc/devices.
  public var driverName: StaticString
  /// The class in /sys; nil for a file that has no place there.
  public var className: StaticString?
  /// What it is called in its class, if not as in /dev: only for a plain name.
  public var systemName: StaticString?
  /// Whether programs find it among what belongs to no device, `/sys/devices/virtual`, and not below its device.
  public var isVirtual = false
  /// Another name for the first of these, such as `rtc`.
  public var link: StaticString?
  /// Whether the device does without it when its name or number is taken.
  public var isOptional = false

  /// Describes a file that the superuser may open.
  public init(
    _ name: StaticString, _ naming: Naming, _ major: Major, driver: StaticString, className: StaticString?
  ) {
    (self.name, self.naming, self.major) = (name, naming, major)
    (driverName, self.className) = (driver, className)
  }

  func isSame(as other: DeviceFileTemplate) -> Bool {
    DynamicMajors.isSame(name, other.name) && naming == other.naming && major == other.major
      && firstMinor == other.firstMinor && kind == other.kind
  }
}

/// A file of a device, as it is: its name, its number, and who answers.
public final class DeviceFileEntry {
  /// What its driver said.
  public let template: DeviceFileTemplate
  /// Its name in /dev: a path without a leading slash.
  public let name: Message
  /// Its number.
  public let number: DeviceNumber
  /// Which of its name it is; nil for a plain name.
  public let index: Int?
  /// Who answers.
  public let server: DeviceFileServer

  /// The device.
  public var device: DeviceNode { server.link.device }
  /// Its name in its class in /sys: the last part of that in /dev, if its template has no other.
  public var className: Message {
    if let own = template.systemName { return "\(own.description)" }
    let bytes = name.bytes
    var start = 0
    for index in bytes.indices where bytes[index] == 0x2f { start = index + 1 }
    var text = Message()
    text.write(bytes.extracting(start..<bytes.count))
    return text
  }

  /// Another name, if it is to have one.
  public var link: StaticString? {
    guard case .counted(let first) = template.naming, index == first else { return nil }
    return template.link
  }

  /// Takes a name and a number.
  ///
  /// - Throws: `ENOSPC`, `EBUSY`, `ENOMEM`.
  init(_ template: DeviceFileTemplate, _ server: DeviceFileServer) throws(Errno) {
    let major: UInt32 =
      switch template.major {
      case .fixed(let number): number
      case .dynamic: try DynamicMajors.major(of: template.driverName, template.kind)
      }
    var name: Message = "\(template.name.description)"
    var index: Int?
    switch template.naming {
    case .plain: break
    case .counted(let first):
      let number = try DeviceIndexes.take(template.name, from: first)
      index = number
      name = "\(template.name.description)\(number)"
    case .part(let device, let word, let part): name = "\(template.name.description)\(device)\(word.description)\(part)"
    }
    self.template = template
    self.server = server
    self.name = name
    self.index = index
    self.number = DeviceNumber(major, template.firstMinor &+ UInt32(truncatingIfNeeded: index ?? 0))
  }

  deinit {
    if let index { DeviceIndexes.release(template.name, index) }
  }
}
