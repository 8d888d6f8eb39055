import DMARemapping
import Foundations
import Machine
import PCI
import Testing

@testable import DriverKit

@Suite("What devices may not reach")
struct AccessFaultTests {
  @Test("A fault now and then degrades a device for a minute, and no more")
  func single() {
    var policy = AccessFaultPolicy()
    policy.reset(count: 7)
    #expect(policy.check(count: 7, at: 1_000) == .nothing)
    var count: UInt64 = 7
    var now: UInt64 = 5_000
    for _ in 0..<100 {
      count += AccessFaultPolicy.limit - 1
      #expect(policy.check(count: count, at: now) == .degraded)
      #expect(policy.check(count: count, at: now + 10) == .degraded)
      now += AccessFaultPolicy.windowNanoseconds
    }
    now -= AccessFaultPolicy.windowNanoseconds
    #expect(policy.check(count: count, at: now + AccessFaultPolicy.memoryNanoseconds - 1) == .degraded)
    #expect(policy.check(count: count, at: now + AccessFaultPolicy.memoryNanoseconds) == .nothing)
  }

  @Test("Many at once are a failure, whether they come together or one by one")
  func many() {
    var policy = AccessFaultPolicy()
    #expect(policy.check(count: AccessFaultPolicy.limit, at: 0) == .failed)
    policy.reset(count: 100)
    for index in 1..<AccessFaultPolicy.limit {
      #expect(policy.check(count: 100 + index, at: index * 1_000) == .degraded)
    }
    #expect(policy.check(count: 100 + AccessFaultPolicy.limit, at: 999_999_999) == .failed)
    policy.reset(count: 200)
    #expect(policy.check(count: 200, at: 1_000_000_000) == .nothing)
  }

  @Test("A health is never made better")
  func health() {
    #expect(DriverHealth.good.orWorse(.degraded) == .degraded && DriverHealth.failed.orWorse(.degraded) == .failed)
    #expect(DriverHealth.degraded.orWorse(.good) == .degraded && DriverHealth.good.orWorse(.good) == .good)
    #expect(DriverHealth.degraded.orWorse(.failed) == .failed)
  }

  @Test("A device and what hangs on it share a domain, are both told, and are counted")
  func devices() throws {
    try SimulatedMemory.exclusive {
      let unit = OneDomainUnit()
      let units = RemappingUnits(RemappingReport())
      try units.add(unit)
      var hierarchy = PCIHierarchy(OneFunction())
      try hierarchy.add(PCIRoot())
      try hierarchy.scan { _ in }
      let bus = DeviceNode("0000:00:03.0", .pci, .pci(hierarchy[0]))
      let child = DeviceNode("virtio0", .virtio, .virtio(type: 4, vendor: 0x1af4), below: bus)
      let platform = DeviceNode("pnp0", .platform, .platform("button"))
      let signals = (DriverSignals(), DriverSignals(), DriverSignals())
      let first = try #require(
        try DriverRemapping.attach(bus, AccessFaults(bus, signals.0), units, hierarchy))
      let second = try #require(
        try DriverRemapping.attach(child, AccessFaults(child, signals.1), units, hierarchy))
      #expect(try DriverRemapping.attach(platform, AccessFaults(platform, signals.2), units, hierarchy) == nil)
      #expect(first.domain === second.domain && unit.attached == [0x18])
      unit.faults = [0x18, 0x18, 0x20]
      units.handleInterrupt(of: unit)
      #expect(bus.accessFaultCount == 2 && child.accessFaultCount == 2 && platform.accessFaultCount == 0)
      #expect(first.detach() && unit.attached == [0x18])
      #expect(second.detach() && unit.attached.isEmpty)
      unit.faults = [0x18]
      units.handleInterrupt(of: unit)
      #expect(bus.accessFaultCount == 2 && child.accessFaultCount == 2)
    }
  }

  @Test("A device that cannot be confined has no domain")
  func refusal() throws {
    try SimulatedMemory.exclusive {
      let unit = OneDomainUnit()
      unit.isRefusing = true
      let units = RemappingUnits(RemappingReport())
      try units.add(unit)
      var hierarchy = PCIHierarchy(OneFunction())
      try hierarchy.add(PCIRoot())
      try hierarchy.scan { _ in }
      let device = DeviceNode("0000:00:03.0", .pci, .pci(hierarchy[0]))
      do {
        _ = try DriverRemapping.attach(device, AccessFaults(device, DriverSignals()), units, hierarchy)
        Issue.record("it was attached")
      } catch { #expect(error as? Errno == .EIO) }
      #expect(unit.attached.isEmpty)
    }
  }
}

/// A unit that notes what is attached.
private final class OneDomainUnit: RemappingUnit {
  var attached: Set<UInt16> = []
  var faults: [UInt16] = []
  var isRefusing = false

  init() { super.init("one") }

  override func coverage(of path: DMAPath) -> Coverage { .others }

  override func makeDomain() throws(Errno) -> RemappingDomain {
    let format = IOPageTableFormat(levelCount: 3, addressBits: 39, pageBits: 3, tableBits: 3, isCoherent: true)
    return try RemappingDomain(self, identifier: 1, format)
  }

  override func attach(_ source: PCIAddress, to domain: RemappingDomain) throws(Errno) {
    if isRefusing { throw .EIO }
    attached.insert(source.routing)
  }

  override func detach(_ source: PCIAddress, from domain: RemappingDomain) -> Bool {
    attached.remove(source.routing)
    return true
  }

  override func takeFaults(into sink: RemappingFaultSink) -> Int {
    for source in faults {
      let address = PCIAddress(bus: UInt8(source >> 8), place: UInt8(truncatingIfNeeded: source))
      sink.note(RemappingFault(source: address, address: 0, access: .read, reason: 6, explanation: "not mapped"))
    }
    defer { faults = [] }
    return faults.count
  }
}

/// Configuration space with one function, 00:03.0.
private final class OneFunction: PCIConfigurationAccess {
  func byteCount(of address: PCIAddress) -> Int { 256 }

  func read(_ address: PCIAddress, at offset: Int, width: Int) -> UInt32 {
    guard address == PCIAddress(bus: 0, device: 3, function: 0) else { return .max }
    return offset == 0 ? 0x1000_1af4 : offset == 8 ? 0x00ff_0000 : 0
  }

  func write(_ value: UInt32, to address: PCIAddress, at offset: Int, width: Int) {}
}
