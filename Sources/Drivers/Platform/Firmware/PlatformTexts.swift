public import DriverKit
public import Foundations
import Machine
public import SyntheticFiles

/// What /sys says of the devices of the platform, in the words of Linux.
///
/// Sources: Linux Documentation/ABI/testing/sysfs-bus-acpi and Documentation/admin-guide/pnp.rst.
public enum PlatformTexts {
  /// Writes the lines of `uevent` that are the device's own.
  public static func writeFacts(
    of device: FirmwareDevice, on bus: DeviceBus, named name: Message, to text: inout TextBuffer
  ) {
    guard bus == .acpi || bus == .platform else { return }
    text.write("MODALIAS=")
    writeAlias(of: device, on: bus, named: name, to: &text)
    text.write("\n")
  }

  /// Adds the files of a device's directory.
  ///
  /// - Throws: `ENOMEM`, `EEXIST`.
  public static func addAttributes(
    of device: FirmwareDevice, on bus: DeviceBus, named name: Message, to directory: SyntheticDirectory
  ) throws(Errno) {
    switch bus {
    case .acpi: try addNamespace(device, name, directory)
    case .pnp: try addPlugAndPlay(device, directory)
    case .platform: try addAlias(device, bus, name, directory)
    case .pci, .virtio, .root: break
    }
  }

  private static func addAlias(
    _ device: FirmwareDevice, _ bus: DeviceBus, _ name: Message, _ directory: SyntheticDirectory
  ) throws(Errno) {
    try directory.add("modalias") { text in
      writeAlias(of: device, on: bus, named: name, to: &text)
      text.write("\n")
    }
  }

  private static func addNamespace(
    _ device: FirmwareDevice, _ name: Message, _ directory: SyntheticDirectory
  ) throws(Errno) {
    try directory.add("hid") { text in
      device.identifier.write(to: &text)
      text.write("\n")
    }
    try addAlias(device, .acpi, name, directory)
    // What firmware does not describe has neither.
    guard let path = device.path else { return }
    try directory.add("path") { text in
      text.write(path)
      text.write("\n")
    }
    try directory.add("status") { text in
      text.write(decimal: UInt64(device.status))
      text.write("\n")
    }
    if let identifier = device.uniqueIdentifier {
      try directory.add("uid") { text in
        text.write(identifier)
        text.write("\n")
      }
    }
  }

  private static func addPlugAndPlay(_ device: FirmwareDevice, _ directory: SyntheticDirectory) throws(Errno) {
    try directory.add("id") { text in writeIdentifiers(of: device, to: &text) }
    try directory.add("resources") { text in writeResources(of: device, to: &text) }
  }

  /// `acpi:PNP0B00:`, with the compatible ones behind; what firmware does not describe is `platform:` and its name.
  static func writeAlias(
    of device: FirmwareDevice, on bus: DeviceBus, named name: Message, to text: inout some TextSink & ~Copyable
  ) {
    if bus == .platform, device.path == nil {
      text.write("platform:")
      text.write(name)
      return
    }
    text.write("acpi:")
    var index = 0
    while let identifier = device.identifier(at: index) {
      identifier.write(to: &text)
      text.write(":")
      index += 1
    }
  }

  /// The identifiers, a line each.
  static func writeIdentifiers(of device: FirmwareDevice, to text: inout some TextSink & ~Copyable) {
    writeIdentifiers(of: device, separatedBy: 0x0a, to: &text)
    text.write("\n")
  }

  /// The identifiers as plug and play has them: their digits in lower case. Between two of them is `separator`.
  public static func writeIdentifiers(
    of device: FirmwareDevice, separatedBy separator: UInt8, to text: inout some TextSink & ~Copyable
  ) {
    var index = 0
    while let identifier = device.identifier(at: index) {
      if index > 0 { text.write(byte: separator) }
      for place in 0..<identifier.count {
        let byte = identifier[place]
        // The first three are the vendor's.
        let isLetter = (0x41...0x5a).contains(byte)
        let isPlain = isLetter || (0x30...0x39).contains(byte)
        text.write(byte: !isPlain ? 0x3f : isLetter && place >= 3 ? byte + 0x20 : byte)
      }
      index += 1
    }
  }

  /// What it uses: its ports, memory and interrupts, a line each.
  static func writeResources(of device: FirmwareDevice, to text: inout some TextSink & ~Copyable) {
    text.write("state = active\n")
    var index = 0
    while let ports = device.resources.ports(index) {
      text.write("io 0x")
      text.write(hex: UInt64(ports.first))
      text.write("-0x")
      text.write(hex: UInt64(ports.first) + UInt64(ports.count) - 1)
      text.write("\n")
      index += 1
    }
    index = 0
    while let memory = device.resources.memory(index) {
      text.write("mem 0x")
      text.write(hex: memory.lowerBound)
      text.write("-0x")
      text.write(hex: memory.upperBound - 1)
      text.write("\n")
      index += 1
    }
    index = 0
    while let interrupt = device.resources.interrupt(index) {
      text.write("irq ")
      text.write(decimal: UInt64(interrupt.number))
      text.write("\n")
      index += 1
    }
  }
}
