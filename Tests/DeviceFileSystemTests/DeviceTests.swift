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
}
