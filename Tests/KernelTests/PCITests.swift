import Foundations
import Machine
import PCI

/// The PCI functions of the machine that the tests run on.
enum PCITests {
  static func register(_ registrar: inout TestRegistrar) {
    registrar.test("pci.names-are-in-the-image") { () throws(TestFailure) in
      try check(PCIIdentifiers.vendorName(0x8086), "Intel Corporation")
      try check(PCIIdentifiers.deviceName(vendor: 0x8086, device: 0x100e), "82540EM Gigabit Ethernet Controller")
      try check(PCIIdentifiers.subclassName(0x01, 0x06), "SATA controller")
    }
    registrar.test("pci.unknown-devices-have-no-name") { () throws(TestFailure) in
      try expect(PCIIdentifiers.deviceName(vendor: 0x8086, device: 0xffff) == nil, "8086:ffff has a name")
    }
    registrar.test("pci.functions-answer-as-found") { () throws(TestFailure) in
      try forEach { function throws(TestFailure) in
        try expect(function.isPresent, "a function does not answer")
        for slot in PCIResourceSlot.allCases where slot.rawValue < PCIResourceSlot.rom.rawValue {
          let resource = function[slot]
          guard resource.kind != .none else { continue }
          try expect(resource.isAssigned, "range \(slot.rawValue) of \(hex: UInt64(function.device)) has no address")
        }
      }
    }
    registrar.test("pci.lost-addresses-are-given-anew", loseAddress)
    registrar.test("pci.messages-read-back", setMessages)
    registrar.test("pci.facts", writeFacts)
  }

  /// Writes what the kernel knows of every function, for a program to compare with what others know.
  private static func writeFacts() throws(TestFailure) {
    var serial = EarlyTextSink()
    try forEach { function throws(TestFailure) in
      serial.write("pci: ")
      function.writeFacts(to: &serial)
      serial.write("\n")
    }
    serial.write("pci: end\n")
  }

  /// Takes the address of a range away, as if firmware had given none, and looks again.
  private static func loseAddress() throws(TestFailure) {
    var lost: (address: PCIAddress, slot: PCIResourceSlot)?
    try forEach { function throws(TestFailure) in
      // Not the display, which may be showing this.
      guard function.baseClass != 3, !function.isBridge, lost == nil else { return }
      for slot in PCIResourceSlot.allCases where slot.rawValue < PCIResourceSlot.rom.rawValue {
        guard function[slot].kind == .memory, function[slot].isAssigned, lost == nil else { continue }
        let registers = function.registers
        registers.modifyCommand { $0.decodesMemory = false }
        registers.writeBaseAddress(PCIConfiguration.BaseAddress(rawValue: 0), at: slot.rawValue)
        lost = (function.address, slot)
      }
    }
    guard let lost else { return }
    var error: Errno?
    var given: PCIResource?
    var written: UInt32 = 0
    var state: Message = "not looked at"
    do throws(Errno) {
      _ = try PCISystem.change { hierarchy throws(Errno) in
        try hierarchy.scan { _ in }
        try hierarchy.assignResources(.moving)
      }
    } catch let thrown {
      error = thrown
    }
    _ = PCISystem.withHierarchy { hierarchy in
      let (unplaced, apertures) = (hierarchy.problems.unplacedRanges, hierarchy.apertureCount)
      state = "\(hierarchy.count) functions, \(apertures) apertures, \(unplaced) ranges without addresses"
      guard let index = hierarchy.index(of: lost.address) else { return }
      let function = hierarchy[index]
      given = function[lost.slot]
      let registers = function.registers
      written = registers.baseAddress(at: lost.slot.rawValue).address
    }
    try expect(error == nil, "error \(error?.rawValue ?? 0)")
    try expect(given?.isAssigned ?? false, "the range has no address again: \(state)")
    try expect(UInt64(written) == (given?.base ?? 0) & 0xffff_ffff, "the register holds \(hex: UInt64(written))")
  }

  /// Sets MSI of every function that has it, and turns it off again.
  private static func setMessages() throws(TestFailure) {
    try forEach { function throws(TestFailure) in
      guard function.messageCount > 0 else { return }
      do throws(Errno) {
        try function.setMessages(address: 0xfee0_0000, data: 0xe0, count: 1)
      } catch {
        throw TestFailure(reason: "MSI of \(hex: UInt64(function.device)): error \(error.rawValue)")
      }
      let registers = function.registers
      let command = registers.command
      try expect(command.disablesPinInterrupt, "the pin of \(hex: UInt64(function.device)) is still on")
      function.disableMessages()
    }
  }

  /// Calls `body` with every function, without the lock: it may take long.
  private static func forEach(_ body: (PCIFunction) throws(TestFailure) -> Void) throws(TestFailure) {
    var index = 0
    while true {
      var function: PCIFunction?
      let count = PCISystem.withHierarchy { hierarchy in
        if index < hierarchy.count { function = hierarchy[index] }
        return hierarchy.count
      }
      try expect(count != nil, "nobody has looked for functions")
      guard let function else { break }
      try body(function)
      index += 1
    }
    try expect(index > 2, "only \(index) functions were found")
  }

  private static func check(_ name: PCIName?, _ expected: String) throws(TestFailure) {
    guard let name else { throw TestFailure(reason: "\(expected) is not found") }
    var found = Message()
    found.write(name)
    try expect(found.bytes.isEqual(to: expected), "found \(found), not \(expected)")
  }
}
