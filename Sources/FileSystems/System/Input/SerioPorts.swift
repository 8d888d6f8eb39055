public import Foundations
import Machine
import SyntheticFiles

/// A port of the PC's keyboard controller, as programs know it: a device of the bus `serio`, below the platform's `i8042`.
///
/// Source: Linux include/uapi/linux/serio.h, drivers/input/serio/serio.c and i8042.c.
public struct SerioPort: Sendable {
  /// What is connected, and how.
  public enum Kind: Equatable, Sendable {
    /// A keyboard whose codes the controller translates into the first set.
    case translatedKeyboard
    /// A keyboard whose codes come as they are.
    case keyboard
    /// A mouse.
    case mouse
  }

  /// What is connected.
  public var kind: Kind
  /// What firmware calls the port: identifiers of plug and play with spaces between; nil where it does not describe it.
  public var identifiers: Message?

  /// Describes a port.
  public init(_ kind: Kind, identifiers: Message? = nil) { (self.kind, self.identifiers) = (kind, identifiers) }

  /// The driver, by its name on Linux.
  public var driver: StaticString { kind == .mouse ? "psmouse" : "atkbd" }

  var name: StaticString { kind == .mouse ? "serio1" : "serio0" }
  var text: StaticString { kind == .mouse ? "i8042 AUX port" : "i8042 KBD port" }

  /// SERIO_8042, or SERIO_8042_XL for one that translates.
  var type: UInt64 { kind == .translatedKeyboard ? 6 : 1 }

  /// What tells ports apart: the type, and three numbers that are 0 for all of the controller.
  func writeAlias(to text: inout TextBuffer) {
    text.write("serio:ty")
    text.write(hex: type, width: 2)
    text.write("pr00id00ex00")
  }

  func writeFacts(to text: inout TextBuffer) {
    text.write("SERIO_TYPE=")
    text.write(hex: type, width: 2)
    text.write("\nSERIO_PROTO=00\nSERIO_ID=00\nSERIO_EXTRA=00\nMODALIAS=")
    writeAlias(to: &text)
    text.write("\n")
    guard identifiers != nil else { return }
    text.write("SERIO_FIRMWARE_ID=")
    writeIdentifiers(to: &text)
    text.write("\n")
  }

  func writeIdentifiers(to text: inout TextBuffer) {
    guard let identifiers else { return }
    text.write("PNP: ")
    text.write(identifiers.bytes)
  }
}

/// The ports of the keyboard controller.
extension SystemFileSystem {
  /// Shows the controller, with its driver.
  ///
  /// - Throws: `EEXIST`, `ENOMEM`; then there is nothing of it.
  /// - Context: a thread without spin locks.
  public func addKeyboardController() throws(Errno) -> SystemDevice {
    var description = SystemDeviceDescription()
    description.bus = "platform"
    description.facts = { text in text.write("MODALIAS=platform:i8042\n") }
    let name: Message = "i8042"
    let controller = try addDevice(name.bytes, below: nil, description) { directory throws(Errno) in
      try directory.addWord("modalias", "platform:i8042")
    }
    do throws(Errno) {
      try controller.setDriver("i8042")
      return controller
    } catch {
      controller.remove()
      throw error
    }
  }

  /// Shows a port of `controller`, with its driver. Of that programs are told when the caller says so, by `announce(.bind)`: the input
  /// device comes before.
  ///
  /// - Throws: as the other.
  /// - Context: as of the other.
  public func addPort(_ port: SerioPort, below controller: SystemDevice) throws(Errno) -> SystemDevice {
    var description = SystemDeviceDescription()
    description.bus = "serio"
    description.facts = { text in port.writeFacts(to: &text) }
    let name: Message = "\(port.name.description)"
    let device = try addDevice(name.bytes, below: controller, description) { directory throws(Errno) in
      try directory.addWord("description", port.text)
      try directory.add("modalias") { text in
        port.writeAlias(to: &text)
        text.write("\n")
      }
      try directory.add("firmware_id") { text in
        port.writeIdentifiers(to: &text)
        text.write("\n")
      }
      let identity = try add("id", to: directory)
      try identity.add("type") { text in
        text.write(hex: port.type, width: 2)
        text.write("\n")
      }
      for part: StaticString in ["proto", "id", "extra"] { try identity.addWord(part, "00") }
    }
    do throws(Errno) {
      try device.setDriver(port.driver, .later)
      return device
    } catch {
      device.remove()
      throw error
    }
  }
}
