import Foundations
import Machine
import PCI
import Testing

@testable import DMARemapping

@Suite("IOMMUs and the devices behind them")
struct UnitsTests {
  @Test("The names of a function's requests are those that bridges put on them")
  func paths() throws {
    let functions = ListedFunctions.usual()
    func names(_ address: PCIAddress) throws -> [PCIAddress] {
      let path = try functions.path(address)
      return (0..<path.sourceCount).map { path.source($0) }
    }
    #expect(try names(address(0, 2)) == [address(0, 2)])
    #expect(try names(address(1, 0)) == [address(1, 0)])
    #expect(try names(address(2, 1)) == [address(2, 1), address(2, 0)])
    #expect(try names(address(3, 4)) == [address(3, 4), address(2, 3), address(2, 0)])
    let path = try functions.path(address(3, 4))
    #expect((0..<path.bridgeCount).map { path.bridge($0) } == [address(2, 3), address(0, 0x1e)])
    #expect(throws: Errno.ENODEV) { try functions.path(address(9, 0)) }
  }

  @Test("A unit that names a device comes before one for all others")
  func coverage() throws {
    let functions = ListedFunctions.usual()
    let units = RemappingUnits(RemappingReport())
    let (all, some, no) = (FakeUnit(), FakeUnit(), FakeUnit())
    no.coverage = { _ in .none }
    some.coverage = { $0.function == address(1, 0) ? .named : .none }
    for unit in [all, no, some] { try units.add(unit) }
    #expect(units.unit(for: try functions.path(address(1, 0))) === some)
    #expect(units.unit(for: try functions.path(address(0, 2))) === all)
    all.coverage = { _ in .none }
    #expect(units.unit(for: try functions.path(address(0, 2))) == nil)
    #expect(try units.attach(try functions.path(address(0, 2)), listener: nil) == nil)
  }

  @Test("Functions that cannot be told apart share a domain until the last has let go")
  func sharing() throws {
    try SimulatedMemory.exclusive {
      let functions = ListedFunctions.usual()
      let units = RemappingUnits(RemappingReport())
      let unit = FakeUnit()
      try units.add(unit)
      let first = try #require(try units.attach(try functions.path(address(2, 1)), listener: nil))
      let second = try #require(try units.attach(try functions.path(address(3, 4)), listener: nil))
      let other = try #require(try units.attach(try functions.path(address(1, 0)), listener: nil))
      #expect(first.domain === second.domain && first.domain !== other.domain)
      let table = first.domain.tableAddress
      #expect(Set(unit.attached.keys) == Set([(2, 1), (2, 0), (3, 4), (2, 3), (1, 0)].map { address($0, $1).routing }))
      #expect(unit.attached[address(2, 0).routing] == table)
      #expect(units.detach(first))
      #expect(unit.attached[address(2, 1).routing] == nil && unit.attached[address(2, 0).routing] == table)
      #expect(units.detach(second) && units.detach(second))
      #expect(Set(unit.attached.keys) == [address(1, 0).routing])
    }
  }

  @Test("Firmware's other names are attached too")
  func aliases() throws {
    try SimulatedMemory.exclusive {
      let functions = ListedFunctions.usual()
      let units = RemappingUnits(RemappingReport())
      let unit = FakeUnit()
      unit.aliases[address(0, 2).routing] = address(0, 7)
      try units.add(unit)
      let device = try #require(try units.attach(try functions.path(address(0, 2)), listener: nil))
      #expect(Set(unit.attached.keys) == [address(0, 2).routing, address(0, 7).routing])
      #expect(units.detach(device) && unit.attached.isEmpty)
    }
  }

  @Test("What cannot be attached leaves nothing behind")
  func failedAttach() throws {
    try SimulatedMemory.exclusive {
      let functions = ListedFunctions.usual()
      let units = RemappingUnits(RemappingReport())
      let unit = FakeUnit()
      try units.add(unit)
      let before = SimulatedMemory.freeCount
      unit.attachError = .EIO
      let path = try functions.path(address(2, 1))
      #expect(throws: Errno.EIO) { try units.attach(path, listener: nil) }
      #expect(unit.attached.isEmpty && unit.identifiers.isEmpty && SimulatedMemory.freeCount == before)
      unit.attachError = nil
      #expect(try units.attach(path, listener: nil) != nil)
    }
  }

  @Test("Memory that firmware reserves stays reachable with and without a driver")
  func reserved() throws {
    try SimulatedMemory.exclusive {
      let functions = ListedFunctions.usual()
      let units = RemappingUnits(RemappingReport())
      let unit = FakeUnit()
      try units.add(unit)
      let path = try functions.path(address(0, 2))
      try units.reserve(0x7c00_0000..<0x7c00_2001, for: path)
      let root = try #require(unit.attached[address(0, 2).routing])
      #expect(unit.walk(root, 0x7c002) && !unit.walk(root, 0x7c003) && !unit.walk(root, 0x7bfff))
      let device = try #require(try units.attach(path, listener: nil))
      #expect(device.domain.tableAddress == root && units.detach(device))
      #expect(unit.attached[address(0, 2).routing] == root && unit.walk(root, 0x7c000))
    }
  }

  @Test("A unit that cannot be turned on is left off, and the others go on")
  func enabling() throws {
    let report = NotingReport()
    let units = RemappingUnits(report)
    let (good, bad) = (FakeUnit(), FakeUnit())
    bad.enableError = .EIO
    try units.add(bad)
    try units.add(good)
    #expect(units.enable() == 1 && units.count == 1 && units.unit(at: 0) === good && report.problems.count == 1)
  }

  @Test("Faults reach those who have the name, and the log is not flooded")
  func faults() throws {
    try SimulatedMemory.exclusive {
      let functions = ListedFunctions.usual()
      let report = NotingReport()
      let units = RemappingUnits(report)
      let unit = FakeUnit()
      try units.add(unit)
      let (one, two) = (NotingSink(), NotingSink())
      let first = try #require(try units.attach(try functions.path(address(2, 1)), listener: one))
      let second = try #require(try units.attach(try functions.path(address(1, 0)), listener: two))
      func fault(_ source: PCIAddress) -> RemappingFault {
        RemappingFault(source: source, address: 0x1000, access: .write, reason: 2, explanation: "not there")
      }
      unit.pendingFaults = [fault(address(2, 0)), fault(address(1, 0)), fault(address(1, 0)), fault(address(9, 0))]
      units.handleInterrupt(of: unit)
      #expect(one.faults.map(\.source) == [address(2, 0)] && two.faults.count == 2 && report.faults.count == 4)
      #expect(first.faultCount == 1 && second.faultCount == 2)
      unit.pendingFaults = Array(repeating: fault(address(1, 0)), count: RemappingUnits.faultLimit)
      units.handleInterrupt(of: unit)
      #expect(report.faults.count == 11 && two.faults.count == 2 + RemappingUnits.faultLimit && unit.interrupts == .off)
      report.time = 6_000_000_000
      units.poll()
      #expect(unit.interrupts == .on)
      unit.pendingFaults = [fault(address(1, 0))]
      units.handleInterrupt(of: unit)
      // The third and last of a minute about a device without a driver.
      unit.pendingFaults = Array(repeating: fault(address(9, 0)), count: 10)
      units.handleInterrupt(of: unit)
      #expect(report.faults.count == 14 && report.suppressed == UInt64(RemappingUnits.faultLimit) - 7)
    }
  }

  @Test("How many faults were not told of is told with the next one, whatever the unit itself has lost meanwhile")
  func suppression() throws {
    try SimulatedMemory.exclusive {
      let report = NotingReport()
      let units = RemappingUnits(report)
      let unit = FakeUnit()
      try units.add(unit)
      let listener = NotingSink()
      let device = try #require(try units.attach(try ListedFunctions.usual().path(address(1, 0)), listener: listener))
      let fault = RemappingFault(
        source: address(1, 0), address: 0x1000, access: .write, reason: 2, explanation: "not there")
      unit.pendingFaults = Array(repeating: fault, count: 25)
      units.handleInterrupt(of: unit)
      #expect(report.faults.count == 10 && report.suppressed == 0)
      report.time = 6_000_000_000
      unit.hasLost = true
      units.handleInterrupt(of: unit)
      #expect(report.problems.count == 1 && report.suppressed == 0)
      unit.pendingFaults = [fault]
      units.handleInterrupt(of: unit)
      #expect(report.faults.count == 11 && report.suppressed == 15 && device.faultCount == 26)
    }
  }
}
