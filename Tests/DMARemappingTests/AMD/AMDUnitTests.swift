import Foundations
import Machine
import PCI
import PageFrames
import TestSupport
import Testing

@testable import DMARemapping
@testable import DeviceModels

@Suite("AMD's IOMMU")
struct AMDUnitTests {
  @Test("From when it is on nobody reaches anything, and messages pass")
  func closed() throws {
    try SimulatedMemory.exclusive {
      let rig = try AMDRig()
      #expect(rig.model.reaches(0x10, 0x5000))
      try rig.unit.enable()
      for source: UInt16 in [0, 1, 0x10, 0xff, 0x100, 0x1ff] {
        #expect(!rig.model.reaches(source, 0x5000, writing: true) && !rig.model.reaches(source, 0, writing: false))
        let entry = rig.model.entryInMemory(source)
        #expect(entry[0] & 0b11 == 0b11 && entry[0] >> 61 & 3 == 0 && entry[2] & 1 == 0)
      }
      #expect(rig.model.illegal == 0 && rig.model.registers.violations.isEmpty)
      let control = rig.model.registers[AMDIOMMUModel.control]
      #expect(control & 1 == 1 && control >> 2 & 1 == 1 && control >> 12 & 1 == 1 && control >> 10 & 1 == 1)
      #expect(throws: Errno.EIO) { try rig.unit.enable() }
    }
  }

  @Test("A device reaches exactly what its domain maps, whatever came before and is remembered", arguments: 1...8)
  func random(seed: Int) throws {
    try SimulatedMemory.exclusive {
      let before = SimulatedMemory.freeCount
      do {
        var generator = SeededGenerator(seed: UInt64(seed))
        let model = AMDUnitModel()
        model.cachesMissingEntries = seed % 2 == 0
        model.looksAtPagesFirst = seed % 3 == 1
        let rig = try AMDRig(model, addressBits: seed % 3 == 0 ? 36 : 48)
        try rig.unit.enable()
        try shuffle(rig, &generator)
        #expect(model.illegal == 0 && model.registers.violations.isEmpty && !rig.unit.isLost)
      }
      #expect(SimulatedMemory.freeCount == before)
    }
  }

  private func shuffle(_ rig: AMDRig, _ generator: inout SeededGenerator) throws {
    let sources: [UInt16] = [0x08, 0x10, 0xfa, 0x100, 0x101]
    // Across the borders of tables, and where memory is.
    let bases: [UInt64] = [2, 500, 0x3_fff8, 0x7f_fff8]
    var domains: [RemappingDomain] = try (0..<3).map { _ in try rig.unit.makeDomain() }
    var mapped: [[UInt64: Int]] = [[:], [:], [:]]
    var attached: [UInt16: Int] = [:]
    for _ in 0..<500 {
      let which = Int.random(in: 0..<3, using: &generator)
      switch Int.random(in: 0..<7, using: &generator) {
      case 0, 1:
        let first =
          bases[Int.random(in: 0..<bases.count, using: &generator)] + UInt64.random(in: 0..<16, using: &generator)
        let count = Int.random(in: 1...12, using: &generator)
        let pages = first..<first + UInt64(count)
        if mapped[which].contains(where: { pages.overlaps($0.key..<$0.key + UInt64($0.value)) }) { continue }
        try domains[which].map(first: FrameNumber(UInt32(first)), count: count)
        mapped[which][first] = count
      case 2:
        guard let (first, count) = mapped[which].randomElement(using: &generator) else { continue }
        #expect(domains[which].unmap(first: FrameNumber(UInt32(first)), count: count))
        mapped[which][first] = nil
      case 3:
        let source = sources[Int.random(in: 0..<sources.count, using: &generator)]
        if let old = attached[source] {
          #expect(rig.unit.detach(AMDRig.source(source), from: domains[old]))
          attached[source] = nil
        } else {
          try rig.unit.attach(AMDRig.source(source), to: domains[which])
          attached[source] = which
        }
      case 4:
        // A domain that nobody is attached to goes, with all that it maps; its number and its tables are used again.
        guard !attached.values.contains(which) else { continue }
        domains[which] = try rig.unit.makeDomain()
        mapped[which] = [:]
      default:
        for _ in 0..<8 {
          let source = sources[Int.random(in: 0..<sources.count, using: &generator)]
          let page =
            bases[Int.random(in: 0..<bases.count, using: &generator)] + UInt64.random(in: 0..<30, using: &generator)
          let isWriting = Bool.random(using: &generator)
          let expected =
            attached[source].map { domain in
              mapped[domain].contains { ($0.key..<$0.key + UInt64($0.value)).contains(page) }
            } ?? false
          #expect(rig.model.reaches(source, page << 12 | 0x123, writing: isWriting) == expected)
        }
      }
    }
    for (source, domain) in attached { #expect(rig.unit.detach(AMDRig.source(source), from: domains[domain])) }
    for source in sources { #expect(!rig.model.reaches(source, 0x2000)) }
  }

  @Test("What was mapped and attached before it is on holds from then on")
  func early() throws {
    try SimulatedMemory.exclusive {
      let rig = try AMDRig()
      let domain = try rig.unit.makeDomain()
      try domain.map(reserved: 0x7000_0000..<0x7000_1800)
      try rig.unit.attach(AMDRig.source(0x20), to: domain)
      #expect(rig.model.commands.isEmpty)
      try rig.unit.enable()
      #expect(rig.model.reaches(0x20, 0x7000_0000) && rig.model.reaches(0x20, 0x7000_1fff))
      #expect(!rig.model.reaches(0x20, 0x7000_2000) && !rig.model.reaches(0x21, 0x7000_0000))
      #expect(rig.unit.detach(AMDRig.source(0x20), from: domain))
      #expect(!rig.model.reaches(0x20, 0x7000_0000))
    }
  }

  @Test("What firmware left on is stopped, and a unit without the command for all is told of everything")
  func firmware() throws {
    try SimulatedMemory.exclusive {
      let model = AMDUnitModel()
      model.registers[AMDIOMMUModel.extendedFeatures] = 0
      model.registers[AMDIOMMUModel.control] = 0x1f01d
      model.registers[AMDIOMMUModel.Status.isReadingCommands] = 1
      model.registers[AMDIOMMUModel.Status.isLogging] = 1
      model.registers[AMDIOMMUModel.Status.hasOverflow] = 1
      model.registers[AMDIOMMUModel.exclusionBase] = 0x8000_0003
      // It remembers firmware's table, in which everything is allowed.
      let old = try DMABuffer(byteCount: 0x4000)
      model.registers[AMDIOMMUModel.deviceTableBase] = old.deviceAddress | 3
      #expect(model.reaches(0x10, 0x9000))
      let rig = try AMDRig(model, hasFeatures: false)
      try rig.unit.enable()
      #expect(!model.reaches(0x10, 0x9000))
      #expect(model.registers[AMDIOMMUModel.exclusionBase] == 0)
      #expect(model.registers[AMDIOMMUModel.control] & 0x1e000 == 0)
      #expect(model.registers[AMDIOMMUModel.Status.hasOverflow] == 0)
      #expect(model.commands.filter { $0 == 2 }.count == 512 && model.commands.filter { $0 == 3 }.count == 4_096)
      #expect(!model.commands.contains(8) && model.illegal == 0)
    }
  }

  @Test("Names, other names and settings are firmware's")
  func firmwareRules() throws {
    try SimulatedMemory.exclusive {
      let rig = try AMDRig(rules: try AMDTableTests.rules())
      let unit = rig.unit
      let functions = ListedFunctions.usual()
      // 00:02.0 is named; behind 00:1e.0 the bridge's name counts; 01:00.0 is not told of.
      #expect(unit.coverage(of: try functions.path(address(0, 2))) == .named)
      #expect(unit.coverage(of: try functions.path(address(1, 0))) == .others)
      #expect(unit.alias(of: address(2, 1)) == address(0, 0x1e) && unit.alias(of: address(0, 2)) == address(0, 2))
      #expect(unit.alias(of: PCIAddress(segment: 1, bus: 2, place: 8)) == PCIAddress(segment: 1, bus: 2, place: 8))
      try unit.enable()
      let ioAPIC = rig.model.entryInMemory(0xa0)
      #expect(ioAPIC[0] >> 61 == 0 && ioAPIC[1] >> 40 & 3 == 1 && ioAPIC[2] == 0b1100_0111 << 56)
      let domain = try unit.makeDomain()
      try unit.attach(AMDRig.source(0xa0), to: domain)
      #expect(rig.model.entryInMemory(0xa0)[2] == 0b1100_0111 << 56)
      #expect(unit.detach(AMDRig.source(0xa0), from: domain))
      #expect(rig.model.entryInMemory(0xa0)[2] == 0b1100_0111 << 56)
    }
  }

  @Test("Page tables are as deep as addresses need, as far as the unit can walk them")
  func levels() throws {
    try SimulatedMemory.exclusive {
      for (bits, levels) in [(32, 3), (39, 3), (40, 4), (48, 4), (52, 5)] {
        let rig = try AMDRig(addressBits: bits)
        #expect(rig.unit.format.levelCount == levels && rig.unit.format.addressBits == bits)
        let domain = try rig.unit.makeDomain()
        // As high as such addresses and the numbers of frames go.
        let page = min(1 << UInt64(bits - 12), UInt64(UInt32.max)) - 1
        try rig.unit.enable()
        try rig.unit.attach(AMDRig.source(3), to: domain)
        try domain.map(first: FrameNumber(UInt32(page)), count: 1)
        #expect(rig.model.reaches(3, page << 12) && !rig.model.reaches(3, (page - 1) << 12))
        #expect(rig.unit.detach(AMDRig.source(3), from: domain))
      }
      let model = AMDUnitModel()
      model.registers[AMDIOMMUModel.extendedFeatures] = 0
      let rig = try AMDRig(model, addressBits: 52)
      #expect(rig.unit.format.levelCount == 4 && rig.unit.format.addressBits == 48)
    }
  }

  @Test("Devices without an entry, and of other segments, are not attached")
  func outside() throws {
    try SimulatedMemory.exclusive {
      let rig = try AMDRig(lastSourceID: 0x1f)
      try rig.unit.enable()
      let domain = try rig.unit.makeDomain()
      #expect(rig.model.reaches(0x200, 0x1000) == false)
      #expect(throws: Errno.EINVAL) { try rig.unit.attach(AMDRig.source(0x200), to: domain) }
      #expect(throws: Errno.EINVAL) {
        try rig.unit.attach(PCIAddress(segment: 1, bus: 0, place: 0), to: domain)
      }
      #expect(rig.unit.detach(AMDRig.source(0x200), from: domain))
    }
  }
}
