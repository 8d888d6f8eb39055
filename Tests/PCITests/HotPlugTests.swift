import DeviceModels
import Foundations
import Machine
import Testing

@testable import PCI

/// Functions that come and go, and the numbers and addresses that are kept for them.
@Suite("PCI hot-plug", .serialized) struct HotPlugTests {
  /// A port with a slot, or a bridge of a switch.
  static func port(_ place: UInt8, type: UInt16 = 4, hasSlot: Bool = true, buses: UInt8 = 0) -> FunctionModel {
    let port = FunctionModel(place, vendor: 0x1b36, device: 0xc, classCode: 0x060400, isBridge: true, byteCount: 4096)
    port.setWindows(ports: true, prefetchable: true, is64Bit: true)
    port.add(16, PCIExpressModel.layout, length: 0x3c) { port, offset in
      port.set(offset + 2, 2 | type << 4 | UInt16(hasSlot ? 0x100 : 0))
      port.set(offset + 20, UInt32(hasSlot ? 0x40 : 0))
    }
    port.set(0x18, UInt32(buses) << 8 | UInt32(buses) << 16)
    return port
  }

  static func device(_ place: UInt8, _ device: UInt16, _ bars: [(Int, FunctionModel.Bar)]) -> FunctionModel {
    let function = FunctionModel(place, vendor: 0x8086, device: device, classCode: 0x020000)
    for (index, bar) in bars { function.add(bar, at: index) }
    return function
  }

  /// A root bus with two ports as firmware has left them, each with one bus number, and a disk that is in use.
  static func machine() -> HierarchyModel {
    let model = HierarchyModel()
    let disk = device(0x18, 0x2922, [(5, .init(kind: .memory, size: 0x1000)), (4, .init(kind: .ports, size: 0x20))])
    model.functions = [port(0x10, buses: 1), port(0x11, buses: 2), disk]
    model.functions[0].set(14, UInt8(0x81))
    return model
  }

  static func hierarchy(
    _ model: HierarchyModel, _ apertures: [PCIAperture] = [HierarchyTests.ports, HierarchyTests.memory]
  ) throws -> PCIHierarchy {
    var hierarchy = PCIHierarchy(model)
    try hierarchy.add(PCIRoot())
    for aperture in apertures { try hierarchy.add(aperture, toRoot: 0) }
    try hierarchy.scan { _ in }
    try hierarchy.assignResources(.moving)
    return hierarchy
  }

  /// Everything that is known and that the hardware holds.
  static func picture(_ hierarchy: borrowing PCIHierarchy, _ model: HierarchyModel) -> [String] {
    var lines: [String] = []
    for index in 0..<hierarchy.count {
      let function = hierarchy[index]
      let ranges = PCIResourceSlot.allCases.map { function[$0].range.map { "\($0)" } ?? "-" }
      lines.append("\(function.address) \(function.secondaryBus) \(function.subordinateBus) \(ranges)")
    }
    model.forEach { function, _ in lines.append("\(function.bytes[0..<64])") }
    return lines
  }

  /// Things that may be plugged in.
  static func card(_ kind: Int) -> [FunctionModel] {
    switch kind % 6 {
    case 0:
      return [
        device(
          0, 1,
          [
            (0, .init(kind: .memory, size: 1 << 17)), (1, .init(kind: .ports, size: 0x40)),
            (2, .init(kind: .prefetchable, size: 1 << 20, is64Bit: true)), (4, .init(kind: .memory, size: 1 << 12)),
          ])
      ]
    case 1:
      let functions = (0..<4).map { device(UInt8($0), UInt16(0x20 + $0), [(0, .init(kind: .memory, size: 1 << 18))]) }
      functions[0].set(14, UInt8(0x80))
      return functions
    case 2:
      // A bridge to conventional PCI with devices behind it.
      let bridge = port(0, type: 7, hasSlot: false)
      bridge.children = [
        device(0x08, 0x30, [(0, .init(kind: .memory, size: 1 << 16)), (1, .init(kind: .ports, size: 0x20))]),
        device(0x50, 0x31, [(0, .init(kind: .prefetchable, size: 1 << 19))]),
      ]
      return [bridge]
    case 3:
      // A switch with two slots of its own, one of them filled.
      let upstream = port(0, type: 5, hasSlot: false)
      upstream.children = [port(0x00, type: 6), port(0x08, type: 6)]
      upstream.children[1].children = card(0)
      return [upstream]
    case 4:
      return [device(0, 0x40, [(0, .init(kind: .prefetchable, size: 1 << 28, is64Bit: true))])]
    default:
      return [device(0, 0x50, [(0, .init(kind: .memory, size: 1 << 25)), (1, .init(kind: .ports, size: 0x100))])]
    }
  }

  static func count(_ functions: [FunctionModel]) -> Int {
    functions.reduce(0) { $0 + 1 + count($1.children) }
  }

  /// Lets every function answer, so that what overlaps shows, and looks at the addresses.
  static func expectPlaced(_ model: HierarchyModel, _ comment: Comment) {
    var commands: [(FunctionModel, UInt32)] = []
    model.forEach { function, _ in
      commands.append((function, function.get(4, 2)))
      if !function.isBridge { function.write(7, at: 4, width: 1) }
    }
    HierarchyTests.expectPlaced(model, comment)
    #expect(model.collisions == 0, comment)
    for (function, command) in commands { function.write(command, at: 4, width: 2) }
  }

  @Test("Ports with slots get bus numbers and windows for what may come, and that is no fault of theirs")
  func reserves() throws {
    let model = Self.machine()
    let hierarchy = try Self.hierarchy(model)
    let buses = (0..<2).map { [hierarchy[$0].secondaryBus, hierarchy[$0].subordinateBus] }
    #expect(buses == [[1, 8], [9, 16]])
    #expect(hierarchy.problems == PCIProblems())
    for index in 0..<2 {
      #expect(hierarchy[index].isForHotPlug)
      #expect(hierarchy[index][.memoryWindow].size == 16 << 20 && hierarchy[index][.portWindow].size == 0x1000)
      #expect(hierarchy[index][.prefetchableWindow].size == 64 << 20)
    }
    // The next kernel finds it so and leaves it.
    let before = Self.picture(hierarchy, model)
    #expect(Self.picture(try Self.hierarchy(model), model) == before)
  }

  @Test("Reserves shrink where there is no room, and never take addresses or numbers from what is there")
  func scarce() throws {
    for count in [3, 12, 31, 60] {
      let model = HierarchyModel()
      for index in 0..<count {
        let port = Self.port(UInt8(index))
        port.set(14, UInt8(0x81))
        port.children = index % 3 == 0 ? Self.card(0) : []
        model.functions.append(port)
      }
      let hierarchy = try Self.hierarchy(
        model, [HierarchyTests.ports, PCIAperture(.memory, 0xe000_0000..<0xfec0_0000)])
      #expect(hierarchy.count == model.count && hierarchy.problems.closedBridges == 0, "\(count) ports")
      #expect(model.collisions == 0)
      // One card in three wants a window of 4 KiB of ports, of which there are 15.
      let lost = max((count + 2) / 3 - 15, 0)
      #expect(hierarchy.problems.unplacedRanges == lost, "\(count) ports")
      if lost == 0 { Self.expectPlaced(model, "\(count) ports") }
    }
  }

  @Test("Two hundred devices, switches and bridges that come and go leave everything as it was")
  func cycles() throws {
    let model = Self.machine()
    var hierarchy = try Self.hierarchy(model)
    model.functions[2].write(7, at: 4, width: 2)
    let before = Self.picture(hierarchy, model)
    for cycle in 0..<200 {
      let slot = cycle / 6 % 2
      let port = model.functions[slot]
      port.children = Self.card(cycle)
      let expected = Self.count(port.children)
      var (added, removed) = (0, 0)
      func note(_ change: PCIChange) {
        if case .added = change { added += 1 } else { removed += 1 }
      }
      try hierarchy.rescan(bus: port.secondaryBus, delay: { _ in }, note)
      #expect(added == expected && removed == 0, "cycle \(cycle)")
      #expect(hierarchy.count == 3 + expected && hierarchy.problems.unplacedRanges == 0, "cycle \(cycle)")
      #expect(hierarchy.problems.closedBridges == 0, "cycle \(cycle)")
      Self.expectPlaced(model, "cycle \(cycle)")
      port.children = []
      if cycle % 3 == 0 {
        hierarchy.removeAll(behind: PCIAddress(bus: 0, place: port.place), note)
      } else if cycle % 5 == 0 {
        hierarchy.removeDevice(PCIAddress(bus: port.secondaryBus, place: 3), note)
      } else {
        try hierarchy.rescan(bus: port.secondaryBus, delay: { _ in }, note)
      }
      #expect(removed == expected, "cycle \(cycle)")
      let after = Self.picture(hierarchy, model)
      #expect(after == before, "cycle \(cycle)")
      if after != before { return }
    }
  }

  @Test("Both slots and a slot of a switch in one of them are filled at once, and what is in use keeps its addresses")
  func nested() throws {
    let model = Self.machine()
    var hierarchy = try Self.hierarchy(model)
    model.functions[0].children = Self.card(3)
    try hierarchy.rescan(bus: model.functions[0].secondaryBus, delay: { _ in }) { _ in }
    let upstream = try #require(model.functions[0].children.first)
    let inner = upstream.children[0]
    #expect(inner.secondaryBus > upstream.secondaryBus && inner.subordinateBus <= upstream.subordinateBus)
    model.forEach { function, _ in function.write(function.isBridge ? 7 : 6, at: 4, width: 2) }
    let used = upstream.children[1].children[0].range(ofBar: 0)
    inner.children = Self.card(1)
    try hierarchy.rescan(bus: inner.secondaryBus, delay: { _ in }) { _ in }
    model.functions[1].children = Self.card(4)
    try hierarchy.rescan(bus: model.functions[1].secondaryBus, delay: { _ in }) { _ in }
    #expect(hierarchy.count == model.count && hierarchy.problems.unplacedRanges == 0)
    #expect(upstream.children[1].children[0].range(ofBar: 0) == used)
    #expect(upstream.children[1].children[0].get(4, 2) == 6)
    Self.expectPlaced(model, "nested")
    // The switch is pulled out with all that is in it.
    var removed = 0
    model.functions[0].children = []
    try hierarchy.rescan(bus: model.functions[0].secondaryBus, delay: { _ in }) {
      if case .removed = $0 { removed += 1 }
    }
    #expect(removed == 3 + 1 + 4 && hierarchy.count == model.count)
  }

  @Test("A function of a device that others of are known is found again")
  func oneOfSeveral() throws {
    let model = Self.machine()
    model.functions[0].children = Self.card(1)
    var hierarchy = try Self.hierarchy(model)
    let bus = model.functions[0].secondaryBus
    let count = hierarchy.count
    for function in UInt8(1)..<4 {
      hierarchy.remove(PCIAddress(bus: bus, device: 0, function: function)) { _ in }
      #expect(hierarchy.count == count - 1)
      var added: [UInt8] = []
      try hierarchy.rescan(bus: bus, delay: { _ in }) {
        if case .added(let found) = $0 { added.append(found.address.place) }
      }
      #expect(added == [function] && hierarchy.count == count)
      Self.expectPlaced(model, "function \(function)")
    }
  }

  @Test("A new function that comes with the addresses of one in use gets others")
  func staleAddresses() throws {
    let model = Self.machine()
    var hierarchy = try Self.hierarchy(model)
    let disk = model.functions[2]
    disk.write(7, at: 4, width: 2)
    let range = disk.range(ofBar: 5)
    let intruder = Self.device(0x08, 0x60, [(0, .init(kind: .memory, size: 0x1000))])
    intruder.write(disk.get(0x24, 4), at: 0x10, width: 4)
    model.functions.insert(intruder, at: 0)
    try hierarchy.rescan(bus: 0, delay: { _ in }) { _ in }
    #expect(disk.range(ofBar: 5) == range && disk.get(4, 2) & 7 == 7)
    #expect(intruder.range(ofBar: 0) != range && intruder.range(ofBar: 0)?.lowerBound != 0)
    Self.expectPlaced(model, "stale")
  }

  @Test(
    "When memory runs out at any moment of a change, readers see what was or what is, and the next change finds all")
  func noMemory() throws {
    let model = Self.machine()
    let shared = SharedHierarchy(try Self.hierarchy(model))
    model.functions[0].children = Self.card(3)
    let bus = model.functions[0].secondaryBus
    var failures = 0
    var isDone = false
    SimulatedMemory.exclusive {
      for count in 0..<200 where !isDone {
        AllocationFaults.fail(after: count)
        do throws(Errno) {
          try shared.change { hierarchy throws(Errno) in try hierarchy.rescan(bus: bus, delay: { _ in }) { _ in } }
          isDone = true
        } catch {
          #expect(error == .ENOMEM)
          failures += 1
        }
        AllocationFaults.fail(after: nil)
      }
    }
    #expect(isDone && failures > 4)
    let (count, unplaced) = shared.read { ($0.count, $0.problems.unplacedRanges) }
    #expect(count == model.count && unplaced == 0)
    Self.expectPlaced(model, "after \(failures) failures")
  }

  @Test("Readers go on while a change waits, with what was known before")
  func readers() throws {
    let model = Self.machine()
    let shared = SharedHierarchy(try Self.hierarchy(model))
    model.functions[0].children = Self.card(1)
    let bus = model.functions[0].secondaryBus
    model.functions.append(Self.device(0xf0, 0x70, []))
    model.notReady = [0xf0: 4]
    var seen: [Int] = []
    try shared.change { hierarchy throws(Errno) in
      try hierarchy.rescan(bus: bus, delay: { _ in }) { _ in }
      try hierarchy.rescan(bus: 0, delay: { _ in seen.append(shared.read { $0.count }) }) { _ in }
    }
    #expect(!seen.isEmpty && seen.allSatisfy { $0 == 3 })
    #expect(shared.read { $0.count } == 8)
  }

  /// What the kernel connects a slot to.
  final class Connection: SlotListener {
    let shared: SharedHierarchy
    let clock: SlotClock
    var changes: [String] = []
    init(_ shared: SharedHierarchy, _ clock: SlotClock) {
      self.shared = shared
      self.clock = clock
    }

    private func note(_ change: PCIChange) {
      switch change {
      case .added(let function): changes.append("+\(function.device)")
      case .removed(let function): changes.append("-\(function.device)")
      }
    }

    override func slotFilled(_ slot: SlotController) {
      try? shared.change { hierarchy throws(Errno) in
        try hierarchy.rescan(bus: slot.port.secondaryBus, delay: { self.clock.wait(milliseconds: $0) }, self.note)
      }
    }

    override func slotEmptied(_ slot: SlotController, isSurprise: Bool) {
      try? shared.change { hierarchy throws(Errno) in hierarchy.removeAll(behind: slot.port.address, self.note) }
    }
  }

  @Test("A slot that is filled and emptied two hundred times, in order or by surprise, is as it was")
  func slotCycles() throws {
    let model = SlotModel()
    var hierarchy = PCIHierarchy(model)
    try hierarchy.add(PCIRoot())
    for aperture in [HierarchyTests.ports, HierarchyTests.memory] { try hierarchy.add(aperture, toRoot: 0) }
    try hierarchy.scan { _ in }
    try hierarchy.assignResources(.moving)
    let shared = SharedHierarchy(hierarchy)
    let port = shared.read { $0[0] }
    let connection = Connection(shared, model.clock)
    let slot = try #require(SlotController(port, listener: connection, timing: model.clock))
    model.onInterrupt = { _ = slot.handleInterrupt() }
    slot.start(.unknown, .interrupt)
    let before = shared.read { Self.picture($0, model.buses) }
    let control = model.express[PCIExpressModel.slotControl]
    for cycle in 0..<200 {
      connection.changes = []
      model.insert(Self.card(cycle % 2 == 0 ? 0 : 4))
      slot.serve()
      #expect(connection.changes == [cycle % 2 == 0 ? "+1" : "+64"], "cycle \(cycle)")
      #expect(shared.read { $0.problems.unplacedRanges } == 0, "cycle \(cycle)")
      if cycle % 3 == 0 {
        model.pull()
      } else {
        model.press()
        slot.serve()
        model.clock.advance(5_000)
      }
      slot.serve()
      #expect(slot.state == .empty && connection.changes.count == 2, "cycle \(cycle)")
      let after = shared.read { Self.picture($0, model.buses) }
      #expect(after == before && model.express[PCIExpressModel.slotControl] == control, "cycle \(cycle)")
      if after != before { return }
    }
    #expect(model.express.violations == [])
  }
}
