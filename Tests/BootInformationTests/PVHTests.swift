import BootInformation
import TestSupport
import Testing

@Suite("PVH")
struct PVHTests {
  static func error(_ bytes: [UInt8], at start: UInt64 = PVHWriter.start) -> BootInformationError? {
    do throws(BootInformationError) {
      _ = try BootInformation(pvhAt: start, memory: FakeMemory((PVHWriter.start, bytes)))
      return nil
    } catch {
      return error
    }
  }

  @Test("Everything that QEMU says is understood")
  func qemu() throws {
    let information = try BootInformation(
      pvhAt: PVHWriter.start, memory: FakeMemory((PVHWriter.start, PVHWriter.qemu())))
    #expect(text(information.commandLine.bytes) == "init=/bin/sh quiet")
    #expect(text(information.loaderName.bytes) == "PVH")
    #expect(information.moduleCount == 1)
    #expect(information.module(0) == 0x1f00_0000..<0x1f00_1234)
    #expect(information.rsdpAddress == 0xf_5a40)
    #expect(information.screen == nil)
    #expect(
      regions(information.memoryMap) == [
        MemoryRegion(0..<0x9_f000, .usable), MemoryRegion(0x9_f000..<0xa_0000, .reserved),
        MemoryRegion(0x10_0000..<0x1ffd_0000, .usable), MemoryRegion(0x1ffd_0000..<0x2000_0000, .reserved),
      ])
  }

  @Test("Version 0, which has no memory map, and a wrong signature are errors")
  func versions() {
    #expect(Self.error(PVHWriter.qemu(version: 0)) == .noMemory)
    var bytes = PVHWriter.qemu()
    bytes[0] ^= 1
    #expect(Self.error(bytes) == .badSignature(address: PVHWriter.start))
    #expect(Self.error(bytes, at: 0x5000) == .unreadable(address: 0x5000))
    for start in [UInt64.max, UInt64.max - 63, UInt64.max - 64] { #expect(Self.error(bytes, at: start) != nil) }
  }

  @Test("Tables that pass the end of memory or the address space, or are absurdly long, are errors")
  func badTables() {
    func damaged(_ place: Int, _ value: UInt64, _ count: Int) -> [UInt8] {
      var bytes = PVHWriter.qemu()
      for index in 0..<count { bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt64(index * 8)) }
      return bytes
    }
    #expect(Self.error(damaged(12, 4097, 4)) == .badSize(address: PVHWriter.start + 56, stated: 4097))
    #expect(Self.error(damaged(48, 0xffff_ffff, 4)) == .badSize(address: PVHWriter.start + 88, stated: 0xffff_ffff))
    for place in [16, 24, 40] {
      for address in [UInt64.max, UInt64.max - 4, 1 << 52, 0x4000_0000] {
        #expect(Self.error(damaged(place, address, 8)) != nil)
      }
    }
  }

  @Test("A module that passes the end of the address space is left out")
  func wrappingModule() throws {
    var bytes = PVHWriter.qemu()
    for index in 0..<8 { bytes[56 + 8 + index] = 0xff }
    let information = try BootInformation(pvhAt: PVHWriter.start, memory: FakeMemory((PVHWriter.start, bytes)))
    #expect(information.moduleCount == 0)
    #expect(information.droppedCount == 1)
  }

  @Test("Information that ends anywhere is an error")
  func truncation() {
    let bytes = PVHWriter.qemu()
    for count in 0..<bytes.count { #expect(Self.error(Array(bytes[..<count])) != nil) }
  }
}
