import Foundations
import Testing

@testable import PCI

/// Finding functions, numbering buses, giving addresses: on models that forward as hardware does.
@Suite("PCI hierarchy") struct HierarchyTests {
  static let ports = PCIAperture(.ports, 0x1000..<0x1_0000)
  static let memory = PCIAperture(.memory, 0x8000_0000..<0xfec0_0000)
  static let highMemory = PCIAperture(.memory, 0x10_0000_0000..<0x80_0000_0000)

  /// Scans `model` and gives `body` what was found.
  static func scan(
    _ model: HierarchyModel, assigning: Bool = true, _ body: (borrowing PCIHierarchy) throws -> Void = { _ in }
  ) throws {
    var hierarchy = PCIHierarchy(model)
    try hierarchy.add(PCIRoot(buses: model.rootBus...255))
    for aperture in [ports, memory, highMemory] { try hierarchy.add(aperture, toRoot: model.rootBus) }
    var waited = 0
    try hierarchy.scan { waited += $0 }
    #expect(waited <= PCIHierarchy.patience)
    if assigning { try hierarchy.assignResources(.moving) }
    try body(hierarchy)
  }

  /// What the hardware itself would say: every function is reached under the address that was found, and once.
  static func expectComplete(_ model: HierarchyModel, _ hierarchy: borrowing PCIHierarchy, _ comment: Comment) {
    #expect(hierarchy.count == model.count, comment)
    var seen: Set<UInt32> = []
    var last: PCIAddress?
    for index in 0..<hierarchy.count {
      let function = hierarchy[index]
      let found = model.function(at: function.address)
      #expect(found?.get(2, 2) == UInt32(function.device), comment)
      #expect(seen.insert(UInt32(function.device)).inserted, comment)
      let isInOrder = last.map { $0 < function.address } ?? true
      #expect(isInOrder, comment)
      last = function.address
    }
    #expect(model.collisions == 0, comment)
  }

  @Test("Every function of a random tree is found once, when firmware has numbered nothing")
  func unnumbered() throws {
    for seed in UInt64(0)..<60 {
      var maker = HierarchyMaker(seed: seed, budget: 120)
      let model = maker.hierarchy()
      try Self.scan(model, assigning: false) { Self.expectComplete(model, $0, "seed \(seed)") }
    }
  }

  @Test("And when it has left nonsense in bus numbers, addresses and windows")
  func scrambled() throws {
    for seed in UInt64(0)..<60 {
      var maker = HierarchyMaker(seed: seed, budget: 120)
      let model = maker.hierarchy()
      maker.scramble(model)
      try Self.scan(model) { hierarchy in
        #expect(hierarchy.count == model.count, "seed \(seed)")
        Self.expectPlaced(model, "seed \(seed)")
      }
    }
  }

  /// Every range of a function that decodes is apart from all others and inside the windows of all bridges before it.
  static func expectPlaced(_ model: HierarchyModel, _ comment: Comment) {
    var placed: [(ports: Bool, range: Range<UInt64>)] = []
    model.forEach { function, path in
      for index in function.bars.keys.sorted() {
        guard let bar = function.bars[index], let range = function.range(ofBar: index) else { continue }
        let isPorts = bar.kind == .ports
        guard function.bytes[4] & (isPorts ? 1 : 2) != 0 else { continue }
        for other in placed where other.ports == isPorts {
          #expect(!other.range.overlaps(range), comment)
        }
        placed.append((isPorts, range))
        for bridge in path {
          let windows = isPorts ? [bridge.windows[0]] : Array(bridge.windows[1...])
          let isForwarded = windows.contains { $0.lowerBound <= range.lowerBound && range.upperBound <= $0.upperBound }
          #expect(isForwarded, comment)
          #expect(bridge.bytes[4] & (isPorts ? 1 : 2) != 0, comment)
        }
      }
    }
  }

  @Test("Ranges without addresses get some that are apart, aligned and inside every window before them")
  func assigned() throws {
    var ranges = 0
    for seed in UInt64(1000)..<1020 {
      var maker = HierarchyMaker(seed: seed, budget: 60)
      maker.largestExponent = 20
      let model = maker.hierarchy()
      try Self.scan(model) { hierarchy in
        for index in 0..<hierarchy.count {
          let function = hierarchy[index]
          let hardware = try #require(model.function(at: function.address))
          for slot in 0..<6 {
            guard let bar = hardware.bars[slot] else {
              #expect(function.resources[slot].kind == .none, "seed \(seed)")
              continue
            }
            let resource = function.resources[slot]
            #expect(resource.kind == bar.kind && resource.size == bar.size && resource.is64Bit == bar.is64Bit)
            guard let range = resource.range else { continue }
            #expect(range.lowerBound % bar.size == 0)
            #expect(hardware.range(ofBar: slot) == range, "seed \(seed)")
            ranges += 1
          }
          // From now on everything answers, so that what overlaps shows.
          hardware.write(7, at: 4, width: 1)
        }
        if hierarchy.problems.unplacedRanges == 0 { Self.expectPlaced(model, "seed \(seed)") }
      }
    }
    #expect(ranges > 500)
  }

  @Test("What has once been numbered and placed is left alone by the next scan")
  func stable() throws {
    for seed in UInt64(2000)..<2012 {
      var maker = HierarchyMaker(seed: seed, budget: 60)
      maker.largestExponent = 18
      let model = maker.hierarchy()
      try Self.scan(model)
      var before: [[UInt8]] = []
      model.forEach { function, _ in before.append(function.bytes) }
      try Self.scan(model) { hierarchy in
        #expect(hierarchy.problems.renumberedBridges == 0)
        #expect(hierarchy.problems.misplacedRanges == 0, "seed \(seed)")
      }
      var after: [[UInt8]] = []
      model.forEach { function, _ in after.append(function.bytes) }
      #expect(before == after, "seed \(seed)")
    }
  }

  @Test("A window that firmware made too small is made anew, and all behind it fits")
  func grown() throws {
    let model = HierarchyModel()
    let bridge = FunctionModel(8, vendor: 0x1b36, device: 1, classCode: 0x060400, isBridge: true)
    bridge.setWindows(ports: true, prefetchable: true, is64Bit: true)
    model.functions = [bridge]
    let device = FunctionModel(0, vendor: 0x8086, device: 2, classCode: 0x010802)
    device.add(.init(kind: .memory, size: 4 << 20), at: 0)
    bridge.children = [device]
    bridge.set(0x18, UInt32(0x0001_0100))
    bridge.set(0x20, UInt32(0x9000_9000))
    try Self.scan(model) { hierarchy in
      let window = hierarchy[0][.memoryWindow]
      #expect(window.size == 4 << 20)
      #expect(hierarchy[1][.bar0].range == window.range)
      #expect(hierarchy.problems.unplacedRanges == 0)
      #expect(hierarchy.problems.renumberedBridges == 0)
    }
    #expect(bridge.windows[1] == device.range(ofBar: 0))
    #expect(bridge.bytes[4] & 6 == 6)
  }

  @Test("A chain of bridges as long as there are buses is followed to its end, and one longer is closed")
  func longChain() throws {
    for length in [15, 16, 20] {
      let model = HierarchyModel(rootBus: 240)
      var bus: [FunctionModel] = []
      for number in (0..<length).reversed() {
        let bridge = FunctionModel(
          0, vendor: 0x1b36, device: UInt16(number), classCode: 0x060400, isBridge: true)
        bridge.children = bus
        bus = [bridge]
      }
      model.functions = bus
      try Self.scan(model, assigning: false) { hierarchy in
        #expect(hierarchy.count == min(length, 16))
        #expect(hierarchy.problems.closedBridges == (length >= 16 ? 1 : 0))
      }
    }
  }

  @Test("Firmware's numbers are kept, and a bridge that it left out gets one that is free")
  func kept() throws {
    let model = HierarchyModel()
    for (device, buses) in [(UInt8(1), UInt32(0x0003_0100)), (2, 0), (3, 0x0009_0500)] {
      let bridge = FunctionModel(device << 3, vendor: 1, device: UInt16(device), classCode: 0x060400, isBridge: true)
      bridge.set(0x18, buses)
      bridge.children = [FunctionModel(0, vendor: 2, device: 0x10 + UInt16(device), classCode: 0)]
      model.functions.append(bridge)
    }
    try Self.scan(model, assigning: false) { hierarchy in
      let buses = (0..<3).map { [hierarchy[$0].secondaryBus, hierarchy[$0].subordinateBus] }
      #expect(buses == [[1, 3], [10, 10], [5, 9]])
      #expect(hierarchy.problems.renumberedBridges == 1)
      Self.expectComplete(model, hierarchy, "kept")
      #expect(hierarchy.bridge(toBus: 10) == 1 && hierarchy.bridge(toBus: 0) == nil)
      #expect(hierarchy.indices(onBus: 5) == 4..<5 || hierarchy.indices(onBus: 5).count == 1)
    }
  }

  @Test("A function that is not ready is waited for, and not for ever")
  func patience() throws {
    let model = HierarchyModel()
    for device in UInt8(0)..<3 {
      model.functions.append(FunctionModel(device << 3, vendor: 3, device: UInt16(device), classCode: 0))
    }
    model.notReady = [8: 12, 16: .max]
    var hierarchy = PCIHierarchy(model)
    try hierarchy.add(PCIRoot())
    var waited = 0
    try hierarchy.scan { waited += $0 }
    #expect(hierarchy.count == 2)
    #expect(hierarchy.problems.lateFunctions >= 1)
    #expect(waited > 1_000 && waited <= PCIHierarchy.patience)
  }
}
