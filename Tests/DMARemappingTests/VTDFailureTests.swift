import DeviceModels
import Foundations
import Machine
import PCI
import PageFrames
import TestSupport
import Testing

@testable import DMARemapping

@Suite("VT-d units that do not work")
struct VTDFailureTests {
  @Test("A status bit that does not come leaves the unit off", arguments: 0..<4)
  func stuckStatus(bit: Int) throws {
    try SimulatedMemory.exclusive {
      let hardware = VTDHardware()
      let keys = [
        VTDModel.GlobalStatus.translates, VTDModel.GlobalStatus.rootTable, VTDModel.GlobalStatus.usesQueue,
      ]
      if bit < 3 { hardware.registers.stick(keys[bit], at: 0) } else { hardware.isStuck = true }
      let unit = try hardware.makeUnit()
      #expect(throws: Errno.EIO) { try unit.enable() }
      #expect(unit.isLost)
      if bit > 0 { #expect(!hardware.isTranslating) }
      let domain = try unit.makeDomain()
      #expect(throws: Errno.EIO) { try unit.attach(address(0, 2), to: domain) }
    }
  }

  @Test("A unit that stops taking invalidations keeps frames from being used again", arguments: [true, false])
  func stuckLater(hasQueue: Bool) throws {
    try SimulatedMemory.exclusive {
      let hardware = VTDHardware(.init(hasQueue: hasQueue))
      let unit = try hardware.makeUnit()
      try unit.enable()
      let domain = try unit.makeDomain()
      try unit.attach(address(0, 2), to: domain)
      try domain.map(first: FrameNumber(8), count: 2)
      hardware.isStuck = true
      #expect(!domain.unmap(first: FrameNumber(8), count: 1) && unit.isLost)
      let count = hardware.registers.accessCount + hardware.cache.accessCount
      #expect(!domain.unmap(first: FrameNumber(9), count: 1) && !unit.detach(address(0, 2), from: domain))
      // It is not asked again.
      #expect(hardware.registers.accessCount + hardware.cache.accessCount == count)
      #expect(throws: Errno.EIO) { try unit.attach(address(0, 3), to: domain) }
    }
  }

  @Test("An error of the queue ends the wait at once")
  func queueError() throws {
    try SimulatedMemory.exclusive {
      let hardware = VTDHardware()
      let unit = try hardware.makeUnit(lookLimit: 1_000_000)
      try unit.enable()
      hardware.isStuck = true
      hardware.registers[VTDModel.FaultStatus.hasQueueError] = 1
      #expect(!unit.forget(1..<2, in: 1, tablesToo: true) && unit.isLost)
    }
  }

  @Test("All ones are no unit, and one that goes is lost")
  func gone() throws {
    try SimulatedMemory.exclusive {
      let hardware = VTDHardware()
      hardware.registers.isGone = true
      #expect(throws: Errno.ENODEV) { _ = try hardware.makeUnit() }
      hardware.registers.isGone = false
      let unit = try hardware.makeUnit()
      try unit.enable()
      for model in [hardware.registers, hardware.cache, hardware.faults] { model.isGone = true }
      let sink = NotingSink()
      #expect(unit.takeFaults(into: sink) == 0 && unit.isLost && sink.faults.isEmpty)
      let late = VTDHardware()
      let other = try late.makeUnit()
      for model in [late.registers, late.cache, late.faults] { model.isGone = true }
      #expect(throws: Errno.EIO) { try other.enable() }
    }
  }

  @Test("Page tables that nobody here can write are refused")
  func depth() {
    SimulatedMemory.exclusive {
      #expect(throws: Errno.ENODEV) { _ = try VTDHardware(.init(levels: 6)).makeUnit() }
      #expect(throws: Errno.ENODEV) { _ = try VTDHardware(.init(levels: 2)).makeUnit() }
    }
  }

  @Test("Whatever its registers say, a unit does not trap", arguments: 0..<4)
  func hostile(seed: Int) {
    SimulatedMemory.exclusive {
      var generator = SeededGenerator(seed: UInt64(seed))
      let hardware = VTDHardware()
      for _ in 0..<6 {
        hardware.registers[VTDModel.capabilities] = generator.next() | 4 << 8
        hardware.registers[VTDModel.extendedCapabilities] = generator.next()
        hardware.registers[VTDModel.faultStatus] = generator.next()
        for index in 0..<256 { hardware.faults[VTDFaultsModel.upper, index] = generator.next() }
        guard let unit = try? hardware.makeUnit(lookLimit: 3) else { continue }
        try? unit.enable()
        let sink = NotingSink()
        #expect(unit.takeFaults(into: sink) <= 256)
        guard let domain = try? unit.makeDomain() else { continue }
        try? unit.attach(PCIAddress(bus: 3, place: 7), to: domain)
        try? domain.map(first: FrameNumber(UInt32.random(in: 0...UInt32.max, using: &generator)), count: 3)
        _ = unit.detach(PCIAddress(bus: 3, place: 7), from: domain)
      }
    }
  }

  @Test("Numbers of domains run out, and come back")
  func identifiers() throws {
    try SimulatedMemory.exclusive {
      let unit = try VTDHardware().makeUnit()
      var domains: [RemappingDomain] = []
      do {
        while true { domains.append(try unit.makeDomain()) }
      } catch {
        #expect(error as? Errno == .ENOSPC)
      }
      #expect(domains.count == 255)
      domains.removeLast()
      #expect(try unit.makeDomain().identifier == 255)
    }
  }
}
