public import Foundations
import Machine
public import PCI
import SyntheticFiles
import Waiting

/// A slot that firmware lets devices come to and go from; the kernel's composition derives from it.
///
/// Methods are called with no lock held, and may wait.
open class PCIFirmwareSlot {
  /// Creates one.
  public init() {}

  /// Where the device in it is: its function counts for nothing.
  open var address: PCIAddress { PCIAddress(bus: 0, place: 0) }

  /// Whether what is in it may be used.
  open var isPowered: Bool { false }

  /// Whether something is in it.
  open var isOccupied: Bool { false }

  /// Lets what is in it go and has firmware take it out, or looks for what is in it; nothing may be in it both times, as on Linux.
  ///
  /// - Throws: `EBUSY` when drivers do not let it go, `EIO` when firmware does not take it out.
  open func setPower(isOn: Bool) throws(Errno) { throw .EOPNOTSUPP }
}

/// `bus/pci/slots`: slots that are filled while the system runs, those of ports by the numbers that these give them, the others by
/// firmware's. Source: Linux Documentation/ABI/testing/sysfs-bus-pci, and Documentation/PCI/acpi-info.rst for who has them.
extension SystemFileSystem {
  private func slots() throws(Errno) -> SyntheticDirectory { try busDirectory("slots", "pci") }

  /// What a slot with this number is to be called: numbers that slots share get another behind them, as on Linux.
  private func slotName(_ number: UInt64) throws(Errno) -> Message {
    var name: Message = "\(number)"
    var copy = 1
    while try slots().lookUp(name.bytes) != nil {
      name = "\(number)-\(copy)"
      copy += 1
      // A segment has no more devices.
      guard copy < 8_192 else { throw .EEXIST }
    }
    return name
  }

  /// What the slot of `function` is to be called; nil when it has none, or has it from firmware.
  func slotName(of function: PCIFunction) throws(Errno) -> Message? {
    guard function.isHotPlugPort, function.secondaryBus != 0, pci.control.ownsPortSlots else { return nil }
    let express = function.express
    return try slotName(UInt64(express.slotCapabilities.number))
  }

  func addSlot(of entry: PCIFunctionDirectory) throws(Errno) {
    guard let name = entry.slot else { return }
    let directory = SyntheticDirectory(self, permissions: 0o755)
    let (pci, function) = (pci, entry.function)
    let bus = PCIAddress(segment: entry.address.segment, bus: function.secondaryBus, place: 0)
    try directory.add("address") { text in
      text.write(PCIText.name(ofBus: bus))
      text.write(":00\n")
    }
    try addPower(
      to: directory,
      { () throws(Errno) in
        let function = try entry.current()
        let express = function.express
        let (capabilities, control) = (express.slotCapabilities, express.slotControl)
        return !(capabilities.hasPowerController && control.isPoweredOff)
      },
      { isOn throws(Errno) in try pci.control.setSlotPower(entry.address, isOn: isOn) })
    try directory.addFlag("adapter") { () throws(Errno) in
      let function = try entry.current()
      let express = function.express
      return express.slotStatus.isOccupied
    }
    let express = function.express
    let capabilities = express.slotCapabilities
    if capabilities.hasRetentionSensor {
      try directory.addFlag("latch") { () throws(Errno) in
        let function = try entry.current()
        let express = function.express
        return express.slotStatus.isRetentionOpen
      }
    }
    if capabilities.hasAttentionIndicator { try addAttention(of: entry, to: directory) }
    try directory.add("max_bus_speed") { (text: inout TextBuffer) throws(Errno) in
      let function = try entry.current()
      let express = function.express
      text.write(PCIText.speed(express.linkCapabilities.maximumSpeed.rawValue).description)
      text.write("\n")
    }
    try directory.add("cur_bus_speed") { (text: inout TextBuffer) throws(Errno) in
      let function = try entry.current()
      let express = function.express
      text.write(PCIText.speed(express.linkStatus.speed.rawValue).description)
      text.write("\n")
    }
    try slots().add(name.bytes, directory)
  }

  /// Adds `power`: 1 while what is in the slot may be used.
  private func addPower(
    to directory: SyntheticDirectory, _ isOn: @escaping () throws(Errno) -> Bool,
    _ set: @escaping (Bool) throws(Errno) -> Void
  ) throws(Errno) {
    try directory.add(
      "power", permissions: 0o644,
      { (text: inout TextBuffer) throws(Errno) in text.write(try isOn() ? "1\n" : "0\n") },
      accepts: { (text: Span<UInt8>) throws(Errno) in
        let number = try AttributeText.number(text)
        guard number <= 1 else { throw .EINVAL }
        try set(number == 1)
      })
  }

  /// Adds `attention`: 0 for off, 1 for on, 2 for blinking.
  private func addAttention(of entry: PCIFunctionDirectory, to directory: SyntheticDirectory) throws(Errno) {
    let pci = pci
    try directory.add(
      "attention", permissions: 0o644,
      { (text: inout TextBuffer) throws(Errno) in
        let function = try entry.current()
        let express = function.express
        switch express.slotControl.attentionIndicator {
        case .on: text.write("1\n")
        case .blinking: text.write("2\n")
        case .off: text.write("0\n")
        // As Linux for what the register does not say.
        default: text.write("255\n")
        }
      },
      accepts: { (text: Span<UInt8>) throws(Errno) in
        switch try AttributeText.number(text) {
        case 0: try pci.control.setSlotAttention(entry.address, .off)
        case 1: try pci.control.setSlotAttention(entry.address, .on)
        case 2: try pci.control.setSlotAttention(entry.address, .blinking)
        default: throw .EINVAL
        }
      })
  }

  /// Shows a slot that is firmware's, for ever.
  ///
  /// - Parameter number: firmware's number of it.
  /// - Throws: `ENOMEM`.
  /// - Context: a thread without spin locks.
  public func addSlot(_ number: UInt64, _ slot: PCIFirmwareSlot) throws(Errno) {
    let directory = SyntheticDirectory(self, permissions: 0o755)
    let address = slot.address
    try directory.add("address") { text in
      text.write(PCIText.name(ofBus: address))
      text.write(":")
      text.write(hex: UInt64(address.device), width: 2)
      text.write("\n")
    }
    try addPower(
      to: directory, { () throws(Errno) in slot.isPowered }, { isOn throws(Errno) in try slot.setPower(isOn: isOn) })
    try directory.addFlag("adapter") { () throws(Errno) in slot.isOccupied }
    // As Linux for slots whose latch nobody knows: open while nothing is in it.
    try directory.addFlag("latch") { () throws(Errno) in !slot.isOccupied }
    for name: StaticString in ["max_bus_speed", "cur_bus_speed"] { try directory.addWord(name, "Unknown") }
    try changing.withLock { () throws(Errno) in
      let name = try slotName(number)
      try slots().add(name.bytes, directory)
    }
  }

  func removeSlot(of entry: PCIFunctionDirectory) {
    guard let name = entry.slot else { return }
    // Without memory for the directory there is no slot in it either.
    try? slots().remove(name.bytes)
  }
}

extension SyntheticDirectory {
  /// Adds a file that says 1 or 0.
  fileprivate func addFlag(_ name: StaticString, _ isSet: @escaping () throws(Errno) -> Bool) throws(Errno) {
    try add(name) { (text: inout TextBuffer) throws(Errno) in text.write(try isSet() ? "1\n" : "0\n") }
  }
}
