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

@Suite("The file of random numbers", .serialized)
struct RandomFileTests {
  private func name(_ server: RandomServer, in world: World) throws -> String {
    let fileSystem = SyntheticFileSystem(
      typeName: "sysfs", magic: 1, names: try DentryCache(bucketCount: 16), clock: FixedClock())
    let directory = SyntheticDirectory(fileSystem)
    let template = DeviceFileTemplate("hwrng", .plain, .fixed(10), driver: "misc", className: "misc")
    try server.addAttributes(to: directory, of: try DeviceFileEntry(template, server))
    let bytes = Array("rng_current".utf8)
    let inode = try #require(try directory.lookUp(bytes.span))
    let file = try inode.open(OpenRequest(world.devices.mount.rootPath, .O_RDWR, .root))
    return String(decoding: try file.read(100), as: UTF8.self)
  }

  @Test("Sources are numbered among themselves, whatever their devices are called")
  func numbers() throws {
    try World.run { world in
      let link = NotingLink()
      let first = try RandomServer(numbered: link)
      #expect(try name(first, in: world) == "virtio_rng.0\n")
      var second: RandomServer? = try RandomServer(numbered: link)
      #expect(try name(try #require(second), in: world) == "virtio_rng.1\n")
      second = nil
      #expect(try name(try RandomServer(numbered: link), in: world) == "virtio_rng.1\n")
    }
  }
}
