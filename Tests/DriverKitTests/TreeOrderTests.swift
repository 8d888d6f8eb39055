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

/// A change that takes a while.
private final class SlowChange: DeviceChange {
  let hasEnded = Atomic<Bool>(false)

  override func run() {
    pause(milliseconds: 100)
    hasEnded.store(true, ordering: .releasing)
  }
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
struct TreeOrderTests {
  @Test("Who holds the tree goes on when the change has ended that began meanwhile, and the next one waits")
  func hold() {
    let slow = Shared(value: SlowChange())
    let crew = Crew()
    // The tree's thread.
    crew.start {
      var awaited: DeviceChange?
      while awaited == nil {
        awaited = DeviceTree.beginChange()
        HostThread.yield()
      }
      // The next one begins before the holder knows that what it waits for has been made.
      DeviceTree.endChange()
      DeviceTree.post(slow.value)
      let next = DeviceTree.beginChange()
      awaited?.make()
      next?.make()
      DeviceTree.endChange()
    }
    // Whatever the clock says that was never started here.
    DeviceTree.hold(settling: 1 << 62)
    let hasEnded = slow.value.hasEnded.load(ordering: .acquiring)
    #expect(hasEnded)
    DeviceTree.post(DeviceChange())
    #expect(DeviceTree.beginChange() == nil)
    crew.join()
    DeviceTree.goOn()
    #expect(DeviceTree.beginChange() != nil)
    DeviceTree.endChange()
    #expect(DeviceTree.beginChange() == nil)
  }

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

  @Test("A device that has gone stays so, whatever its driver still does")
  func gone() {
    let device = DeviceNode("late", .platform, .platform("late"))
    device.setState(.starting)
    device.setState(.gone)
    device.setState(.running)
    #expect(device.state == .gone)
  }

  @Test("Who has a device added learns that there is no memory for it")
  func shortage() {
    SimulatedMemory.exclusive {
      AllocationFaults.fail(after: 0)
      defer { AllocationFaults.fail(after: nil) }
      var isNoted = true
      // As long as there is room from before.
      for _ in 0..<1_000 where isNoted { isNoted = DeviceTree.addSoon(DeviceNode("many", .root, .platform("many"))) }
      #expect(!isNoted)
    }
    while DeviceTree.beginChange() != nil { DeviceTree.endChange() }
  }
}
