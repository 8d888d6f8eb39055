import DeviceModels
import Foundations
import Testing

@testable import PCI

/// What programs may write to configuration space, and what not.
@Suite("Programs and configuration space") struct ProgramAccessTests {
  /// A function with all capabilities that this module knows, and one of its manufacturer's.
  private static func hardware(isBridge: Bool = false, classCode: UInt32 = 0x020000, vendor: UInt16 = 0x8086)
    -> Hardware
  {
    let model = FunctionModel(
      0, vendor: vendor, device: 0x10d3, classCode: classCode, isBridge: isBridge, byteCount: 4096)
    model.add(.init(kind: .memory, size: 0x1000), at: 0)
    model.addROM(size: 1 << 16)
    let power = model.add(1, PCIPowerManagementModel.layout, length: 8)
    let messages = model.add(5, PCIMessageInterruptsModel.layout, length: 0x18) { model, place in
      model.set(place + 2, UInt16(0x0180))
    }
    let table = model.add(0x11, PCIExtendedMessageInterruptsModel.layout, length: 12)
    let express = model.add(0x10, PCIExpressModel.layout, length: 0x3c)
    let own = model.add(9, PCIVendorCapabilityModel.layout, length: 16) { model, place in
      model.set(place + 2, UInt8(16))
    }
    model.addExtended(1, PCIErrorReportingModel.layout, at: 0x100, next: 0)
    return Hardware(
      model: model, power: power, messages: messages, table: table, express: express, own: own)
  }

  private struct Hardware {
    let model: FunctionModel
    let power: Int
    let messages: Int
    let table: Int
    let express: Int
    let own: Int

    func function(driver: StaticString? = nil) throws -> PCIFunction {
      var function = try FunctionTests.function(model)
      function.boundDriver = driver
      return function
    }
  }

  @Test("What cannot harm is written, whoever has the function")
  func harmless() throws {
    let hardware = Self.hardware()
    for driver: StaticString? in [nil, "e1000e"] {
      let function = try hardware.function(driver: driver)
      for (offset, width, value) in [
        (0x0c, 1, 0x10), (0x0d, 1, 0x40), (0x3c, 1, 7), (0x04, 2, 0x0140), (hardware.express + 0x10, 2, 1),
        (hardware.express + 8, 2, 0x200f), (0x108, 4, 0x10_0000), (0x114, 4, 0x2000), (0x0c, 2, 0x2010),
      ] {
        hardware.model.set(offset, UInt8(0))
        try function.writeForProgram(UInt32(value), at: offset, width: width)
        #expect(hardware.model.get(offset, width) == UInt32(value), "at \(offset)")
      }
    }
  }

  @Test("Addresses, messages, buses, windows, mastery and power stay as they are, with and without a driver")
  func harmful() throws {
    for isBridge in [false, true] {
      let hardware = Self.hardware(isBridge: isBridge, classCode: isBridge ? 0x060400 : 0x020000)
      let model = hardware.model
      model.set(4, UInt16(0))
      for driver: StaticString? in [nil, "e1000e"] {
        let function = try hardware.function(driver: driver)
        var closed: [(Int, UInt32)] = [(4, 1), (4, 2), (4, 4), (5, 4), (0x10, 0x10), (0x13, 0x80)]
        closed += (0..<0x18).map { (hardware.messages + $0, 4) } + (0..<12).map { (hardware.table + $0, 0x80) }
        closed += [(hardware.power + 4, 3), (hardware.express + 9, 0x80), (hardware.express + 0x10, 0x10)]
        closed += [
          (hardware.express + 0x19, 4), (0x100, 1), (0x101, 1), (0x34, 4), (hardware.own, 1), (hardware.own + 2, 1),
        ]
        if isBridge {
          closed += [
            (0x18, 1), (0x19, 1), (0x1a, 1), (0x1c, 0x10), (0x1d, 0x10), (0x20, 0x10), (0x24, 0x10), (0x28, 1),
          ]
          closed += [(0x2c, 1), (0x30, 1), (0x38, 1), (0x3e, 0x40), (0x3e, 8)]
        } else {
          closed += [(0x14, 1), (0x24, 4), (0x28, 1), (0x2c, 1), (0x30, 1)]
        }
        for (offset, bit) in closed {
          let before = model.bytes
          #expect(throws: Errno.EPERM, "byte \(offset)") {
            try function.writeForProgram(model.get(offset, 1) ^ bit, at: offset, width: 1)
          }
          #expect(model.bytes == before)
          // What was read may be written.
          try function.writeForProgram(model.get(offset, 1), at: offset, width: 1)
        }
        // One closed bit is enough to refuse a write of many.
        let word = model.get(4, 4)
        #expect(throws: Errno.EPERM) { try function.writeForProgram(word | 0x144, at: 4, width: 4) }
        #expect(model.get(4, 4) == word)
      }
    }
  }

  @Test("Whatever programs write wherever, closed bits do not change")
  func exhaustive() throws {
    let hardware = Self.hardware()
    let model = hardware.model
    let function = try hardware.function(driver: "e1000e")
    let before = model.bytes
    var open = 0
    for offset in 0..<0x148 {
      for bit in 0..<8 {
        let old = model.get(offset, 1)
        do {
          try function.writeForProgram(old ^ 1 << UInt32(bit), at: offset, width: 1)
          open += 1
        } catch {
          #expect(error == .EPERM)
          #expect(model.get(offset, 1) == old)
        }
      }
    }
    #expect(open > 100)
    let closed = [0x10..<0x38, hardware.messages..<hardware.messages + 24, hardware.table..<hardware.table + 12]
    for range in closed { #expect(model.bytes[range] == before[range]) }
    #expect(model.get(4, 1) & 7 == UInt32(before[4]) & 7)
  }

  @Test("Bits that ones clear are cleared where programs may, and are kept where they write them by the way")
  func clearing() throws {
    let hardware = Self.hardware()
    let (model, express) = (hardware.model, hardware.express)
    let function = try hardware.function(driver: "e1000e")
    model.set(6, UInt16(0xf910))
    // Writing back what was read with a bit of the command changed, as programs do that know words only.
    try function.writeForProgram(model.get(4, 4) | 0x40, at: 4, width: 4)
    #expect(model.get(6, 2) == 0x10)
    #expect(model.get(4, 2) & 0x40 != 0)
    // The events of the slot are its driver's.
    model.set(express + 0x1a, UInt16(0x1f))
    try function.writeForProgram(model.get(express + 0x18, 4), at: express + 0x18, width: 4)
    #expect(model.get(express + 0x1a, 2) == 0x1f)
  }

  @Test("The manufacturer's registers are open while no driver has the function, unless others depend on them")
  func own() throws {
    let hardware = Self.hardware()
    let (model, place) = (hardware.model, hardware.own + 4)
    model.set(4, UInt16(2))
    try hardware.function().writeForProgram(model.get(place, 4), at: place, width: 4)
    #expect(throws: Never.self) { try hardware.function().writeForProgram(5, at: place, width: 4) }
    #expect(throws: Errno.EPERM) { try hardware.function(driver: "e1000e").writeForProgram(5, at: place, width: 4) }
    // A master could be sent anywhere.
    model.set(4, UInt16(6))
    #expect(throws: Errno.EPERM) { try hardware.function().writeForProgram(5, at: place, width: 4) }
    for other in [
      Self.hardware(classCode: 0x060100), Self.hardware(classCode: 0x088000), Self.hardware(classCode: 0x0c0500),
      Self.hardware(vendor: 0x1af4), Self.hardware(isBridge: true, classCode: 0x060400),
    ] {
      #expect(throws: Errno.EPERM) { try other.function().writeForProgram(5, at: place, width: 4) }
    }
  }

  @Test("Places that are none, and functions that are gone, are errors")
  func nonsense() throws {
    let model = HierarchyModel()
    let hardware = Self.hardware()
    model.functions = [hardware.model]
    let function = try #require(PCIFunction(model, PCIAddress(bus: 0, place: 0)))
    for (offset, width) in [(-1, 1), (1, 2), (2, 4), (4096, 1), (4094, 4), (0, 3), (.max, 4), (0, 8)] {
      #expect(throws: Errno.EINVAL) { try function.writeForProgram(0, at: offset, width: width) }
    }
    model.functions = []
    #expect(throws: Errno.ENODEV) { try function.writeForProgram(1, at: 0x0c, width: 1) }
  }

  @Test("Every driver has the name that programs know it by")
  func names() {
    #expect(PCIDriver.virtio.linuxName.description == "virtio-pci")
    #expect(PCIDriver.e1000e.linuxName.description == "e1000e")
    #expect(PCIDriver.pciBridge.linuxName.description == "pcieport")
    for driver in PCIDriver.allCases { #expect((1...31).contains(driver.linuxName.utf8CodeUnitCount)) }
  }

  @Test("Identities of functions that drivers are told of count as far as they say")
  func identities() throws {
    let function = try Self.hardware().function()
    var identity = PCIDynamicIdentity(vendor: 0x8086, device: 0x10d3)
    #expect(identity.matches(function))
    identity.subsystemVendor = 1
    #expect(!identity.matches(function))
    identity.subsystemVendor = 0
    (identity.classMask, identity.classCode) = (0xffff00, 0x020000)
    #expect(identity.matches(function))
    identity.classCode = 0x010000
    #expect(!identity.matches(function))
  }
}
