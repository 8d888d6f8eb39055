/// Writes the information that a Multiboot2 loader leaves. Source: Multiboot2 Specification 2.0, section 3.6.
struct Multiboot2Writer {
  private var body = ByteWriter()

  /// Adds a tag; the next begins at a multiple of eight.
  mutating func tag(_ type: UInt32, _ fill: (inout ByteWriter) -> Void) {
    var tag = ByteWriter()
    fill(&tag)
    body.put(type)
    body.put(UInt32(tag.bytes.count + 8))
    body.bytes += tag.bytes
    while body.bytes.count % 8 != 0 { body.put(UInt8(0)) }
  }

  mutating func memoryMap(_ entries: [(base: UInt64, count: UInt64, kind: UInt32)], entrySize: UInt32 = 24) {
    tag(6) { tag in
      tag.put(entrySize)
      tag.put(UInt32(0))
      for entry in entries {
        tag.put(entry.base)
        tag.put(entry.count)
        tag.put(entry.kind)
        for _ in 20..<entrySize { tag.put(UInt8(0)) }
      }
    }
  }

  mutating func frameBuffer(
    address: UInt64, pitch: UInt32, width: UInt32, height: UInt32, bits: UInt8, type: UInt8, colours: [UInt8]
  ) {
    tag(8) { tag in
      tag.put(address)
      for value in [pitch, width, height] { tag.put(value) }
      for value in [bits, type] + [0, 0] + colours { tag.put(value) }
    }
  }

  /// The whole structure, with its end tag.
  var bytes: [UInt8] {
    var whole = ByteWriter()
    whole.put(UInt32(body.bytes.count + 16))
    whole.put(UInt32(0))
    whole.bytes += body.bytes
    whole.put(UInt32(0))
    whole.put(UInt32(8))
    return whole.bytes
  }

  /// What GRUB 2.06 leaves on a UEFI machine with 512 MiB, all its tags.
  static var grub: Multiboot2Writer {
    var writer = Multiboot2Writer()
    writer.tag(21) { $0.put(UInt32(0x10_0000)) }
    writer.tag(1) { $0.put(text: "console=ttyS0 loglevel=7") }
    writer.tag(2) { $0.put(text: "GRUB 2.06-13+deb12u1") }
    writer.tag(3) { tag in
      tag.put(UInt32(0x80_0000))
      tag.put(UInt32(0x90_1234))
      tag.put(text: "initramfs")
    }
    writer.tag(4) { tag in
      tag.put(UInt32(639))
      tag.put(UInt32(523_264))
    }
    writer.tag(5) { tag in for value in [0x80, 1, 2] as [UInt32] { tag.put(value) } }
    writer.memoryMap([
      (0, 0x9_fc00, 1), (0x9_fc00, 0x400, 2), (0xf_0000, 0x1_0000, 2), (0x10_0000, 0x1fed_0000, 1),
      (0x1ffd_0000, 0x3_0000, 3), (0xb000_0000, 0x1000_0000, 2),
    ])
    writer.frameBuffer(
      address: 0xfd00_0000, pitch: 4096, width: 1024, height: 768, bits: 32, type: 1, colours: [16, 8, 8, 8, 0, 8])
    writer.tag(9) { tag in for value in [0, 64, 0] as [UInt32] { tag.put(value) } }
    writer.tag(10) { tag in for _ in 0..<20 { tag.put(UInt8(0)) } }
    writer.tag(12) { $0.put(UInt64(0x1f9e_c018)) }
    writer.tag(13) { tag in for _ in 0..<31 { tag.put(UInt8(3)) } }
    writer.tag(14) { tag in tag.bytes += Array("RSD PTR ".utf8) + [UInt8](repeating: 1, count: 12) }
    writer.tag(15) { tag in tag.bytes += Array("RSD PTR ".utf8) + [UInt8](repeating: 2, count: 28) }
    writer.tag(17) { tag in
      tag.put(UInt32(48))
      tag.put(UInt32(1))
      tag.bytes += [UInt8](repeating: 0, count: 96)
    }
    writer.tag(18) { _ in }
    writer.tag(20) { $0.put(UInt64(0x1e00_0000)) }
    return writer
  }
}

/// Writes what a PVH loader leaves. Source: Xen, public/arch-x86/hvm/start_info.h.
enum PVHWriter {
  static let start: UInt64 = 0x1000

  /// What QEMU leaves for a machine with 512 MiB and one module; the pieces follow each other from `start` on.
  static func qemu(version: UInt32 = 1, entries: [(UInt64, UInt64, UInt32)]? = nil) -> [UInt8] {
    let map =
      entries ?? [(0, 0x9_fc00, 1), (0x9_fc00, 0x400, 2), (0x10_0000, 0x1fed_0000, 1), (0x1ffd_0000, 0x3_0000, 2)]
    let modules = start + 56
    let memoryMap = modules + 32
    let commandLine = memoryMap + UInt64(map.count * 24)
    var writer = ByteWriter()
    for value in [0x336e_c578, version, 0, 1] { writer.put(value) }
    for value in [modules, commandLine, 0xf_5a40, memoryMap] { writer.put(value) }
    writer.put(UInt32(map.count))
    writer.put(UInt32(0))
    for value in [0x1f00_0000, 0x1234, 0, 0] as [UInt64] { writer.put(value) }
    for (base, count, kind) in map {
      writer.put(base)
      writer.put(count)
      writer.put(kind)
      writer.put(UInt32(0))
    }
    writer.put(text: "init=/bin/sh quiet")
    return writer.bytes
  }
}
