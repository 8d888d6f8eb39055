import FileTestSupport
import Foundations
import LinuxABI
import SyntheticFiles
import TestSupport
import Testing
import VFS

@testable import DeviceFiles
@testable import DriverKit
@testable import Machine
@testable import VirtioDrivers

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

  @Test("Who does not block is told that there is nothing yet, and leaves those who wait in their order")
  func nonblocking() throws {
    try World.run { _ in
      var readers = RandomReaders()
      let patient = [RandomRequest(count: 4), RandomRequest(count: 2)]
      let hasty = RandomRequest(count: 3, waitsForDevice: false)
      try readers.add(patient[0])
      try readers.add(hasty)
      try readers.add(patient[1])
      readers.satisfy { _, _ in 0 }
      #expect(hasty.outcome == .failure(.EAGAIN))
      #expect(patient[0].outcome == nil && patient[1].outcome == nil)
      var next: UInt8 = 0
      func take(_ count: Int, _ bytes: inout InlineArray<256, UInt8>) -> Int {
        for index in 0..<count {
          next += 1
          bytes[index] = next
        }
        return count
      }
      readers.satisfy(take)
      #expect(patient[0].outcome == .success(4) && patient[1].outcome == .success(2))
      #expect(patient[0].byte(at: 3) == 4 && patient[1].byte(at: 0) == 5)
      let another = RandomRequest(count: 1, waitsForDevice: false)
      try readers.add(another)
      readers.satisfy(take)
      #expect(another.outcome == .success(1) && another.byte(at: 0) == 7)
    }
  }

  @Test("A file opened with O_NONBLOCK asks for what there is, another waits")
  func flags() throws {
    try World.run { world in
      let link = RefusingLink()
      let files = DeviceFilePublication(try RandomServer(numbered: link))
      try files.add(DeviceFileTemplate("hwrng", .plain, .fixed(10), driver: "misc", className: "misc"))
      try files.show()
      defer { files.withdraw() }
      let hasty = try world.open("hwrng", [.O_RDWR, .O_NONBLOCK])
      #expect(throws: Errno.EAGAIN) { try hasty.read(8) }
      let patient = try world.open("hwrng", .O_RDWR)
      #expect(throws: Errno.EAGAIN) { try patient.read(8) }
      #expect(link.waits == [false, true])
    }
  }
}

/// A driver that has nothing for anybody.
private final class RefusingLink: DriverLink {
  var waits: [Bool] = []

  init() { super.init(DeviceNode("virtio0", .virtio, .virtio(type: 4, vendor: 0x1af4))) }

  override func submit(_ request: DriverRequest) throws(Errno) {
    if let random = request as? RandomRequest { waits.append(random.waitsForDevice) }
    request.complete(.failure(.EAGAIN))
  }
}
