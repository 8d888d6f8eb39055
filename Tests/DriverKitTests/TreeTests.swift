import Foundations
import TestSupport
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

  @Test("Who looks at all devices sees each that stays, though others go meanwhile")
  func walk() throws {
    let names: [StaticString] = ["walk-one", "walk-two", "walk-three", "walk-four"]
    let nodes = names.map { name in
      let text: Message = "\(name.description)"
      return DeviceNode(text, .platform, .platform("walk"))
    }
    for node in nodes { try DeviceTree.add(node) }
    defer { for node in nodes { DeviceTree.remove(node, isGone: false) } }
    var seen: [String] = []
    DeviceTree.forEach { device in
      guard let index = nodes.firstIndex(where: { $0 === device }) else { return }
      seen.append(text(device.name))
      if index == 1 {
        DeviceTree.remove(nodes[0], isGone: false)
        DeviceTree.remove(nodes[1], isGone: false)
      }
    }
    #expect(seen == ["walk-one", "walk-two", "walk-three", "walk-four"])
    #expect(!isInTree(nodes[1]) && isInTree(nodes[2]) && isInTree(nodes[3]))
  }
}
