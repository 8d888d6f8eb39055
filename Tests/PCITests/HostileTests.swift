import DeviceModels
import Foundations
import Machine
import TestSupport
import Testing

@testable import PCI

/// Hardware that answers anything, memory that runs out, and functions that come and go.
@Suite("PCI under attack", .serialized) struct HostileTests {
  /// Configuration space in which every byte is chance: different at each read, or kept until written.
  final class NoiseModel: PCIConfigurationAccess {
    var generator: SeededGenerator
    /// Of 256 functions, about how many there are.
    let density: UInt64
    let isSteady: Bool
    var accesses = 0

    init(seed: UInt64, density: UInt64, isSteady: Bool) {
      generator = SeededGenerator(seed: seed)
      self.density = density
      self.isSteady = isSteady
    }

    func byteCount(of address: PCIAddress) -> Int { 4096 }
    func read(_ address: PCIAddress, at offset: Int, width: Int) -> UInt32 {
      accesses += 1
      var local = SeededGenerator(seed: UInt64(address.routing) << 16 | UInt64(offset) << 40)
      guard SeededGenerator.first(UInt64(address.routing)) & 0xff < density else { return .max }
      let value = isSteady ? local.next() : generator.next()
      // A header that the module knows, most of the time.
      if offset == 14, value & 7 != 0 { return UInt32(truncatingIfNeeded: value >> 8) & 0x81 }
      if offset == 6 { return UInt32(truncatingIfNeeded: value) | 0x10 }
      return UInt32(truncatingIfNeeded: value >> 16)
    }
    func write(_ value: UInt32, to address: PCIAddress, at offset: Int, width: Int) { accesses += 1 }
  }

  @Test("Nothing that hardware answers traps or keeps a scan from ending", arguments: [false, true])
  func noise(isSteady: Bool) throws {
    for seed in UInt64(0)..<12 {
      let model = NoiseModel(seed: seed, density: seed % 4 == 0 ? 6 : 2, isSteady: isSteady)
      var hierarchy = PCIHierarchy(model)
      try hierarchy.add(PCIRoot(buses: 0...31))
      try hierarchy.add(PCIAperture(.memory, 0x8000_0000..<0xf000_0000), toRoot: 0)
      try hierarchy.add(PCIAperture(.ports, 0x1000..<0x1_0000), toRoot: 0)
      try hierarchy.scan { _ in }
      try hierarchy.assignResources(.moving)
      for index in 0..<hierarchy.count {
        let function = hierarchy[index]
        _ = function.takeErrors()
        _ = function.messageTableRange
        _ = try? function.setMessages(address: 0xfee0_0000, data: 0, count: 1)
        _ = try? function.setPowerState(.d3Hot) { _ in }
        #expect(function.secondaryBus == 0 || function.secondaryBus > function.address.bus)
      }
      try hierarchy.rescan(bus: 0, delay: { _ in }) { _ in }
      #expect(model.accesses < 20_000_000)
    }
  }

  @Test("A function that comes behind a bridge is found and gets addresses, and others keep theirs; then it goes")
  func hotPlug() throws {
    let model = HierarchyModel()
    let port = FunctionModel(0x10, vendor: 0x1b36, device: 0xc, classCode: 0x060400, isBridge: true, byteCount: 4096)
    port.setWindows(ports: true, prefetchable: true, is64Bit: true)
    port.add(16, PCIExpressModel.layout, length: 0x3c) { port, place in
      port.set(place + 2, UInt16(0x0142))
      port.set(place + 20, UInt32(0x40))
    }
    let disk = FunctionModel(0x18, vendor: 0x8086, device: 0x2922, classCode: 0x010601)
    disk.add(.init(kind: .memory, size: 0x1000), at: 5)
    model.functions = [port, disk]
    var hierarchy = PCIHierarchy(model)
    try hierarchy.add(PCIRoot())
    try hierarchy.add(HierarchyTests.memory, toRoot: 0)
    try hierarchy.add(HierarchyTests.ports, toRoot: 0)
    try hierarchy.scan { _ in }
    try hierarchy.assignResources(.moving)
    #expect(hierarchy.count == 2 && hierarchy[0].isHotPlugPort && hierarchy[0].secondaryBus == 1)
    #expect(
      hierarchy[0][.memoryWindow].size == PCIHotPlugReserve.generous.size(of: PCIResourceSlot.memoryWindow.rawValue))
    let diskRange = disk.range(ofBar: 5)
    disk.write(6, at: 4, width: 2)

    let card = FunctionModel(0, vendor: 0x1b36, device: 0x10, classCode: 0x010802)
    card.add(.init(kind: .memory, size: 0x4000, is64Bit: true), at: 0)
    port.children = [card]
    var added: [UInt16] = []
    var removed: [UInt16] = []
    func note(_ change: PCIChange) {
      switch change {
      case .added(let function): added.append(function.device)
      case .removed(let function): removed.append(function.device)
      }
    }
    try hierarchy.rescan(bus: 1, delay: { _ in }, note)
    #expect(added == [0x10] && removed == [])
    let found = hierarchy.index(of: PCIAddress(bus: 1, place: 0))
    let function = hierarchy[try #require(found)]
    let range = try #require(function[.bar0].range)
    #expect(card.range(ofBar: 0) == range && function.driver == .nvme)
    #expect(port.windows[1].contains(range.lowerBound) && port.windows[1].contains(range.upperBound - 1))
    #expect(disk.range(ofBar: 5) == diskRange && disk.get(4, 2) == 6)
    try function.enable(isMaster: true)
    #expect(card.get(4, 2) & 7 == 6)
    try hierarchy.rescan(bus: 1, delay: { _ in }, note)
    #expect(added == [0x10] && removed == [])

    port.children = []
    #expect(!function.isPresent && function.takeErrors() == nil)
    #expect(throws: Errno.ENODEV) { try function.enable(isMaster: true) }
    try hierarchy.rescan(bus: 1, delay: { _ in }, note)
    #expect(removed == [0x10] && hierarchy.count == 2)
    #expect(throws: Errno.EINVAL) { try hierarchy.rescan(bus: 9, delay: { _ in }, note) }
    // Removing a bridge removes what is behind it first.
    port.children = [card]
    try hierarchy.rescan(bus: 1, delay: { _ in }, note)
    removed = []
    hierarchy.remove(PCIAddress(bus: 0, place: 0x10), note)
    #expect(removed == [0x10, 0xc] && hierarchy.count == 1)
  }

  @Test("Pins are rotated on the way through bridges, up to the root")
  func swizzle() throws {
    let model = HierarchyModel()
    let outer = FunctionModel(3 << 3, vendor: 1, device: 1, classCode: 0x060400, isBridge: true)
    let inner = FunctionModel(5 << 3, vendor: 1, device: 2, classCode: 0x060400, isBridge: true)
    let card = FunctionModel(2 << 3, vendor: 1, device: 3, classCode: 0x020000)
    card.set(0x3d, UInt8(2))
    inner.children = [card]
    outer.children = [inner]
    model.functions = [outer]
    try HierarchyTests.scan(model, assigning: false) { hierarchy in
      let (first, none) = (hierarchy.interruptSource(of: hierarchy[2]), hierarchy.interruptSource(of: hierarchy[0]))
      let source = try #require(first)
      #expect(source == PCIInterruptSource(segment: 0, bus: 2, device: 2, pin: 1))
      let second = hierarchy.upstream(of: source)
      let middle = try #require(second)
      #expect(middle == PCIInterruptSource(segment: 0, bus: 1, device: 5, pin: 3))
      let third = hierarchy.upstream(of: middle)
      let top = try #require(third)
      #expect(top == PCIInterruptSource(segment: 0, bus: 0, device: 3, pin: 0))
      let last = hierarchy.upstream(of: top)
      #expect(last == nil && none == nil)
    }
  }

  @Test("A pin leads where the nearest bus with known wiring takes it, and nowhere when that bus leaves it out")
  func routes() throws {
    let model = HierarchyModel()
    let bridge = FunctionModel(3 << 3, vendor: 1, device: 1, classCode: 0x060400, isBridge: true)
    let card = FunctionModel(2 << 3, vendor: 1, device: 3, classCode: 0x020000)
    card.set(0x3d, UInt8(2))
    bridge.children = [card]
    model.functions = [bridge]
    var hierarchy = PCIHierarchy(model)
    try hierarchy.add(PCIRoot())
    try hierarchy.scan { _ in }
    let function = hierarchy[1]
    func line() -> PCIInterruptLine? { hierarchy.interruptLine(of: function) }
    #expect(line() == nil)
    // INTB of device 2 comes out of the bridge, device 3, as INTD.
    try hierarchy.addRoutedBus(0, segment: 0)
    #expect(line() == nil)
    let outer = PCIInterruptLine(global: 19, isLevelTriggered: true, isActiveLow: false)
    try hierarchy.addRoute(from: PCIInterruptSource(bus: 0, device: 3, pin: 3), to: outer)
    try hierarchy.addRoute(
      from: PCIInterruptSource(bus: 0, device: 3, pin: 2), to: PCIInterruptLine(global: 18))
    #expect(line() == outer)
    // The bus's own wiring comes before that of the bus before it, also when it has nothing for the pin.
    try hierarchy.addRoutedBus(1, segment: 0)
    #expect(line() == nil)
    let source = PCIInterruptSource(bus: 1, device: 2, pin: 1)
    try hierarchy.addRoute(from: source, to: PCIInterruptLine(global: 20))
    #expect(line() == PCIInterruptLine(global: 20))
    #expect(throws: Errno.EEXIST) { try hierarchy.addRoute(from: source, to: outer) }
    #expect(throws: Errno.EEXIST) { try hierarchy.addRoutedBus(1, segment: 0) }
    #expect(throws: Errno.EINVAL) {
      try hierarchy.addRoute(from: PCIInterruptSource(bus: 1, device: 32, pin: 0), to: outer)
    }
    #expect(throws: Errno.EINVAL) {
      try hierarchy.addRoute(from: PCIInterruptSource(bus: 1, device: 1, pin: 4), to: outer)
    }
  }

  @Test("When memory runs out at any moment a scan says so, knows nothing, and the next one finds all")
  func noMemory() throws {
    var maker = HierarchyMaker(seed: 9, budget: 40)
    let model = maker.hierarchy()
    var hierarchy = PCIHierarchy(model)
    try hierarchy.add(PCIRoot())
    var failures = 0
    SimulatedMemory.exclusive {
      for count in 0..<200 where hierarchy.count == 0 {
        AllocationFaults.fail(after: count)
        var error: Errno?
        do throws(Errno) { try hierarchy.scan { _ in } } catch let thrown { error = thrown }
        AllocationFaults.fail(after: nil)
        #expect(error == (hierarchy.count == 0 ? .ENOMEM : nil))
        if error != nil { failures += 1 }
      }
    }
    #expect(failures > 2)
    #expect(hierarchy.count == model.count)
  }
}

extension SeededGenerator {
  /// The first number of the sequence that `seed` begins.
  static func first(_ seed: UInt64) -> UInt64 {
    var generator = SeededGenerator(seed: seed)
    return generator.next()
  }
}
