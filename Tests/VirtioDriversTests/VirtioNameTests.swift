import Foundations
import TestSupport
import Testing

@testable import Machine
@testable import VirtioDrivers

@Suite("Names of virtio devices", .serialized)
struct VirtioNameTests {
  @Test("Two that come at once have two names, though neither is in the tree yet; one is free when its device has gone")
  func names() throws {
    try SimulatedMemory.exclusive {
      var first: VirtioName? = try VirtioName()
      let second = try VirtioName()
      let freed = try #require(first).text
      #expect(text(freed) != text(second.text))
      #expect(text(freed).hasPrefix("virtio") && text(second.text).hasPrefix("virtio"))
      first = nil
      let third = try VirtioName()
      #expect(text(third.text) == text(freed))
    }
  }
}
