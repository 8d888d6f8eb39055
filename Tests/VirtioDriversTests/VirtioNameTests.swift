import FileTestSupport
import Foundations
import SyntheticFiles
import TestSupport
import Testing
import VFS

@testable import DeviceFiles
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

@Suite("What /sys says of virtio devices")
struct VirtioTextTests {
  @Test("The name for modprobe has capital digits, as Linux's")
  func alias() {
    var line = Message()
    VirtioAlias.write(type: 26, vendor: 0x1af4, to: &line)
    #expect(text(line) == "virtio:d0000001Av00001AF4")
  }
}
