import Foundations
import Testing

@testable import DriverKit

@Suite("Coming and going of devices")
struct TreeTests {
  private func isInTree(_ device: DeviceNode) -> Bool { DeviceTree.find(.platform, device.name.bytes) === device }

  @Test("A device is in the tree from when it is added until it is removed")
  func life() throws {
    let device = DeviceNode("coming", .platform, .platform("coming"))
    try DeviceTree.add(device)
    #expect(isInTree(device))
    #expect(throws: Errno.EEXIST) {
      try DeviceTree.add(DeviceNode("coming", .platform, .platform("coming")))
    }
    DeviceTree.remove(device, isGone: false)
    #expect(!isInTree(device) && device.state == .gone)
  }

  @Test("One that is removed before its turn to be added does not come any more")
  func early() throws {
    let device = DeviceNode("early", .platform, .platform("early"))
    DeviceTree.remove(device, isGone: false)
    #expect(throws: Errno.ENODEV) { try DeviceTree.add(device) }
    #expect(!isInTree(device) && device.state == .gone)
  }
}
