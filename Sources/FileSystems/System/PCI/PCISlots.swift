import Foundations
import Machine
import PCI
import SyntheticFiles

/// `bus/pci/slots`: slots that are filled while the system runs, by the numbers that their ports give them.
extension SystemFileSystem {
  private func slots() throws(Errno) -> SyntheticDirectory { try busDirectory("slots", "pci") }

  /// What the slot of `function` is to be called; nil when it has none.
  func slotName(of function: PCIFunction) throws(Errno) -> Message? {
    guard function.isHotPlugPort, function.secondaryBus != 0 else { return nil }
    let express = function.express
    let number = express.slotCapabilities.number
    var name: Message = "\(number)"
    // Numbers that ports share get another behind them, as on Linux.
    var copy = 1
    while try slots().lookUp(name.bytes) != nil {
      name = "\(number)-\(copy)"
      copy += 1
      // There is a port for each bus number at most.
      guard copy < 256 else { throw .EEXIST }
    }
    return name
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
    try directory.add(
      "power", permissions: 0o644,
      { (text: inout TextBuffer) throws(Errno) in
        let function = try entry.current()
        let express = function.express
        let (capabilities, control) = (express.slotCapabilities, express.slotControl)
        text.write(capabilities.hasPowerController && control.isPoweredOff ? "0\n" : "1\n")
      },
      accepts: { (text: Span<UInt8>) throws(Errno) in
        let number = try AttributeText.number(text)
        guard number <= 1 else { throw .EINVAL }
        try pci.control.setSlotPower(entry.address, isOn: number == 1)
      })
    try directory.add("adapter") { (text: inout TextBuffer) throws(Errno) in
      let function = try entry.current()
      let express = function.express
      text.write(express.slotStatus.isOccupied ? "1\n" : "0\n")
    }
    let express = function.express
    if express.slotCapabilities.hasRetentionSensor {
      try directory.add("latch") { (text: inout TextBuffer) throws(Errno) in
        let function = try entry.current()
        let express = function.express
        text.write(express.slotStatus.isRetentionOpen ? "1\n" : "0\n")
      }
    }
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

  func removeSlot(of entry: PCIFunctionDirectory) {
    guard let name = entry.slot else { return }
    // Without memory for the directory there is no slot in it either.
    try? slots().remove(name.bytes)
  }
}
