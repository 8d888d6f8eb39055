import Foundations
import Machine
import PageCache
import TestSupport
import Testing

@testable import VirtualMemory

/// Files that are mapped, written through mappings, truncated and evicted.
@Suite("Mapped files", .serialized)
struct MappedFileTests {
  private static let base: UInt64 = 0x4000_0000

  /// A disk: one byte stands for each page.
  private final class Disk: PageProvider {
    var pages: [UInt8]
    var writeCount = 0
    init(_ pages: [UInt8]) { self.pages = pages }
    override var pageCount: UInt64 { UInt64(pages.count) }
    override func read(page: UInt64, into frame: borrowing UserFrame) throws(Errno) {
      let bytes = [UInt8](repeating: pages[Int(page)], count: 4096)
      frame.write(at: 0, from: bytes.span)
    }
    override func write(page: UInt64, from frame: borrowing UserFrame) throws(Errno) {
      var byte: [UInt8] = [0]
      var span = byte.mutableSpan
      frame.read(at: 0, into: &span)
      pages[Int(page)] = byte[0]
      writeCount += 1
    }
  }

  private func map(
    _ space: AddressSpace, _ file: CachedFile, _ flags: MapFlags, pages: UInt64 = 8, at address: UInt64 = base
  ) throws {
    _ = try space.map(
      MapRequest(address: address, byteCount: pages * 4096, flags: flags.union(.fixed), object: MappedFile(file)))
  }

  private func withFile(_ body: (CachedFile, Disk) throws -> Void) throws {
    try withMachine {
      let cache = try PageCache(frameCount: SimulatedMemory.frameCount, waiting: PageWaiting())
      let disk = Disk((0..<8).map { $0 + 10 })
      let file = try cache.makeFile(disk)
      try body(file, disk)
      try file.close()
    }
  }

  @Test("A shared mapping writes to the file, a private one does not")
  func sharing() throws {
    try withFile { file, disk in
      let (writer, reader) = (try AddressSpace.make(), try AddressSpace.make())
      try map(writer, file, .shared)
      try map(reader, file, .private)
      #expect((0..<8).map { writer.byte(at: Self.base + $0 * 4096) } == (10..<18).map { $0 })
      #expect(writer.setByte(99, at: Self.base))
      #expect(reader.byte(at: Self.base) == 99, "a private mapping shows what others write until it is written itself")
      #expect(reader.setByte(55, at: Self.base + 4096))
      #expect(writer.byte(at: Self.base + 4096) == 11)
      #expect(disk.writeCount == 0)
      try writer.synchronize(Self.base, 8 * 4096, isSynchronous: true, invalidates: false)
      #expect(disk.pages[0] == 99 && disk.pages[1] == 11 && disk.writeCount == 1)
      #expect(writer.setByte(100, at: Self.base), "writing again after it was written back")
      try file.writeBack()
      #expect(disk.pages[0] == 100)
      reader.tearDown()
      writer.tearDown()
    }
  }

  @Test("What lies behind the end of the file is a bus error")
  func busError() throws {
    try withFile { file, _ in
      let space = try AddressSpace.make()
      try map(space, file, .shared, pages: 12)
      #expect(space.resolveFault(Self.base + 7 * 4096, .read) == .resolved)
      #expect(space.resolveFault(Self.base + 8 * 4096, .read) == .busError)
      space.tearDown()
    }
  }

  @Test("Truncating a file takes its pages out of every mapping, copies too")
  func truncation() throws {
    try withFile { file, disk in
      let (first, second) = (try AddressSpace.make(), try AddressSpace.make())
      try map(first, file, .shared)
      try map(second, file, .private)
      for page in 0..<8 as Range<UInt64> {
        #expect(first.byte(at: Self.base + page * 4096) != nil)
        #expect(second.setByte(1, at: Self.base + page * 4096))
      }
      disk.pages.removeLast(5)
      try file.truncate(to: 3 * 4096)
      for space in [first, second] {
        #expect(space.byte(at: Self.base + 2 * 4096) != nil)
        #expect(space.byte(at: Self.base + 3 * 4096) == nil)
        #expect(space.usage.resident == 3)
        space.tearDown()
      }
    }
  }

  @Test("A child shares what its parent wrote privately until either writes again")
  func fork() throws {
    try withFile { file, _ in
      let parent = try AddressSpace.make()
      try map(parent, file, .private)
      #expect(parent.setByte(1, at: Self.base))
      let child = try parent.clone()
      #expect(child.byte(at: Self.base) == 1)
      #expect(child.byte(at: Self.base + 4096) == 11)
      #expect(child.setByte(2, at: Self.base))
      #expect(parent.byte(at: Self.base) == 1)
      child.tearDown()
      parent.tearDown()
    }
  }

  @Test("Objects are told of every mapping once, and of its end")
  func attachment() throws {
    final class Counter: MappedObject {
      var attached = 0
      var fails = false
      override var pageCount: UInt64 { 4 }
      override func attach(_ space: AddressSpace) throws(Errno) {
        if fails { throw .ENOMEM }
        attached += 1
      }
      override func detach(_ space: AddressSpace) { attached -= 1 }
    }
    try withMachine {
      let object = Counter()
      let space = try AddressSpace.make()
      func request(_ address: UInt64) -> MapRequest {
        MapRequest(address: address, byteCount: 4 * 4096, flags: [.private, .fixed], object: object)
      }
      _ = try space.map(request(Self.base))
      _ = try space.map(request(Self.base + 0x10_0000))
      #expect(object.attached == 1)
      let child = try space.clone()
      #expect(object.attached == 2)
      try space.unmap(Self.base + 4096, 4096)
      try space.unmap(Self.base, 4 * 4096)
      #expect(object.attached == 2)
      _ = try space.mapPrivate(4, at: Self.base + 0x10_0000)
      #expect(object.attached == 1, "mapping over the last part ends it")
      object.fails = true
      #expect(error { () throws(Errno) in _ = try space.map(request(Self.base)) } == .ENOMEM)
      #expect(error { () throws(Errno) in _ = try child.clone() } == .ENOMEM)
      #expect(object.attached == 1)
      child.tearDown()
      #expect(object.attached == 0)
    }
  }
}
