import BootInformation
import TestSupport
import Testing

@Suite("Multiboot2")
struct Multiboot2Tests {
  static let start: UInt64 = 0x9000

  /// What `writer`'s bytes at 0x9000 say, for a closure, since the result cannot be copied.
  static func read<Result>(
    _ writer: Multiboot2Writer, _ body: (borrowing BootInformation) throws -> Result
  ) throws -> Result {
    let information = try BootInformation(multiboot2At: start, memory: FakeMemory((start, writer.bytes)))
    return try body(information)
  }

  static func error(_ bytes: [UInt8], at start: UInt64 = start) -> BootInformationError? {
    do throws(BootInformationError) {
      _ = try BootInformation(multiboot2At: start, memory: FakeMemory((start, bytes)))
      return nil
    } catch {
      return error
    }
  }

  @Test("Everything that GRUB says on a UEFI machine is understood")
  func grub() throws {
    try Self.read(.grub) { information in
      #expect(text(information.commandLine.bytes) == "console=ttyS0 loglevel=7")
      #expect(text(information.loaderName.bytes) == "GRUB 2.06-13+deb12u1")
      #expect(information.moduleCount == 1)
      #expect(information.module(0) == 0x80_0000..<0x90_1234)
      #expect(information.module(1).isEmpty && information.module(-1).isEmpty)
      #expect(information.efiSystemTableAddress == 0x1f9e_c018)
      #expect(information.droppedCount == 0)
      #expect(
        regions(information.memoryMap) == [
          MemoryRegion(0..<0x9_f000, .usable), MemoryRegion(0x9_f000..<0xa_0000, .reserved),
          MemoryRegion(0xf_0000..<0x10_0000, .reserved), MemoryRegion(0x10_0000..<0x1ffd_0000, .usable),
          MemoryRegion(0x1ffd_0000..<0x2000_0000, .acpiReclaimable), MemoryRegion(0xb000_0000..<0xc000_0000, .reserved),
        ])
      let found = information.screen
      let screen = try #require(found)
      #expect(screen.range == 0xfd00_0000..<0xfd30_0000)
      #expect(
        screen.format
          == .direct(
            red: .init(position: 16, size: 8), green: .init(position: 8, size: 8), blue: .init(position: 0, size: 8)))
    }
  }

  @Test("The newer copy of the RSDP is taken, whichever comes first")
  func rsdp() throws {
    let old = Array("RSD PTR ".utf8) + [UInt8](repeating: 1, count: 12)
    let new = Array("RSD PTR ".utf8) + [UInt8](repeating: 2, count: 28)
    func copy(_ tags: [(UInt32, [UInt8])]) throws -> [UInt8] {
      var writer = Multiboot2Writer()
      for (type, bytes) in tags { writer.tag(type) { $0.bytes = bytes } }
      writer.memoryMap([(0, 0x10_0000, 1)])
      return try Self.read(writer) { information in
        let bytes = information.rootPointer.bytes
        return bytes.indices.map { bytes[$0] }
      }
    }
    #expect(try copy([(14, old), (15, new)]) == new)
    #expect(try copy([(15, new), (14, old)]) == new)
    #expect(try copy([(14, old)]) == old)
    #expect(try copy([]) == [])
  }

  @Test("Screens of each format are taken, and those with impossible dimensions or colours are not")
  func screens() throws {
    func screen(
      _ address: UInt64, _ pitch: UInt32, _ width: UInt32, _ height: UInt32, _ bits: UInt8, _ type: UInt8,
      _ colours: [UInt8] = []
    ) throws -> BootScreenDescription.Format? {
      var writer = Multiboot2Writer()
      writer.frameBuffer(
        address: address, pitch: pitch, width: width, height: height, bits: bits, type: type, colours: colours)
      writer.memoryMap([(0, 0x10_0000, 1)])
      return try Self.read(writer) { information in
        #expect(information.droppedCount == (information.screen == nil ? 1 : 0))
        return information.screen?.format
      }
    }
    #expect(try screen(0xb_8000, 160, 80, 25, 16, 2) == .text)
    #expect(try screen(0xa_0000, 320, 320, 200, 8, 0, [0, 0]) == .indexed)
    #expect(try screen(0xb_8000, 160, 80, 25, 16, 3) == nil)
    #expect(try screen(0, 160, 80, 25, 16, 2) == nil)
    #expect(try screen(0xb_8000, 159, 80, 25, 16, 2) == nil)
    #expect(try screen(0xb_8000, 160, 80, 0, 16, 2) == nil)
    #expect(try screen(0xb_8000, 160, 80, 25, 0, 2) == nil)
    #expect(try screen(.max - 100, 160, 80, 25, 16, 2) == nil)
    #expect(try screen(0xe000_0000, .max, .max, .max, 32, 1, [16, 8, 8, 8, 0, 8]) == nil)
    #expect(try screen(0xe000_0000, 4096, 1024, 768, 32, 1, [16, 8, 8, 8, 0, 8]) != nil)
    #expect(try screen(0xe000_0000, 4096, 1024, 768, 32, 1, [255, 8, 8, 8, 0, 8]) == nil)
    #expect(try screen(0xe000_0000, 4096, 1024, 768, 32, 1, [16, 8, 8, 0, 0, 8]) == nil)
    #expect(try screen(0xe000_0000, 2048, 1024, 768, 16, 1, [11, 5, 5, 6, 0, 5]) != nil)
    #expect(try screen(0xe000_0000, 2048, 1024, 768, 16, 1, [12, 5, 5, 6, 0, 5]) == nil)
  }

  @Test("Long texts are cut and marked")
  func longTexts() throws {
    func commandLine(_ count: Int) throws -> (Int, Bool) {
      var writer = Multiboot2Writer()
      writer.tag(1) { $0.put(text: String(repeating: "x", count: count)) }
      writer.memoryMap([(0, 0x10_0000, 1)])
      return try Self.read(writer) { ($0.commandLine.bytes.count, $0.commandLine.isCut) }
    }
    #expect(try commandLine(0) == (0, false))
    #expect(try commandLine(2048) == (2048, false))
    #expect(try commandLine(2049) == (2048, true))
    #expect(try commandLine(100_000) == (2048, true))
  }

  @Test("More modules than fit are counted, and empty ones left out")
  func modules() throws {
    var writer = Multiboot2Writer()
    for index in 0..<UInt32(40) {
      writer.tag(3) { tag in
        tag.put(index * 0x1000)
        tag.put(index == 5 ? index * 0x1000 : index * 0x1000 + 10)
        tag.put(text: "m")
      }
    }
    writer.memoryMap([(0, 0x10_0000, 1)])
    try Self.read(writer) { information in
      #expect(information.moduleCount == 32)
      #expect(information.droppedCount == 8)
      #expect(information.module(5) == 0x6000..<0x600a)
    }
  }

  @Test("Each kind of damage has its error, with the place")
  func errors() {
    let good = Multiboot2Writer.grub.bytes
    #expect(Self.error(good) == nil)
    #expect(Self.error([]) == .unreadable(address: Self.start))
    #expect(Self.error(good, at: 0x9004) == .badSignature(address: 0x9004))
    func damaged(_ place: Int, _ value: UInt32) -> [UInt8] {
      var bytes = good
      for index in 0..<4 { bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt32(index * 8)) }
      return bytes
    }
    #expect(Self.error(damaged(0, 15)) == .badSize(address: Self.start, stated: 15))
    #expect(Self.error(damaged(0, 0xffff_fff8)) == .badSize(address: Self.start, stated: 0xffff_fff8))
    #expect(Self.error(damaged(12, 7)) == .badSize(address: Self.start + 8, stated: 7))
    #expect(Self.error(damaged(12, 0x10_0000)) == .pastEnd(address: Self.start + 8))
    var writer = Multiboot2Writer()
    #expect(Self.error(writer.bytes) == .noMemory)
    writer.memoryMap([(0, 0x1000, 2)])
    #expect(Self.error(writer.bytes) == .noMemory)
    for entrySize in [0, 16, 20, 25] as [UInt32] {
      var bytes = Multiboot2Writer()
      bytes.tag(6) { tag in
        tag.put(entrySize)
        tag.put(UInt32(0))
        for _ in 0..<24 { tag.put(UInt8(0)) }
      }
      #expect(Self.error(bytes.bytes) == .badSize(address: Self.start + 8, stated: UInt64(entrySize)))
    }
  }

  @Test("A tag too short for what it should hold is an error", arguments: [3, 6, 8, 11, 12, 14, 15] as [UInt32])
  func shortTags(type: UInt32) {
    var writer = Multiboot2Writer()
    writer.tag(type) { $0.put(UInt16(1)) }
    writer.memoryMap([(0, 0x10_0000, 1)])
    #expect(Self.error(writer.bytes) == .badSize(address: Self.start + 8, stated: 10))
  }

  @Test("Larger entries of a newer memory map are read by their stated size")
  func largerEntries() throws {
    var writer = Multiboot2Writer()
    writer.memoryMap([(0, 0x10_0000, 1), (0x10_0000, 0x1000, 2)], entrySize: 40)
    try Self.read(writer) { #expect(regions($0.memoryMap).count == 2) }
  }

  @Test("Information that ends anywhere in memory, or states less than it has, is an error")
  func truncation() {
    let bytes = Multiboot2Writer.grub.bytes
    for count in 0..<bytes.count {
      #expect(Self.error(Array(bytes[..<count])) != nil, "\(count) bytes readable")
      var shorter = bytes
      for index in 0..<4 { shorter[index] = UInt8(truncatingIfNeeded: count >> (index * 8)) }
      #expect(Self.error(shorter) != nil, "\(count) bytes stated")
    }
  }

  @Test("Information at the end of the address space is an error, not an overflow")
  func highAddresses() {
    for start in [UInt64.max - 7, UInt64.max & ~0xfff, 1 << 52, (1 << 52) - 8] as [UInt64] {
      var writer = Multiboot2Writer()
      writer.tag(99) { $0.bytes = [UInt8](repeating: 0, count: 3) }
      let bytes = writer.bytes
      #expect(Self.error(bytes, at: start) != nil)
      let room = Int(truncatingIfNeeded: min(UInt64.max - start, 4096))
      #expect(Self.error(Array(bytes.prefix(room)), at: start) != nil)
    }
  }
}
