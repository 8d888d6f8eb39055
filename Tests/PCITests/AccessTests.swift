import Foundations
import TestSupport
import Testing

@testable import PCI

/// Ports and memory lead to the same bytes as the model itself.
@Suite("PCI configuration access") struct AccessTests {
  /// The eight ports: the first four take an address, the others are a window.
  final class PortModel: RegisterSpace {
    let model: HierarchyModel
    private(set) var selection: UInt32 = 0
    init(_ model: HierarchyModel) { self.model = model }

    private func access(_ offset: Int, _ width: Int, _ value: UInt32? = nil) -> UInt32 {
      if offset == 0, width == 4 {
        if let value { selection = value }
        return selection
      }
      guard offset >= 4, offset + width <= 8, selection >> 31 == 1 else { return .max }
      var address = PCIAddress(bus: 0, place: 0)
      address.routing = UInt16(truncatingIfNeeded: selection >> 8)
      let place = Int(selection & 0xfc) + offset - 4
      if let value {
        model.write(value, to: address, at: place, width: width)
        return 0
      }
      return model.read(address, at: place, width: width)
    }

    func read8(at offset: Int) -> UInt8 { UInt8(truncatingIfNeeded: access(offset, 1)) }
    func read16(at offset: Int) -> UInt16 { UInt16(truncatingIfNeeded: access(offset, 2)) }
    func read32(at offset: Int) -> UInt32 { access(offset, 4) }
    func read64(at offset: Int) -> UInt64 { .max }
    func write8(_ value: UInt8, at offset: Int) { _ = access(offset, 1, UInt32(value)) }
    func write16(_ value: UInt16, at offset: Int) { _ = access(offset, 2, UInt32(value)) }
    func write32(_ value: UInt32, at offset: Int) { _ = access(offset, 4, value) }
    func write64(_ value: UInt64, at offset: Int) {}
  }

  /// Memory from bus `first` on: a mebibyte a bus, 4 KiB a function.
  final class MemoryModel: RegisterSpace {
    let model: HierarchyModel
    let first: UInt8
    init(_ model: HierarchyModel, first: UInt8) {
      self.model = model
      self.first = first
    }

    private func address(_ offset: Int) -> PCIAddress {
      var address = PCIAddress(bus: 0, place: 0)
      address.routing = UInt16(truncatingIfNeeded: offset >> 12) &+ UInt16(first) << 8
      return address
    }
    private func read(_ offset: Int, _ width: Int) -> UInt32 {
      offset < 0 ? .max : model.read(address(offset), at: offset & 0xfff, width: width)
    }
    func read8(at offset: Int) -> UInt8 { UInt8(truncatingIfNeeded: read(offset, 1)) }
    func read16(at offset: Int) -> UInt16 { UInt16(truncatingIfNeeded: read(offset, 2)) }
    func read32(at offset: Int) -> UInt32 { read(offset, 4) }
    func read64(at offset: Int) -> UInt64 { .max }
    func write8(_ value: UInt8, at offset: Int) {
      model.write(UInt32(value), to: address(offset), at: offset & 0xfff, width: 1)
    }
    func write16(_ value: UInt16, at offset: Int) {
      model.write(UInt32(value), to: address(offset), at: offset & 0xfff, width: 2)
    }
    func write32(_ value: UInt32, at offset: Int) {
      model.write(value, to: address(offset), at: offset & 0xfff, width: 4)
    }
    func write64(_ value: UInt64, at offset: Int) {}
  }

  @Test("Accesses through ports and memory agree with the bytes themselves, and nonsense does nothing")
  func agree() throws {
    var maker = HierarchyMaker(seed: 5, budget: 60)
    let model = maker.hierarchy()
    try HierarchyTests.scan(model, assigning: false)
    let ports = PortConfiguration(PortModel(model))
    let memory = MappedConfiguration(MemoryModel(model, first: 0), segment: 0, buses: 0...63)
    #expect(ports.isPresent)
    var generator = SeededGenerator(seed: 6)
    var wrong = 0
    for _ in 0..<20_000 {
      let bits = generator.next()
      var address = PCIAddress(segment: bits & 0xff == 0 ? 1 : 0, bus: UInt8(bits >> 8 & 7), place: 0)
      address.routing |= UInt16(truncatingIfNeeded: bits >> 16 & 0xff)
      let offset = Int(bits >> 24 & 0x1fff) - 16
      let width = [1, 2, 4, 8, 3][Int(bits >> 40 & 0xff) % 5]
      let isReached = (width == 1 || width == 2 || width == 4) && offset >= 0 && offset % max(width, 1) == 0
      let expected = address.segment == 0 && isReached ? model.read(address, at: offset, width: width) : .max
      let ones: UInt32 = width == 1 ? 0xff : width == 2 ? 0xffff : .max
      let reads = [ports.read(address, at: offset, width: width), memory.read(address, at: offset, width: width)]
      if reads[0] & ones != (offset < 256 ? expected & ones : ones) { wrong += 1 }
      if reads[1] & ones != expected & ones { wrong += 1 }
      ports.write(UInt32(truncatingIfNeeded: bits), to: address, at: offset | 0x1000, width: width)
    }
    #expect(wrong == 0)
  }

  @Test("Ways are tried in order, and two agree only when they show the same functions")
  func combined() throws {
    let model = HierarchyModel()
    model.functions = [FunctionModel(0, vendor: 1, device: 2, classCode: 0)]
    let other = HierarchyModel()
    other.functions = [FunctionModel(8, vendor: 1, device: 2, classCode: 0)]
    #expect(CombinedConfiguration.agree(model, PortConfiguration(PortModel(model)), segment: 0, bus: 0))
    #expect(!CombinedConfiguration.agree(model, other, segment: 0, bus: 0))
    #expect(!CombinedConfiguration.agree(HierarchyModel(), HierarchyModel(), segment: 0, bus: 0))
    let combined = CombinedConfiguration()
    let address = PCIAddress(bus: 0, place: 0)
    #expect(combined.byteCount(of: address) == 0 && combined.read(address, at: 0, width: 4) == .max)
    try combined.add(MappedConfiguration(MemoryModel(model, first: 4), segment: 0, buses: 4...5))
    try combined.add(PortConfiguration(PortModel(model)))
    #expect(combined.byteCount(of: address) == 256)
    #expect(combined.byteCount(of: PCIAddress(bus: 4, place: 0)) == 4096)
    #expect(combined.read(address, at: 0, width: 4) == 0x0002_0001)
  }
}
