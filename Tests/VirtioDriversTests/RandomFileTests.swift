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
  /// The files of the class's directory in /sys.
  private final class Attributes {
    let directory: SyntheticDirectory
    private let world: World

    init(in world: World) throws {
      self.world = world
      let fileSystem = SyntheticFileSystem(
        typeName: "sysfs", magic: 1, names: try DentryCache(bucketCount: 16), clock: FixedClock())
      directory = SyntheticDirectory(fileSystem)
      let server = RandomServer(NotingLink())
      try server.addAttributes(to: directory, of: try DeviceFileEntry(RandomServer.template, server))
    }

    func open(_ name: String, _ flags: OpenFlags = .O_RDWR) throws -> OpenFile {
      let bytes = Array(name.utf8)
      let inode = try #require(try directory.lookUp(bytes.span))
      return try inode.open(OpenRequest(world.devices.mount.rootPath, flags, .root))
    }

    func text(_ name: String) throws -> String { String(decoding: try open(name).read(200), as: UTF8.self) }
    func write(_ text: String, to name: String) throws { _ = try open(name).write(Array(text.utf8)) }
  }

  /// Sources that programs see until `body` has ended.
  private func with(_ links: [NotingLink], _ body: ([RandomSource]) throws -> Void) throws {
    let sources = try links.map { try RandomSource($0) }
    for source in sources { try RandomSources.add(source) }
    defer { for source in sources { source.withdraw() } }
    try body(sources)
  }

  @Test("Sources are numbered among themselves, whatever their devices are called")
  func numbers() throws {
    try World.run { _ in
      let link = NotingLink()
      let first = try RandomSource(link)
      #expect(text(first.name) == "virtio_rng.0")
      var second: RandomSource? = try RandomSource(link)
      #expect(text(try #require(second).name) == "virtio_rng.1")
      second = nil
      #expect(text(try RandomSource(link).name) == "virtio_rng.1")
    }
  }

  @Test("Programs see all sources, the current one and its quality, and choose another, as on Linux")
  func attributes() throws {
    try World.run { world in
      let files = try Attributes(in: world)
      #expect(try files.text("rng_available") == "\n" && files.text("rng_current") == "none\n")
      #expect(throws: Errno.ENODEV) { try files.text("rng_quality") }
      #expect(throws: Errno.ENODEV) { try files.write("5\n", to: "rng_quality") }
      try with([NotingLink(), NotingLink()]) { _ in
        #expect(try files.text("rng_available") == "virtio_rng.0 virtio_rng.1 \n")
        #expect(try files.text("rng_current") == "virtio_rng.0\n" && files.text("rng_selected") == "0\n")
        #expect(try files.text("rng_quality") == "1000\n")
        try files.write("virtio_rng.1\n", to: "rng_current")
        #expect(try files.text("rng_current") == "virtio_rng.1\n" && files.text("rng_selected") == "1\n")
        for wrong in ["virtio_rng.2\n", "virtio_rng\n", "none\n", "virtio_rng.1\n\n"] {
          #expect(throws: Errno.ENODEV) { try files.write(wrong, to: "rng_current") }
        }
        #expect(try files.text("rng_current") == "virtio_rng.1\n")
        try files.write("\n", to: "rng_current")
        #expect(try files.text("rng_current") == "virtio_rng.0\n" && files.text("rng_selected") == "0\n")
        // Worse than the other: that is the best then.
        try files.write("0x20\n", to: "rng_quality")
        #expect(try files.text("rng_current") == "virtio_rng.1\n")
        try files.write("virtio_rng.0", to: "rng_current")
        #expect(try files.text("rng_quality") == "32\n")
        for wrong in ["1025\n", "5", "-1\n", "many\n", "99999999999999999999\n"] {
          #expect(throws: Errno.EINVAL) { try files.write(wrong, to: "rng_quality") }
        }
        try files.write("1024", to: "rng_quality")
        #expect(try files.text("rng_quality") == "1024\n" && files.text("rng_selected") == "0\n")
      }
    }
  }

  @Test("Only what can be changed can be written")
  func permissions() throws {
    try World.run { world in
      let files = try Attributes(in: world)
      let writable = ["rng_current": true, "rng_quality": true, "rng_available": false, "rng_selected": false]
      for (name, isWritable) in writable {
        let bytes = Array(name.utf8)
        let inode = try #require(try files.directory.lookUp(bytes.span))
        #expect(inode.attributes.withLock { $0.permissions } == (isWritable ? 0o644 : 0o444), "\(name)")
      }
    }
  }

  @Test("The file is there while there is a source, and reads the one that is current")
  func file() throws {
    try World.run { world in
      #expect(!world.has("hwrng"))
      let (first, second) = (RefusingLink(), RefusingLink())
      let sources = [try RandomSource(first), try RandomSource(second)]
      for source in sources { try RandomSources.add(source) }
      let file = try world.open("hwrng")
      #expect(throws: Errno.EAGAIN) { try file.read(8) }
      #expect(first.waits.count == 1 && second.waits.count == 0)
      sources[0].withdraw()
      // Who has it open goes on with the other one.
      #expect(throws: Errno.EAGAIN) { try file.read(8) }
      #expect(first.waits.count == 1 && second.waits.count == 1 && world.has("hwrng"))
      sources[1].withdraw()
      #expect(throws: Errno.ENODEV) { try file.read(8) }
      #expect(!world.has("hwrng") && RandomSources.current == nil)
      // Once more does nothing.
      sources[1].withdraw()
      try RandomSources.add(sources[1])
      #expect(world.has("hwrng"))
      sources[1].withdraw()
    }
  }

  @Test("A source goes on with the next driver of its device, and with no other's, once it is shown")
  func succession() throws {
    try World.run { world in
      let link = NotingLink()
      let (old, new) = (try RandomSource(link), try RandomSource(link))
      #expect(!old.continues(as: new))
      try RandomSources.add(old)
      #expect(old.continues(as: new))
      #expect(!old.continues(as: try RandomSource(NotingLink())))
      old.withdraw()
      #expect(!old.continues(as: new))
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
      let source = try RandomSource(link)
      try RandomSources.add(source)
      defer { source.withdraw() }
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
