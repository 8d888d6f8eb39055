import DeviceModels
import FileTestSupport
import Foundations
import LinuxABI
import SyntheticFiles
import Testing
import VFS

@testable import DriverKit
@testable import Machine
@testable import Virtio
@testable import VirtioDrivers

@Suite("What /sys says of virtio devices", .serialized)
struct VirtioTextsTests {
  private final class Pacer: VirtioPacer {
    override func pause() {}
  }

  private func directory() throws -> SyntheticDirectory {
    SyntheticDirectory(
      SyntheticFileSystem(typeName: "sysfs", magic: 1, names: try DentryCache(bucketCount: 16), clock: FixedClock()))
  }

  private func text(_ name: String, in directory: SyntheticDirectory, of world: World) throws -> String {
    let bytes = Array(name.utf8)
    let inode = try #require(try directory.lookUp(bytes.span))
    let file = try inode.open(OpenRequest(world.devices.mount.rootPath, [], .root))
    return String(decoding: try file.read(200), as: UTF8.self)
  }

  @Test("Type, vendor and alias are what the device is known by")
  func identity() throws {
    try World.run { world in
      let directory = try directory()
      let device = DeviceNode("virtio7", .virtio, .virtio(type: 18, vendor: 0x1af4))
      try VirtioTexts.addAttributes(of: device, to: directory)
      #expect(try text("device", in: directory, of: world) == "0x0012\n")
      #expect(try text("vendor", in: directory, of: world) == "0x1af4\n")
      #expect(try text("modalias", in: directory, of: world) == "virtio:d00000012v00001AF4\n")
      let other = try self.directory()
      try VirtioTexts.addAttributes(of: DeviceNode("serial8250", .platform, .platform("serial8250")), to: other)
      let bytes = Array("modalias".utf8)
      #expect(try other.lookUp(bytes.span) == nil)
    }
  }

  @Test("The status is the device's own at any time, and features are those that were agreed on, the lowest first")
  func state() throws {
    try World.run { world in
      let model = VirtioDeviceModel(
        kind: 4, offered: 1 << 32 | 1 << 29 | 1 << 3, queueSizes: [8], configuration: [0, 0, 0, 0])
      let directory = try directory()
      let state = VirtioDeviceState(transport(model))
      try VirtioTexts.add(state, to: directory)
      let none = String(repeating: "0", count: 64)
      #expect(try text("status", in: directory, of: world) == "0x00000000\n")
      #expect(try text("features", in: directory, of: world) == none + "\n")
      let device = VirtioDevice(transport(model), pacer: Pacer(), usable: .transport)
      try device.begin(VirtioFeatures(bit: 3))
      // Acknowledged, with a driver, with features.
      #expect(try text("status", in: directory, of: world) == "0x0000000b\n")
      state.note(device.features)
      var expected = Array(none)
      for bit in [3, 29, 32] { expected[bit] = "1" }
      #expect(try text("features", in: directory, of: world) == String(expected) + "\n")
      try device.start(messageCount: 0)
      #expect(try text("status", in: directory, of: world) == "0x0000000f\n")
    }
  }
}
