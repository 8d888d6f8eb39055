import Foundations
import Machine
import PCI
import PageFrames
import TestSupport
import Testing

@testable import DMARemapping
@testable import DeviceModels

@Suite("What AMD's IOMMU logs, and what can be wrong with it")
struct AMDFaultTests {
  @Test("A refused access is told of once, with the device, the address and what it wanted")
  func faults() throws {
    try SimulatedMemory.exclusive {
      let rig = try AMDRig()
      try rig.unit.enable()
      let sink = NotingSink()
      #expect(rig.unit.takeFaults(into: sink) == 0)
      _ = rig.model.reaches(0x108, 0x1234_5000, writing: true)
      _ = rig.model.reaches(0x10, 0x9000, writing: false)
      #expect(rig.unit.takeFaults(into: sink) == 2 && rig.unit.takeFaults(into: sink) == 0)
      #expect(sink.faults.map(\.source) == [AMDRig.source(0x108), AMDRig.source(0x10)])
      #expect(sink.faults.map(\.address) == [0x1234_5000, 0x9000] && sink.faults.map(\.access) == [.write, .read])
      #expect(sink.faults.map(\.reason) == [2, 2] && sink.lostCount == 0)
      // The interrupt was taken back.
      #expect(rig.model.registers[AMDIOMMUModel.Status.hasEvent] == 0)
      // What is about the unit itself has the unit's name.
      rig.model.log(5 << 60, 0x4000)
      #expect(rig.unit.takeFaults(into: sink) == 1 && sink.faults[2].source == address(0, 1))
    }
  }

  @Test("The log goes round, stops when it is full, and goes on when it was read")
  func overflow() throws {
    try SimulatedMemory.exclusive {
      let rig = try AMDRig()
      try rig.unit.enable()
      var generator = SeededGenerator(seed: 4)
      let sink = NotingSink()
      var expected: [UInt64] = []
      var next: UInt64 = 1
      for _ in 0..<40 {
        for _ in 0..<Int.random(in: 0...255, using: &generator) {
          _ = rig.model.reaches(0x10, next << 12)
          expected.append(next << 12)
          next += 1
        }
        _ = rig.unit.takeFaults(into: sink)
      }
      #expect(sink.faults.map(\.address) == expected && sink.lostCount == 0)
      for round in 1...3 {
        for _ in 0..<400 { _ = rig.model.reaches(0x10, 0x7000) }
        #expect(rig.model.registers[AMDIOMMUModel.Status.hasOverflow] == 1)
        #expect(rig.unit.takeFaults(into: sink) == 255 && sink.lostCount == round)
        #expect(rig.model.registers[AMDIOMMUModel.Status.hasOverflow] == 0)
        #expect(rig.model.registers[AMDIOMMUModel.Status.isLogging] == 1)
        _ = rig.model.reaches(0x10, 0x8000)
        #expect(rig.unit.takeFaults(into: sink) == 1 && sink.faults.last?.address == 0x8000)
      }
      #expect(!rig.unit.isLost)
    }
  }

  @Test("An event that never comes is told of as lost, and what follows is found")
  func missing() throws {
    try SimulatedMemory.exclusive {
      let rig = try AMDRig()
      try rig.unit.enable()
      let sink = NotingSink()
      rig.model.delaysEvents = true
      _ = rig.model.reaches(0x10, 0x7000)
      rig.model.delaysEvents = false
      _ = rig.model.reaches(0x10, 0x8000)
      #expect(rig.unit.takeFaults(into: sink) == 2)
      #expect(sink.faults.map(\.address) == [0x8000] && sink.lostCount == 1)
    }
  }

  @Test("Any numbers in the log and its registers are taken or refused, and never trap")
  func fuzz() throws {
    try SimulatedMemory.exclusive {
      var generator = SeededGenerator(seed: 9)
      for _ in 0..<200 {
        let rig = try AMDRig(lastSourceID: 0x7f)
        try rig.unit.enable()
        let sink = NotingSink()
        for _ in 0..<20 {
          rig.model.log(.random(in: 0...UInt64.max, using: &generator), .random(in: 0...UInt64.max, using: &generator))
          if Int.random(in: 0..<10, using: &generator) == 0 {
            let tail = UInt64.random(in: 0...0x7fff, using: &generator) << 4
            rig.model.registers[AMDIOMMUModel.eventLogTail] = tail
          }
          if Int.random(in: 0..<10, using: &generator) == 0 { rig.model.registers[AMDIOMMUModel.eventLogTail] &= 0xff0 }
          #expect(rig.unit.takeFaults(into: sink) <= 256)
        }
      }
    }
  }

  @Test("A unit that logs nothing and notes a target abort is told of, without a device")
  func unlogged() throws {
    try SimulatedMemory.exclusive {
      let place = address(0, 1)
      let functions = OneFunction(place)
      let function = try functions.withHierarchy { $0[0] }
      let rig = try AMDRig(function: function)
      rig.model.isDumb = true
      try rig.unit.enable()
      let sink = NotingSink()
      #expect(rig.unit.takeFaults(into: sink) == 0)
      functions.bytes[7] = 0x08
      #expect(rig.unit.takeFaults(into: sink) == 1 && rig.unit.takeFaults(into: sink) == 0)
      #expect(sink.faults.count == 1 && sink.faults.first?.source == place && functions.bytes[7] == 0)
      // One that does log is believed.
      rig.model.isDumb = false
      functions.bytes[7] = 0x08
      _ = rig.model.reaches(0x10, 0x7000)
      #expect(rig.unit.takeFaults(into: sink) == 1 && rig.unit.takeFaults(into: sink) == 0)
      // Its message goes where it is told, and it may send it.
      rig.unit.setFaultMessage(address: 0xfee0_1000, data: 0x4077)
      #expect(
        functions.get(0x64, 4) == 0xfee0_1000 && functions.get(0x6c, 2) == 0x4077 && functions.get(0x62, 2) & 1 == 1)
      #expect(functions.get(4, 2) & 4 == 4)
      #expect(rig.model.registers[AMDIOMMUModel.Control.interruptsForEvents] == 1)
      rig.unit.setFaultInterrupts(.off)
      #expect(rig.model.registers[AMDIOMMUModel.Control.interruptsForEvents] == 0)
    }
  }

  @Test("A unit that does not answer is lost after a bounded time, and what it may use is kept")
  func silent() throws {
    try SimulatedMemory.exclusive {
      let before = SimulatedMemory.freeCount
      let rig = try AMDRig()
      try rig.unit.enable()
      let source = AMDRig.source(0x10)
      var domain: RemappingDomain? = try rig.unit.makeDomain()
      try domain?.map(first: FrameNumber(77), count: 3)
      try rig.unit.attach(source, to: try #require(domain))
      #expect(rig.model.reaches(0x10, 77 << 12))
      rig.model.isSilent = true
      let waited = rig.microseconds
      #expect(domain?.unmap(first: FrameNumber(77), count: 3) == false)
      #expect(rig.unit.isLost && rig.microseconds - waited <= 200_000)
      // Nothing more is waited for.
      let after = rig.microseconds
      #expect(!rig.unit.detach(source, from: try #require(domain)))
      #expect(throws: Errno.EIO) { _ = try rig.unit.makeDomain() }
      #expect(throws: Errno.EIO) { try rig.unit.attach(source, to: try #require(domain)) }
      #expect(rig.microseconds == after && rig.unit.takeFaults(into: NotingSink()) == 0)
      domain = nil
      // The topmost table is still there, where the unit may look.
      #expect(SimulatedMemory.freeCount < before)
    }
  }

  @Test("A unit that is gone, stuck or locked is not turned on")
  func stuck() throws {
    try SimulatedMemory.exclusive {
      let before = SimulatedMemory.freeCount
      do {
        let gone = AMDUnitModel()
        gone.registers.isGone = true
        #expect(throws: Errno.EIO) { _ = try AMDRig(gone) }
        let faults: [(AMDUnitModel) -> Void] = [
          { $0.registers.isGone = true },
          { $0.registers.stick(AMDIOMMUModel.Status.isReadingCommands, at: 1) },
          { $0.registers.stick(AMDIOMMUModel.Status.isLogging, at: 1) },
          { $0.registers.stick(AMDIOMMUModel.Control.isEnabled, at: 1) },
          { $0.registers.stick(AMDIOMMUModel.deviceTableBase, at: 0) },
          { $0.registers.stick(AMDIOMMUModel.commandBufferBase, at: .max) },
          { $0.registers.stick(AMDIOMMUModel.EventLogBase.address, at: 0x1000) },
          { $0.isSilent = true },
        ]
        for (index, fault) in faults.enumerated() {
          let rig = try AMDRig()
          fault(rig.model)
          #expect(throws: Errno.EIO, "fault \(index)") { try rig.unit.enable() }
          rig.model.registers.isGone = false
          rig.model.registers.heal()
          // It was left off, as far as it lets itself be turned off.
          if index != 3 { #expect(rig.model.registers[AMDIOMMUModel.Control.isEnabled] == 0, "fault \(index)") }
          #expect(rig.microseconds <= 500_000)
        }
      }
      #expect(SimulatedMemory.freeCount == before)
    }
  }

  @Test("A unit that goes while it works is noticed by its log or by its next command")
  func gone() throws {
    try SimulatedMemory.exclusive {
      let first = try AMDRig()
      try first.unit.enable()
      first.model.registers.isGone = true
      #expect(first.unit.takeFaults(into: NotingSink()) == 0 && first.unit.isLost)
      let second = try AMDRig()
      try second.unit.enable()
      let domain = try second.unit.makeDomain()
      try domain.map(first: FrameNumber(9), count: 1)
      second.model.registers.isGone = true
      #expect(!domain.unmap(first: FrameNumber(9), count: 1) && second.unit.isLost)
      // A log that cannot be stopped is no log.
      let third = try AMDRig()
      try third.unit.enable()
      for _ in 0..<300 { _ = third.model.reaches(0x10, 0x7000) }
      third.model.registers.stick(AMDIOMMUModel.Status.isLogging, at: 1)
      #expect(third.unit.takeFaults(into: NotingSink()) == 255 && third.unit.isLost)
    }
  }

  @Test("Without memory there is no unit, and nothing is left behind")
  func noMemory() {
    SimulatedMemory.exclusive {
      let before = SimulatedMemory.freeCount
      var (made, refused) = (0, 0)
      for allowed in 0..<40 {
        AllocationFaults.fail(after: allowed)
        if (try? AMDRig()) != nil { made += 1 } else { refused += 1 }
        AllocationFaults.fail(after: nil)
        #expect(SimulatedMemory.freeCount == before)
      }
      #expect(made > 0 && refused > 3)
    }
  }
}
