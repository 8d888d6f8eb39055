import Foundations
import Machine
import Synchronization
import TestSupport
import Testing

@testable import DriverKit

private func pause(milliseconds: UInt64) {
  let begin = HostThread.nanoseconds
  while HostThread.nanoseconds - begin < milliseconds * 1_000_000 { HostThread.yield() }
}

/// Shows who drives one device, and takes its time where there is no driver.
private final class SlowObserver: DeviceObserver {
  static let name: StaticString = "slowly-shown"
  let hasBegun = Atomic<Bool>(false)
  private let driver = SpinLock<StaticString?>(nil)

  var shown: StaticString? { driver.withLock { $0 } }

  override func driverDidChange(_ device: DeviceNode) {
    guard device.name.bytes.isEqual(to: Self.name.description) else { return }
    let seen = device.driver?.name
    hasBegun.store(true, ordering: .releasing)
    if seen == nil { pause(milliseconds: 100) }
    driver.withLock { $0 = seen }
  }
}

@Suite("What is done in order", .serialized)
struct OrderTests {
  @Test("Who shows drivers has shown the last one when all have told of theirs")
  func drivers() {
    let observer = SlowObserver()
    DeviceTree.observer.fill(observer)
    let device = Shared(value: DeviceNode("slowly-shown", .platform, .platform(SlowObserver.name)))
    let crew = Crew()
    crew.start { DeviceTree.tellDriver(of: device.value) }
    while !observer.hasBegun.load(ordering: .acquiring) { HostThread.yield() }
    let type = DriverType("last", .platform)
    device.value.contents.withLock { $0.host = DriverHost(device.value, type, .thisOnly) }
    DeviceTree.tellDriver(of: device.value)
    crew.join()
    #expect(observer.shown?.description == "last")
    device.value.contents.withLock { $0.host = nil }
  }
}
