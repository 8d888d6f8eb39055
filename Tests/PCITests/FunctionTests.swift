import DeviceModels
import Foundations
import TestSupport
import Testing

@testable import PCI

/// What one function can be asked and told, on models whose rules come from the specs.
@Suite("PCI function") struct FunctionTests {
  static func function(_ hardware: FunctionModel) throws -> PCIFunction {
    let model = HierarchyModel()
    model.functions = [hardware]
    var function = try #require(PCIFunction(model, PCIAddress(bus: 0, place: hardware.place)))
    function.readResources()
    return function
  }

  static func device(byteCount: Int = 256) -> FunctionModel {
    FunctionModel(0, vendor: 0x8086, device: 0x10d3, classCode: 0x020000, byteCount: byteCount)
  }

  @Test("Ranges are measured as the specification says, and every register has its value again")
  func sizes() throws {
    let hardware = Self.device()
    hardware.add(.init(kind: .ports, size: 32), at: 0)
    hardware.add(.init(kind: .memory, size: 16), at: 1)
    hardware.add(.init(kind: .prefetchable, size: 1 << 33, is64Bit: true), at: 2)
    hardware.add(.init(kind: .memory, size: 1 << 31), at: 5)
    hardware.addROM(size: 1 << 18)
    hardware.write(0xc021, at: 0x10, width: 4)
    hardware.write(0xfebf_0010, at: 0x14, width: 4)
    hardware.write(0x12, at: 0x1c, width: 4)
    hardware.write(0xfe00_0001, at: 0x30, width: 4)
    hardware.write(7, at: 4, width: 2)
    let before = hardware.bytes
    let function = try Self.function(hardware)
    #expect(hardware.bytes == before)
    #expect(function[.bar0].range == 0xc020..<0xc040 && function[.bar0].kind == .ports)
    #expect(function[.bar1].range == 0xfebf_0010..<0xfebf_0020 && function[.bar1].kind == .memory)
    #expect(function[.bar2].range == 0x12_0000_0000..<0x14_0000_0000 && function[.bar2].is64Bit)
    #expect(function[.bar3].kind == .none)
    #expect(function[.bar5].size == 1 << 31 && !function[.bar5].isAssigned)
    #expect(function[.rom].range == 0xfe00_0000..<0xfe04_0000)
    #expect(function.decodedPorts && function.decodedMemory)
  }

  @Test("The windows of a bridge are read and written in every form")
  func windows() throws {
    for (isWidePorts, isWide) in [(false, false), (true, true)] {
      let hardware = FunctionModel(0, vendor: 1, device: 2, classCode: 0x060400, isBridge: true)
      hardware.setWindows(ports: true, is32BitPorts: isWidePorts, prefetchable: true, is64Bit: isWide)
      var function = try Self.function(hardware)
      #expect(function[.portWindow].kind == .ports && function[.portWindow].range == nil)
      for (slot, base, size) in [
        (PCIResourceSlot.portWindow, UInt64(0xd000), UInt64(0x2000)), (.memoryWindow, 0xf000_0000, 0x30_0000),
        (.prefetchableWindow, isWide ? 0x5_0000_0000 : 0xe000_0000, 0x10_0000),
      ] {
        function[slot].size = size
        let isGiven = function[slot].assign(base)
        #expect(isGiven)
      }
      function.program()
      #expect(
        hardware.windows
          == [function[.portWindow], function[.memoryWindow], function[.prefetchableWindow]].map { $0.range ?? 0..<0 })
      var again = try Self.function(hardware)
      #expect(again[.prefetchableWindow] == function[.prefetchableWindow])
      again[.portWindow].unassign()
      again[.memoryWindow].unassign()
      again[.prefetchableWindow].unassign()
      again.program()
      #expect(hardware.windows.allSatisfy { $0.isEmpty })
    }
  }

  @Test("A bridge that keeps nothing in a window's registers has no such window")
  func missingWindows() throws {
    let hardware = FunctionModel(0, vendor: 1, device: 2, classCode: 0x060400, isBridge: true)
    hardware.setWindows(ports: false, prefetchable: false)
    let function = try Self.function(hardware)
    #expect(function[.portWindow].kind == .none && function[.prefetchableWindow].kind == .none)
    #expect(function[.memoryWindow].kind == .memory)
  }

  @Test("MSI is set up as asked, with both sizes of address", arguments: [false, true])
  func messages(is64Bit: Bool) throws {
    let hardware = Self.device()
    let place = hardware.add(5, PCIMessageInterruptsModel.layout, length: 24) { hardware, place in
      hardware.set(place + 2, UInt16(0x0106 | (is64Bit ? 0x80 : 0)))
    }
    // The model's spec gives both forms; of the address and the data only those of one are there.
    let function = try Self.function(hardware)
    #expect(function.messageCount == 8 && function.canMaskMessages)
    try function.setMessages(address: 0xfee0_1000, data: 0x40, count: 4)
    #expect(hardware.get(place + 2, 2) & 0x71 == 0x21)
    #expect(hardware.get(place + 4, 4) == 0xfee0_1000)
    #expect(hardware.get(place + (is64Bit ? 12 : 8), 2) == 0x40)
    #expect(hardware.get(place + (is64Bit ? 16 : 12), 4) == .max)
    #expect(hardware.get(4, 2) & 0x400 != 0)
    try function.setMessage(2, isMasked: false)
    #expect(hardware.get(place + (is64Bit ? 16 : 12), 4) == ~4)
    #expect(throws: Errno.EINVAL) { try function.setMessage(8, isMasked: false) }
    #expect(throws: Errno.EINVAL) { try function.setMessages(address: 0xfee0_1000, data: 0x41, count: 4) }
    #expect(throws: Errno.EINVAL) { try function.setMessages(address: 0xfee0_1000, data: 0x40, count: 16) }
    #expect(throws: Errno.EINVAL) { try function.setMessages(address: 0xfee0_1002, data: 0x40, count: 1) }
    if is64Bit {
      try function.setMessages(address: 0x1_fee0_0000, data: 0x50, count: 1)
      #expect(hardware.get(place + 8, 4) == 1)
    } else {
      #expect(throws: Errno.EINVAL) { try function.setMessages(address: 0x1_fee0_0000, data: 0x50, count: 1) }
    }
    function.disableMessages()
    #expect(hardware.get(place + 2, 2) & 1 == 0 && hardware.get(4, 2) & 0x400 == 0)
  }

  @Test("MSI-X: the table is found in its range, entries are written masked, and only then sent")
  func messageTable() throws {
    let hardware = Self.device()
    hardware.add(.init(kind: .memory, size: 0x4000), at: 1)
    hardware.write(0xfeb0_0000, at: 0x14, width: 4)
    let place = hardware.add(17, PCIExtendedMessageInterruptsModel.layout, length: 12) { hardware, place in
      hardware.set(place + 2, UInt16(63))
      hardware.set(place + 4, UInt32(0x2000 | 1))
    }
    let function = try Self.function(hardware)
    #expect(function.extendedMessageCount == 64)
    #expect(function.messageTableRange == 0xfeb0_2000..<0xfeb0_2400)
    let table = DeviceModel(PCIMessageTableModel.layout)
    let messages = PCIMessages(table, count: function.extendedMessageCount)
    try messages.set(63, address: 0xfee0_2000, data: 0x31)
    #expect(table[PCIMessageTableModel.address, 63] == 0xfee0_2000 && table[PCIMessageTableModel.data, 63] == 0x31)
    #expect(table[PCIMessageTableModel.control, 63] == 1)
    try messages.set(63, isMasked: false)
    #expect(table[PCIMessageTableModel.control, 63] == 0)
    #expect(throws: Errno.EINVAL) { try messages.set(64, isMasked: false) }
    #expect(throws: Errno.EINVAL) { try messages.set(-1, address: 0, data: 0) }
    #expect(throws: Errno.EINVAL) { try messages.set(0, address: 2, data: 0) }
    #expect(table.violations == [])
    try function.enableExtendedMessages()
    #expect(hardware.get(place + 2, 2) == 0x8000 | 63)
    try function.setExtendedMessages(isMasked: true)
    #expect(hardware.get(place + 2, 2) == 0xc000 | 63)
    // A table that would pass the end of its range is none.
    hardware.set(place + 4, UInt32(0x3d00 | 1))
    #expect(function.messageTableRange == nil)
    hardware.set(place + 4, UInt32(0x2000 | 7))
    #expect(function.messageTableRange == nil)
  }

  @Test("Power states: the ways that are allowed, the waits, and addresses that come back")
  func power() throws {
    let hardware = Self.device()
    hardware.add(.init(kind: .memory, size: 0x1000), at: 0)
    hardware.write(0xfeb0_1000, at: 0x10, width: 4)
    hardware.write(2, at: 4, width: 2)
    let place = hardware.add(1, PCIPowerManagementModel.layout, length: 8) { hardware, place in
      hardware.set(place + 2, UInt16(0x0403))
    }
    let function = try Self.function(hardware)
    #expect(function.powerState == .d0)
    var waited: [Int] = []
    #expect(throws: Errno.ENOTSUP) { try function.setPowerState(.d1) { waited.append($0) } }
    try function.setPowerState(.d2) { waited.append($0) }
    try function.setPowerState(.d3Hot) { waited.append($0) }
    #expect(hardware.get(place + 4, 2) & 3 == 3)
    #expect(throws: Errno.EINVAL) { try function.setPowerState(.d2) { waited.append($0) } }
    hardware.set(0x10, UInt32(0))
    try function.setPowerState(.d0) { waited.append($0) }
    #expect(waited == [200, 10_000, 10_000])
    #expect(hardware.get(0x10, 4) == 0xfeb0_1000 && hardware.get(4, 2) & 3 == 2)
  }

  @Test("Errors are read, and exactly those that were read are cleared")
  func errors() throws {
    let hardware = Self.device(byteCount: 4096)
    hardware.add(16, PCIExpressModel.layout, length: 0x3c) { hardware, place in
      hardware.set(place + 2, UInt16(0x42))
      hardware.set(place + 12, UInt32(0x0010_0000 | 8 << 4 | 3))
      hardware.set(place + 18, UInt16(0x2000 | 4 << 4 | 2))
    }
    hardware.addExtended(3, PCISerialNumberModel.layout, at: 0x100, next: 0x140)
    hardware.set(0x104, UInt64(0x0123_4567_89ab_cdef))
    hardware.addExtended(1, PCIErrorReportingModel.layout, at: 0x140, next: 0)
    hardware.set(0x144, UInt32(1 << 14 | 1 << 20))
    hardware.set(0x14c, UInt32(1 << 14))
    hardware.set(0x150, UInt32(1 << 6))
    hardware.set(0x158, UInt32(14))
    hardware.set(0x15c, UInt32(0xabcd))
    hardware.set(0x170, UInt32(0x41))
    hardware.set(0x174, UInt32(0x0200_0100))
    let function = try Self.function(hardware)
    #expect(function.serialNumber == 0x0123_4567_89ab_cdef)
    let errors = try #require(function.takeErrors())
    #expect(errors.uncorrectable.completionTimeout && errors.uncorrectable.unsupportedRequest && errors.isFatal)
    #expect(errors.correctable.badPacket && errors.first == 14 && errors.header[0] == 0xabcd)
    #expect(hardware.get(0x144, 4) == 0 && hardware.get(0x150, 4) == 0)
    #expect(function.takeErrors()?.isEmpty == true)
    let root = try #require(function.takeRootErrors())
    #expect(root.status.correctable && root.status.fatal && root.correctableSource == 0x100)
    #expect(hardware.get(0x170, 4) == 0)
    let link = try #require(function.link)
    #expect(link.speed == .gigatransfers5 && link.width == 4 && link.maximumWidth == 8 && link.isActive == true)
  }

  @Test("Lists of capabilities that go in circles or out of the space end")
  func loops() throws {
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<600 {
      let hardware = Self.device(byteCount: 4096)
      hardware.set(6, UInt16(0x10))
      for offset in 0x34..<0x200 { hardware.set(offset, UInt8.random(in: 0...255, using: &generator)) }
      for offset in stride(from: 0x100, to: 0x1000, by: 4) where Bool.random(using: &generator) {
        hardware.set(offset, UInt32.random(in: 0 ... .max, using: &generator))
      }
      let model = HierarchyModel()
      model.functions = [hardware]
      let space = PCIConfigurationSpace(model, PCIAddress(bus: 0, place: 0))
      var places: [Int] = []
      space.forEachCapability { places.append($1) }
      #expect(Set(places).count == places.count && places.allSatisfy { $0 >= 0x40 && $0 < 0x100 && $0 & 3 == 0 })
      places = []
      space.forEachExtendedCapability { places.append($1) }
      #expect(Set(places).count == places.count && places.allSatisfy { $0 >= 0x100 && $0 < 0x1000 && $0 & 3 == 0 })
    }
  }

  @Test("Drivers are chosen by what names a function most exactly")
  func drivers() throws {
    func driver(_ vendor: UInt16, _ device: UInt16, _ classCode: UInt32) -> PCIDriver? {
      PCIDriver.matching(
        vendor: vendor, device: device, subsystemVendor: 0, subsystemDevice: 0, classCode: classCode)
    }
    #expect(driver(0x1af4, 0x1041, 0x020000) == .virtio)
    #expect(driver(0x1af4, 0x1080, 0x020000) == nil)
    #expect(driver(0x8086, 0x10d3, 0x020000) == .e1000e)
    #expect(driver(0x1b36, 0x0010, 0x010802) == .nvme)
    #expect(driver(0x1b36, 0x0010, 0x010801) == nil)
    #expect(driver(0x1234, 0x1111, 0x030000) == .bochsDisplay)
    #expect(driver(0x1b36, 0x000c, 0x060400) == .pciBridge && driver(0x8086, 0x244e, 0x060401) == .pciBridge)
    #expect(driver(0x1b36, 0x0002, 0x070002) == .serial && driver(0x1b36, 0x0002, 0x070000) == nil)
  }
}
