import DeviceModels
import Foundations
import Machine
import TestSupport
import Testing

@testable import PCI
@testable import Virtio

/// The configuration space of one function: bytes, with a virtio window if it has one.
private final class Space: PCIConfigurationAccess {
  var bytes = [UInt8](repeating: 0, count: 256)
  private var end = 0x40
  private var link = 0x34
  /// Where the window's capability is, and what it shows.
  var window: (place: Int, model: VirtioDeviceModel)?

  init(device: UInt16 = 0x1044, subsystem: UInt16 = 4) {
    set(0, [0xf4, 0x1a, UInt8(device & 255), UInt8(device >> 8)])
    set(0x2e, littleEndian(Int(subsystem), 2))
    bytes[6] = 0x10
  }

  private func set(_ place: Int, _ new: [UInt8]) { bytes.replaceSubrange(place..<place + new.count, with: new) }

  /// Adds a capability of virtio.
  @discardableResult
  func add(
    _ kind: UInt8, bar: UInt8 = 4, offset: Int, length: Int, size: UInt8 = 16, multiplier: Int = 4
  ) -> Int {
    let place = end
    bytes[link] = UInt8(place)
    set(place, [9, 0, size, kind, bar, 0, 0, 0] + littleEndian(offset, 4) + littleEndian(length, 4))
    if size >= 20 { set(place + 16, littleEndian(multiplier, 4)) }
    link = place + 1
    end += (Int(size) + 3) & ~3
    return place
  }

  func addAll() {
    add(1, offset: 0, length: 0x3c)
    add(2, offset: 0x3000, length: 0x1000, size: 20)
    add(3, offset: 0x1000, length: 1)
    add(4, offset: 0x2000, length: 0x100)
  }

  /// The function, with a range of 16 KiB behind register 4 and ports behind register 0.
  func function() throws -> PCIFunction {
    let found = PCIFunction(self, PCIAddress(bus: 0, device: 3, function: 0))
    var function = try #require(found)
    var memory = PCIResource()
    (memory.kind, memory.size, memory.alignment) = (.prefetchable, 0x4000, 0x4000)
    let isAssigned = memory.assign(0xfe00_0000)
    #expect(isAssigned)
    function[.bar4] = memory
    memory.kind = .ports
    function[.bar0] = memory
    return function
  }

  func byteCount(of address: PCIAddress) -> Int { 256 }

  private func region(_ place: Int) -> (VirtioRegionModel, Int)? {
    guard let window, place == window.place + 16, bytes[window.place + 4] == 4 else { return nil }
    let offset = number(bytes[window.place + 8..<window.place + 12])
    switch offset {
    case 0..<0x3c: return (VirtioRegionModel(window.model, .common), offset)
    case 0x1000: return (VirtioRegionModel(window.model, .interruptStatus), 0)
    case 0x2000..<0x2100: return (VirtioRegionModel(window.model, .device), offset - 0x2000)
    case 0x3000..<0x4000: return (VirtioRegionModel(window.model, .notification), offset - 0x3000)
    default: return nil
    }
  }

  private func isMeant(_ width: Int) -> Bool {
    window.map { number(bytes[$0.place + 12..<$0.place + 16]) == width } ?? false
  }

  func read(_ address: PCIAddress, at offset: Int, width: Int) -> UInt32 {
    if let (region, place) = region(offset) {
      guard isMeant(width) else { return .max }
      switch width {
      case 1: return UInt32(region.read8(at: place))
      case 2: return UInt32(region.read16(at: place))
      default: return region.read32(at: place)
      }
    }
    return UInt32(number(bytes[offset..<offset + width]))
  }

  func write(_ value: UInt32, to address: PCIAddress, at offset: Int, width: Int) {
    if let (region, place) = region(offset) {
      guard isMeant(width) else { return }
      switch width {
      case 1: region.write8(UInt8(truncatingIfNeeded: value), at: place)
      case 2: region.write16(UInt16(truncatingIfNeeded: value), at: place)
      default: region.write32(value, at: place)
      }
      return
    }
    // Only the window's own fields can be written.
    guard let window, offset >= window.place + 4, offset < window.place + 16 else { return }
    bytes.replaceSubrange(offset..<offset + width, with: littleEndian(Int(value), width))
  }
}

@Suite("VirtioStructures")
struct VirtioStructureTests {
  @Test("Structures are found where the capabilities say")
  func found() throws {
    let space = Space()
    space.addAll()
    let structures = try VirtioStructures(try space.function())
    #expect(structures.kind == 4 && structures.notificationMultiplier == 4 && structures.window == nil)
    #expect(structures.common == VirtioStructure(resource: 4, offset: 0, byteCount: 0x3c))
    #expect(structures.device?.addresses(in: try space.function()) == 0xfe00_2000..<0xfe00_2100)
  }

  @Test("Numbers of functions give the kind of device")
  func kinds() throws {
    #expect(VirtioStructures.kind(of: try Space(device: 0x1041).function()) == 1)
    #expect(VirtioStructures.kind(of: try Space(device: 0x1005, subsystem: 4).function()) == 4)
    #expect(VirtioStructures.kind(of: try Space(device: 0x1080).function()) == nil)
    #expect(VirtioStructures.kind(of: try Space(device: 0x0fff).function()) == nil)
    let space = Space(device: 0x1040)
    space.addAll()
    #expect(throws: VirtioError.noStructures) { try VirtioStructures(try space.function()) }
  }

  @Test("The first of each kind that can be counts; what cannot be is passed over")
  func choice() throws {
    let space = Space()
    space.add(1, bar: 0, offset: 0, length: 0x3c)
    space.add(1, bar: 7, offset: 0, length: 0x3c)
    space.add(1, offset: 2, length: 0x3c)
    space.add(1, offset: 0x3fe0, length: 0x3c)
    space.add(1, offset: 0x100, length: 0x3c)
    space.addAll()
    #expect(try VirtioStructures(try space.function()).common.offset == 0x100)
  }

  @Test("A structure that ends outside, is too short or misplaced is none")
  func refused() throws {
    let bad: [(UInt8, Int, Int, UInt8, Int)] = [
      (1, 0, 0x37, 16, 0), (1, 0x4000, 0x3c, 16, 0), (1, 0xffff_fff0, 0x3c, 16, 0), (1, 0, 0x3c, 15, 0),
      (1, 0, 0xffff_ffff, 16, 0), (2, 0x3000, 1, 20, 4), (2, 0x3000, 0x1000, 16, 4), (2, 0x3001, 0x100, 20, 4),
      (2, 0x3000, 0x1000, 20, 3), (2, 0x3000, 0x1000, 20, 6), (3, 0x1000, 0, 16, 0), (3, 0x4000, 1, 16, 0),
    ]
    for (kind, offset, length, size, multiplier) in bad {
      let space = Space()
      if kind != 1 { space.add(1, offset: 0, length: 0x3c) }
      if kind != 2 { space.add(2, offset: 0x3000, length: 0x1000, size: 20) }
      if kind != 3 { space.add(3, offset: 0x1000, length: 1) }
      space.add(kind, offset: offset, length: length, size: size, multiplier: multiplier)
      #expect(throws: VirtioError.noStructures, "\(kind) at \(offset)") {
        try VirtioStructures(try space.function())
      }
    }
  }

  @Test("Random capabilities never trap, and give only what lies inside")
  func fuzz() throws {
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<3000 {
      let space = Space()
      space.addAll()
      for _ in 0..<Int.random(in: 1...6, using: &generator) {
        space.bytes[Int.random(in: 0x40..<0xa0, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      }
      let function = try space.function()
      guard let structures = try? VirtioStructures(function) else { continue }
      for structure in [structures.common, structures.notification, structures.interruptStatus] {
        let addresses = try #require(structure.addresses(in: function))
        #expect(addresses.lowerBound >= 0xfe00_0000 && addresses.upperBound <= 0xfe00_4000)
      }
    }
  }

  @Test("A device can be driven through its configuration space alone")
  func window() throws {
    try SimulatedMemory.exclusive {
      let model = VirtioDeviceModel(
        kind: 4, offered: Bit.version1 | Bit.packed, queueSizes: [8], configuration: [1, 2, 3, 4])
      let space = Space()
      space.addAll()
      let function = try space.function()
      #expect(throws: VirtioError.noStructures) { try VirtioPCITransport<VirtioWindow>.openWindow(function) }
      space.window = (space.add(5, bar: 0, offset: 0, length: 0, size: 20, multiplier: 0), model)
      let device = VirtioDevice(
        try VirtioPCITransport<VirtioWindow>.openWindow(function), pacer: VirtioPacer(attempts: 10))
      try device.begin([])
      #expect(device.features == [.version1, .packedRing])
      #expect(device.read(VirtioField<UInt16>(offset: 2)) == 0x0403)
      let queue = try device.makeQueue(0, .init(size: 8))
      try device.start(messageCount: 0)
      model.onRequest = { _, request in request.write([7, 8, 9]) }
      let buffer = try DMABuffer(byteCount: 64)
      let segment = buffer.segment(at: 0, count: 64)
      try queue.submit(try #require(segment), .fromDevice, token: 1)
      queue.notify()
      #expect(try queue.takeCompletion()?.byteCount == 3)
      #expect(device.causesOfLine()?.queues == .all)
      #expect(model.common.violations == [])
    }
  }
}
