import Foundations
import Machine
import PageCache
import TestSupport
import Testing

@testable import VirtualMemory

/// What may happen on other CPUs while a fault waits, without the lock, for a page of an object.
@Suite("Faults and what happens beside them", .serialized)
struct FaultRaceTests {
  private static let base: UInt64 = 0x4000_0000

  /// A file that lets something happen between the moment when a page is known and the moment when the fault has it.
  private final class InterruptedFile: MappedObject {
    let file: MappedFile
    var interruption: (() -> Void)?
    var isOnce = true
    var pageRequests = 0

    init(_ file: CachedFile) {
      self.file = MappedFile(file)
      super.init(cachedFile: file)
    }

    override var pageCount: UInt64 { file.pageCount }
    override func page(_ index: UInt64) throws(Errno) -> UserFrame {
      pageRequests += 1
      let frame = try file.page(index)
      if let body = interruption {
        if isOnce { interruption = nil }
        body()
      }
      return frame
    }
    override func noteMapped(_ index: UInt64, _ frame: borrowing UserFrame, isWritable: Bool) -> Bool {
      file.noteMapped(index, frame, isWritable: isWritable)
    }
    override func residentPage(_ index: UInt64) -> UserFrame? { file.residentPage(index) }
    override func attach(_ space: AddressSpace) throws(Errno) { try file.attach(space) }
    override func detach(_ space: AddressSpace) { file.detach(space) }
  }

  private func withMapping(
    _ flags: MapFlags, _ body: (AddressSpace, InterruptedFile, MemoryProvider) throws -> Void
  ) throws {
    try withMachine {
      let cache = try PageCache(frameCount: SimulatedMemory.frameCount, waiting: PageWaiting())
      let provider = MemoryProvider(pageCount: 4)
      let file = try cache.makeFile(provider)
      let object = InterruptedFile(file)
      let space = try AddressSpace.make()
      _ = try space.map(
        MapRequest(address: Self.base, byteCount: 4 * 4096, flags: flags.union(.fixed), object: object))
      try body(space, object, provider)
      object.interruption = nil
      space.tearDown()
      try file.close()
    }
  }

  @Test("Two first writes to a private page of a file both count")
  func privateWrites() throws {
    try withMapping(.private) { space, object, _ in
      object.interruption = { #expect(space.setByte(7, at: Self.base + 1)) }
      #expect(space.setByte(5, at: Self.base))
      #expect(space.byte(at: Self.base) == 5)
      #expect(space.byte(at: Self.base + 1) == 7)
    }
  }

  @Test("A read does not undo a write to a private page that was quicker")
  func readAndPrivateWrite() throws {
    try withMapping(.private) { space, object, _ in
      object.interruption = { #expect(space.setByte(7, at: Self.base + 1)) }
      #expect(space.byte(at: Self.base) == 0)
      #expect(space.byte(at: Self.base + 1) == 7)
    }
  }

  @Test("A read leaves a shared page writable that somebody has begun to write")
  func readAndSharedWrite() throws {
    try withMapping(.shared) { space, object, _ in
      object.interruption = { #expect(space.setByte(7, at: Self.base)) }
      #expect(space.resolveFault(Self.base, .read) == .resolved)
      #expect(space.state.withLock { $0.table.entry(at: Self.base)?.access } == [.read, .write])
    }
  }

  @Test("What was mapped in place of the file meanwhile does not get the file's page")
  func replacedArea() throws {
    try withMapping(.shared) { space, object, _ in
      object.interruption = {
        #expect(error { () throws(Errno) in _ = try space.mapPrivate(1, at: Self.base) } == nil)
      }
      #expect(space.setByte(5, at: Self.base))
      #expect(space.byte(at: Self.base) == 5)
      let page = try object.file.page(0)
      var byte: [UInt8] = [1]
      var span = byte.mutableSpan
      page.read(at: 0, into: &span)
      #expect(byte == [0], "the write was for the private memory")
    }
  }

  @Test("An area that lost a permission meanwhile does not get it back")
  func protected() throws {
    try withMapping(.shared) { space, object, _ in
      object.interruption = {
        #expect(error { () throws(Errno) in try space.protect(Self.base, 4096, .read) } == nil)
      }
      #expect(!space.setByte(5, at: Self.base))
      #expect(space.byte(at: Self.base) == 0)
    }
  }

  @Test("A page that was truncated meanwhile is not mapped", arguments: [true, false])
  func truncated(isShared: Bool) throws {
    try withMapping(isShared ? .shared : .private) { space, object, provider in
      object.interruption = {
        provider.setPageCount(0)
        #expect(error { () throws(Errno) in try object.file.file.truncate(to: 0) } == nil)
      }
      #expect(!space.setByte(5, at: Self.base))
      #expect(space.usage.resident == 0)
      #expect(space.resolveFault(Self.base, .write) == .busError)
    }
  }

  @Test("A fault does not begin again because something changed elsewhere")
  func progress() throws {
    try withMapping(.private) { space, object, _ in
      object.isOnce = false
      object.interruption = {
        guard object.pageRequests < 50 else { return }
        #expect(error { () throws(Errno) in _ = try space.mapPrivate(1, at: 0x5000_0000) } == nil)
      }
      #expect(space.byte(at: Self.base + 4096) == 0)
      #expect(object.pageRequests == 1)
    }
  }
}
