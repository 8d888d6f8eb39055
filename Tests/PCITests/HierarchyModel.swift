import Foundations
import TestSupport

@testable import PCI

/// Buses in software: bridges forward by their bus numbers, as hardware does.
final class HierarchyModel: PCIConfigurationAccess {
  /// The functions on the root bus.
  var functions: [FunctionModel] = []
  let rootBus: UInt8
  let byteCount: Int
  /// How often two bridges of a bus forwarded to one bus number, which on hardware is a collision.
  private(set) var collisions = 0
  /// How many writes there were.
  private(set) var writeCount = 0
  /// How many reads of a vendor are answered with "not ready" yet.
  var notReady: [UInt8: Int] = [:]

  init(rootBus: UInt8 = 0, byteCount: Int = 4096) {
    self.rootBus = rootBus
    self.byteCount = byteCount
  }

  func byteCount(of address: PCIAddress) -> Int { address.segment == 0 ? byteCount : 0 }

  /// The function that a request for `address` reaches.
  func function(at address: PCIAddress) -> FunctionModel? {
    var bus = functions
    var number = rootBus
    while number != address.bus {
      let bridges = bus.filter { bridge in
        bridge.isBridge && bridge.secondaryBus > 0 && bridge.secondaryBus <= address.bus
          && address.bus <= bridge.subordinateBus
      }
      if bridges.count > 1 { collisions += 1 }
      guard let bridge = bridges.first, bridge.secondaryBus > number else { return nil }
      bus = bridge.children
      number = bridge.secondaryBus
    }
    return bus.first { $0.place == address.place }
  }

  func read(_ address: PCIAddress, at offset: Int, width: Int) -> UInt32 {
    guard let function = function(at: address), isAccess(offset, width, in: function.bytes.count) else { return .max }
    if offset == 0, address.bus == rootBus, let left = notReady[address.place], left > 0 {
      notReady[address.place] = left - 1
      return 0xffff_0001
    }
    if offset == 2, address.bus == rootBus, let left = notReady[address.place], left > 0 { return 0xffff }
    return function.get(offset, width)
  }

  func write(_ value: UInt32, to address: PCIAddress, at offset: Int, width: Int) {
    writeCount += 1
    guard let function = function(at: address), isAccess(offset, width, in: function.bytes.count) else { return }
    function.write(value, at: offset, width: width)
  }

  /// Calls `body` with every function and the bridges before it, the nearest last.
  func forEach(_ body: (FunctionModel, [FunctionModel]) -> Void) {
    func visit(_ bus: [FunctionModel], _ path: [FunctionModel]) {
      for function in bus {
        body(function, path)
        visit(function.children, path + [function])
      }
    }
    visit(functions, [])
  }

  var count: Int {
    var count = 0
    forEach { _, _ in count += 1 }
    return count
  }
}

/// Random hierarchies.
struct HierarchyMaker {
  var generator: SeededGenerator
  /// How many functions there may be at most.
  var budget: Int
  /// How large the ranges of memory may be: two to the power of this.
  var largestExponent = 24
  private var serial: UInt16 = 0

  init(seed: UInt64, budget: Int) {
    generator = SeededGenerator(seed: seed)
    self.budget = budget
  }

  private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &generator) < percent }

  mutating func hierarchy() -> HierarchyModel {
    let model = HierarchyModel()
    model.functions = bus(depth: 0)
    return model
  }

  private mutating func bus(depth: Int) -> [FunctionModel] {
    var functions: [FunctionModel] = []
    let devices = Int.random(in: 0...(depth == 0 ? 8 : 4), using: &generator)
    for device in Array(0..<UInt8(32)).shuffled(using: &generator).prefix(devices).sorted() {
      let isMultiFunction = chance(25)
      for function in UInt8(0)..<8 where function == 0 || isMultiFunction && chance(30) {
        guard budget > 0 else { return functions }
        budget -= 1
        let made = self.function(device << 3 | function, depth)
        if function == 0, isMultiFunction { made.set(14, made.bytes[14] | 0x80) }
        functions.append(made)
      }
    }
    return functions
  }

  private mutating func function(_ place: UInt8, _ depth: Int) -> FunctionModel {
    serial += 1
    let isBridge = depth < 6 && chance(35)
    let function = FunctionModel(
      place, vendor: 0x1af4, device: serial, classCode: isBridge ? 0x060400 : 0x020000, isBridge: isBridge)
    if isBridge {
      function.setWindows(
        ports: chance(80), is32BitPorts: chance(50), prefetchable: chance(70), is64Bit: chance(70))
      function.children = bus(depth: depth + 1)
    }
    var index = 0
    while index < (isBridge ? 2 : 6) {
      if chance(isBridge ? 15 : 50) {
        let is64Bit = chance(40) && index + 1 < (isBridge ? 2 : 6)
        let kind: PCIResource.Kind = chance(30) ? .ports : chance(50) ? .memory : .prefetchable
        let exponent =
          kind == .ports
          ? Int.random(in: 2...8, using: &generator)
          : Int.random(in: 4...largestExponent, using: &generator)
        let bar = FunctionModel.Bar(kind: kind, size: 1 << UInt64(exponent), is64Bit: is64Bit && kind != .ports)
        function.add(bar, at: index)
        if bar.is64Bit { index += 1 }
      }
      index += 1
    }
    if chance(20) { function.addROM(size: 1 << 16) }
    return function
  }

  /// Fills every bus number, base address register and window with chance.
  mutating func scramble(_ model: HierarchyModel) {
    var generator = generator
    model.forEach { function, _ in
      for offset in 0x10..<0x34 where Bool.random(using: &generator) {
        function.write(UInt32(UInt8.random(in: 0...255, using: &generator)), at: offset, width: 1)
      }
      function.write(UInt32.random(in: 0...7, using: &generator), at: 4, width: 2)
    }
    self.generator = generator
  }
}
