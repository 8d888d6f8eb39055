import DeviceModels
import Foundations
import Machine
import PCI
import PageFrames
import TestSupport
import Testing

@testable import DMARemapping

@Suite("VT-d")
struct VTDTests {
  /// The kinds of units that the random test is run with.
  static var kinds: [VTDHardware.Options] {
    [
      .init(), .init(remembersAbsence: true), .init(levels: 3, addressBits: 39), .init(hasQueue: false),
      .init(hasQueue: false, remembersAbsence: true, needsFlush: true), .init(forgetsPages: false),
      .init(levels: 5, largestMask: 0, controlsSnooping: true, addressBits: 52),
    ]
  }

  @Test("Devices reach what their domains map, whatever was before and whatever the unit remembers", arguments: 0..<7)
  func random(kind: Int) throws {
    try SimulatedMemory.exclusive {
      var generator = SeededGenerator(seed: UInt64(kind) + 77)
      let hardware = VTDHardware(Self.kinds[kind])
      let unit = try hardware.makeUnit()
      let before = SimulatedMemory.freeCount
      try unit.enable()
      var world = World(hardware, unit, try (0..<3).map { _ in try unit.makeDomain() })
      for _ in 0..<250 { try world.step(&generator) }
      try world.end()
      #expect(hardware.mistakes.isEmpty && hardware.registers.violations.isEmpty)
      #expect(hardware.cache.violations.isEmpty && hardware.faults.violations.isEmpty)
      #expect((hardware.flushCount > 0) == hardware.options.needsFlush)
      #expect((hardware.descriptorCount > 0) == hardware.options.hasQueue)
      #expect(!unit.isLost && SimulatedMemory.freeCount <= before)
    }
  }

  /// Domains and devices, and what is to be true of them.
  struct World {
    let hardware: VTDHardware
    let unit: VTDUnit<DeviceModel>
    let domains: [RemappingDomain]
    var mapped: [Set<UInt64>]
    /// By source identifier.
    var attached: [UInt16: Int] = [:]
    let sources = [address(0, 2), address(0, 3), address(5, 0), address(255, 31, 7)]
    let pages: [UInt64] = [1, 2, 3, 510, 511, 512, 513, 1023, 1024, 0x3_ffff, 0x4_0000, 0x4_0001, 0xf_ffff]

    init(_ hardware: VTDHardware, _ unit: VTDUnit<DeviceModel>, _ domains: [RemappingDomain]) {
      (self.hardware, self.unit, self.domains) = (hardware, unit, domains)
      mapped = domains.map { _ in [] }
    }

    mutating func step(_ generator: inout SeededGenerator) throws {
      let source = sources[Int.random(in: 0..<sources.count, using: &generator)]
      let domain = Int.random(in: 0..<domains.count, using: &generator)
      let page = pages[Int.random(in: 0..<pages.count, using: &generator)]
      switch Int.random(in: 0..<6, using: &generator) {
      case 0 where attached[source.routing] == nil:
        try unit.attach(source, to: domains[domain])
        attached[source.routing] = domain
      case 1:
        guard let old = attached.removeValue(forKey: source.routing) else { break }
        #expect(unit.detach(source, from: domains[old]))
      case 2, 3:
        if mapped[domain].remove(page) != nil {
          #expect(domains[domain].unmap(first: FrameNumber(UInt32(page)), count: 1))
        } else {
          try domains[domain].map(first: FrameNumber(UInt32(page)), count: 1)
          mapped[domain].insert(page)
        }
      default: break
      }
      check(source)
    }

    func check(_ source: PCIAddress) {
      for page in pages {
        let expected = attached[source.routing].map { mapped[$0].contains(page) } ?? false
        #expect(hardware.access(source, page) == expected, "\(source) \(page)")
      }
    }

    mutating func end() throws {
      for source in sources {
        guard let domain = attached[source.routing] else { continue }
        #expect(unit.detach(source, from: domains[domain]))
      }
      attached = [:]
      for source in sources { check(source) }
    }
  }

  @Test("Until it is turned on devices reach everything, then nothing")
  func enabling() throws {
    try SimulatedMemory.exclusive {
      let hardware = VTDHardware()
      let unit = try hardware.makeUnit()
      #expect(hardware.access(address(0, 2), 5))
      try unit.enable()
      #expect(hardware.isTranslating && !hardware.access(address(0, 2), 5) && !hardware.access(address(9, 9), 0))
    }
  }

  @Test("What another kernel left on is turned off first")
  func leftovers() throws {
    try SimulatedMemory.exclusive {
      let hardware = VTDHardware()
      hardware.registers[VTDModel.globalStatus] = 1 << 31 | 1 << 26 | 1 << 25
      hardware.record(16, 7, true, reason: 6)
      let unit = try hardware.makeUnit()
      try unit.enable()
      #expect(hardware.registers[VTDModel.globalStatus] >> 25 & 1 == 0 && hardware.isTranslating)
      let sink = NotingSink()
      #expect(unit.takeFaults(into: sink) == 0)
    }
  }

  @Test("A driver's memory is reached by its device as long as it is shared, and by no other")
  func buffers() throws {
    try SimulatedMemory.exclusive {
      let hardware = VTDHardware(.init(remembersAbsence: true))
      let unit = try hardware.makeUnit()
      try unit.enable()
      let domain = try unit.makeDomain()
      try unit.attach(address(0, 2), to: domain)
      var pages: Range<UInt64> = 0..<0
      var lost: UInt64 = 0
      _ = try SimulatedCompartment.run(domain) {
        let buffer = try DMABuffer(byteCount: 20_000)
        let first = buffer.deviceAddress >> 12
        pages = first..<first + 5
        #expect(pages.allSatisfy { hardware.access(address(0, 2), $0) && !hardware.access(address(0, 3), $0) })
        #expect(!hardware.access(address(0, 2), first + 5) && !hardware.access(address(0, 2), first - 1))
        let abandoned = try DMABuffer(byteCount: 1)
        lost = abandoned.deviceAddress >> 12
        #expect(hardware.access(address(0, 2), lost))
        SimulatedCompartment.lose(abandoned)
        #expect(buffer.byteCount == 20_000)
      }
      #expect(pages.allSatisfy { !hardware.access(address(0, 2), $0) } && !hardware.access(address(0, 2), lost))
      #expect(hardware.mistakes.isEmpty)
    }
  }

  @Test("A number of a domain that comes back brings nothing with it", arguments: [true, false])
  func reusedIdentifier(remembersAbsence: Bool) throws {
    try SimulatedMemory.exclusive {
      let hardware = VTDHardware(.init(remembersAbsence: remembersAbsence))
      let unit = try hardware.makeUnit()
      try unit.enable()
      var identifier: UInt16 = 0
      do {
        let old = try unit.makeDomain()
        identifier = old.identifier
        try old.map(first: FrameNumber(40), count: 1)
        try unit.attach(address(0, 2), to: old)
        #expect(hardware.access(address(0, 2), 40) && !hardware.access(address(0, 2), 41))
        #expect(unit.detach(address(0, 2), from: old))
      }
      let new = try unit.makeDomain()
      #expect(new.identifier == identifier)
      try new.map(first: FrameNumber(41), count: 1)
      try unit.attach(address(0, 2), to: new)
      #expect(!hardware.access(address(0, 2), 40) && hardware.access(address(0, 2), 41))
    }
  }

  @Test("The queue goes round")
  func queue() throws {
    try SimulatedMemory.exclusive {
      let hardware = VTDHardware()
      let unit = try hardware.makeUnit()
      try unit.enable()
      for _ in 0..<1_000 { #expect(unit.forget(8..<9, in: 1, tablesToo: false)) }
      #expect(hardware.descriptorCount > 2_000 && hardware.mistakes.isEmpty)
    }
  }

  @Test("Faults are decoded, in their order, once; lost ones are told of")
  func faults() throws {
    try SimulatedMemory.exclusive {
      let hardware = VTDHardware()
      let unit = try hardware.makeUnit()
      try unit.enable()
      let sink = NotingSink()
      // The second round begins in the middle of the records.
      for round in 0..<2 {
        #expect(!hardware.access(address(1, 2, 3), 0x1234, true))
        #expect(!hardware.access(address(0, 31, 7), 0xfffff, false))
        if round == 0 { #expect(!hardware.access(address(1, 2, 3), 0x1235, true)) }
        #expect(unit.takeFaults(into: sink) == 3 - round && unit.takeFaults(into: sink) == 0)
      }
      #expect(sink.faults.count == 5 && sink.lostCount == 0)
      #expect(sink.faults[0].source == address(1, 2, 3) && sink.faults[0].address == 0x1234_000)
      #expect(sink.faults[0].access == .read && sink.faults[0].reason == 2 && sink.faults[1].access == .write)
      #expect(sink.faults[3].source == address(1, 2, 3) && sink.faults[4].source == address(0, 31, 7))
      for page in 0..<10 { _ = hardware.access(address(1, 0), UInt64(page)) }
      #expect(unit.takeFaults(into: sink) == 4 && sink.lostCount == 1 && hardware.lostCount == 6)
      #expect(hardware.registers[VTDModel.FaultStatus.hasOverflowed] == 0)
      #expect(sink.faults.suffix(4).map(\.address) == [0, 0x1000, 0x2000, 0x3000])
      // Lost faults without others are told of too.
      hardware.registers[VTDModel.FaultStatus.hasOverflowed] = 1
      #expect(unit.takeFaults(into: sink) == 0 && sink.lostCount == 2)
      #expect(hardware.registers[VTDModel.FaultStatus.hasOverflowed] == 0)
    }
  }

  @Test("The message of faults is set and let through")
  func message() throws {
    try SimulatedMemory.exclusive {
      let hardware = VTDHardware()
      let unit = try hardware.makeUnit()
      try unit.enable()
      #expect(hardware.registers[VTDModel.FaultControl.isMasked] == 1)
      unit.setFaultMessage(address: 0x1_fee0_1000, data: 0x41)
      #expect(hardware.registers[VTDModel.faultData] == 0x41 && hardware.registers[VTDModel.faultUpperAddress] == 1)
      #expect(hardware.registers[VTDModel.faultAddress] == 0xfee0_1000)
      #expect(hardware.registers[VTDModel.FaultControl.isMasked] == 0)
      unit.setFaultInterrupts(.off)
      #expect(hardware.registers[VTDModel.FaultControl.isMasked] == 1)
    }
  }
}
