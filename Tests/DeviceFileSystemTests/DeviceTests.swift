import FileTestSupport
import Foundations
import LinuxABI
import Machine
import PageCache
import Security
import Testing
import VFS

@testable import DeviceFileSystem

@Suite("Devices")
struct DeviceTests {
  private final class Counting: RandomSource {
    private let state = SpinLock<(next: UInt8, mixed: Int)>((0, 0))
    var mixed: Int { state.withLock { $0.mixed } }
    override func fill(_ bytes: inout MutableSpan<UInt8>) {
      for index in 0..<bytes.count {
        bytes[index] = state.withLock {
          $0.next &+= 1
          return $0.next
        }
      }
    }
    override func mix(_ bytes: Span<UInt8>) {
      let count = bytes.count
      state.withLock { $0.mixed += count }
    }
  }

  private final class FakeTerminal: SpecialFileOpener {
    override func open(_ request: OpenRequest, _ inode: Inode) throws(Errno) -> OpenFile {
      try OpenFile(request, inode)
    }
  }

  private func open(_ actor: FileActor, _ path: String, _ flags: OpenFlags) throws(Errno) -> OpenFile {
    let bytes = Array(path.utf8)
    return try actor.open(bytes.span, flags)
  }

  private func write(_ file: OpenFile, _ count: Int) throws(Errno) -> Int {
    try file.write([UInt8](repeating: 1, count: count))
  }

  @Test("The devices that are no hardware do what their manual pages say, and drivers come and go")
  func devices() throws {
    try SimulatedMemory.exclusive {
      let names = try DentryCache(bucketCount: 64)
      let cache = try PageCache(frameCount: SimulatedMemory.frameCount, waiting: PageWaiting())
      let devices = try DeviceFileSystem(names: names, clock: FixedClock(), cache: cache)
      let root = devices.mount
      let context = FileSystemContext(root: root.rootPath, directory: root.rootPath)
      let actor = FileActor(.root, context, try MountNamespace(root: root))
      #expect(throws: Errno.ENXIO) { try open(actor, "null", .O_RDWR) }
      let source = Counting()
      let memory = MemoryDeviceOpener(source)
      try SpecialFiles.register(.characterDevice, major: MemoryDevice.major, minors: 1..<12, memory)
      defer { SpecialFiles.unregister(memory) }
      #expect(throws: Errno.EBUSY) {
        try SpecialFiles.register(.characterDevice, major: MemoryDevice.major, minors: 11..<13, memory)
      }

      let null = try open(actor, "null", .O_RDWR)
      #expect(try write(null, 5_000) == 5_000)
      #expect(try null.read(10) == [])
      let zero = try open(actor, "zero", .O_RDWR)
      #expect(try zero.read(5_000) == [UInt8](repeating: 0, count: 5_000))
      let full = try open(actor, "full", .O_RDWR)
      #expect(throws: Errno.ENOSPC) { try write(full, 1) }
      #expect(try full.read(3) == [0, 0, 0])
      let random = try open(actor, "urandom", .O_RDWR)
      #expect(try random.read(300)[..<256] == (1...256).map { UInt8(truncatingIfNeeded: $0) }[...])
      #expect(try write(random, 700) == 700)
      #expect(source.mixed == 700)

      let terminal = FakeTerminal()
      try SpecialFiles.register(.characterDevice, major: 4, minors: 64..<68, terminal)
      try devices.add("ttyS1", .characterDevice, DeviceNumber(4, 65), permissions: 0o620, group: GroupID(rawValue: 5))
      let found = try open(actor, "ttyS1", .O_RDWR).inode.currentAttributes()
      #expect(found.mode == 0o020620 && found.group.rawValue == 5 && found.representedDevice == DeviceNumber(4, 65))
      SpecialFiles.unregister(terminal)
      #expect(throws: Errno.ENXIO) { try open(actor, "ttyS1", .O_RDWR) }
      let name = Array("ttyS1".utf8)
      try devices.remove(name.span)
      #expect(throws: Errno.ENOENT) { try open(actor, "ttyS1", .O_RDWR) }
      root.restrictions = .noDevices
      #expect(throws: Errno.EACCES) { try open(actor, "null", .O_RDWR) }
    }
  }

  @Test("A device that comes leaves what a program has made, and takes only its own name away")
  func placing() throws {
    try SimulatedMemory.exclusive {
      let names = try DentryCache(bucketCount: 64)
      let cache = try PageCache(frameCount: SimulatedMemory.frameCount, waiting: PageWaiting())
      let devices = try DeviceFileSystem(names: names, clock: FixedClock(), cache: cache)
      let root = devices.mount
      let context = FileSystemContext(root: root.rootPath, directory: root.rootPath, mask: 0)
      let actor = FileActor(.root, context, try MountNamespace(root: root))
      let number = DeviceNumber(13, 64)
      func place(_ name: String) throws(Errno) -> PlacedName? {
        let bytes = Array(name.utf8)
        return try devices.place(bytes.span, .characterDevice, number, permissions: 0o600)
      }
      func remove(_ name: String, _ placed: PlacedName) throws(Errno) {
        let bytes = Array(name.utf8)
        try devices.remove(bytes.span, placed)
      }
      func kind(_ name: String) throws(Errno) -> FileKind {
        let bytes = Array(name.utf8)
        return try actor.find(bytes.span, followsLink: false).inode.kind
      }
      func make(_ name: String) throws(Errno) {
        let bytes = Array(name.utf8)
        _ = try actor.makeNode(bytes.span, .regular, permissions: 0o644)
      }

      // The directories are there afterwards, whoever removed them.
      let first = try #require(try place("input/deep/event0"))
      #expect(try kind("input/deep/event0") == .characterDevice)
      try remove("input/deep/event0", first)
      #expect(throws: Errno.ENOENT) { try kind("input/deep/event0") }

      try make("vport0p1")
      #expect(try place("vport0p1") == nil)
      #expect(try kind("vport0p1") == .regular)

      // Nor is a file in place of the directory the device's fault.
      try make("snd")
      #expect(try place("snd/seq") == nil)
      #expect(try kind("snd") == .regular)

      // One that a program has replaced stays.
      let second = try #require(try place("ttyS4"))
      let name = Array("ttyS4".utf8)
      try devices.remove(name.span)
      try make("ttyS4")
      #expect(throws: Errno.ENOENT) { try remove("ttyS4", second) }
      #expect(try kind("ttyS4") == .regular)

      let link = try #require(try devices.placeLink("rtc", to: name.span))
      #expect(try devices.placeLink("rtc", to: name.span) == nil)
      #expect(try kind("rtc") == .symbolicLink)
      try remove("rtc", link)
      #expect(throws: Errno.ENOENT) { try kind("rtc") }
    }
  }
}
