/// An archive that a guest's kernel unpacks behind its initial file system.
///
/// Source: Linux, Documentation/driver-api/early-userspace/buffer-format.rst, "newc".
struct CpioArchive {
  private var content: [UInt8] = []
  private var inode = 0

  /// The whole archive, with its end.
  var bytes: [UInt8] {
    var ended = self
    ended.add("TRAILER!!!", [], mode: 0)
    return ended.content
  }

  /// Adds a file, by its path without the first slash.
  mutating func add(_ path: String, _ file: [UInt8], mode: Int = 0o100_644) {
    inode += 1
    // The inode, mode, owner, group, links, time, size, device, special device, length of the name and checksum.
    let fields = [inode, mode, 0, 0, 1, 0, file.count, 0, 0, 0, 0, path.utf8.count + 1, 0]
    content += Array("070701".utf8)
    for field in fields {
      let digits = String(field, radix: 16)
      content += Array((String(repeating: "0", count: 8 - digits.count) + digits).utf8)
    }
    content += Array(path.utf8) + [0]
    align()
    content += file
    align()
  }

  private mutating func align() {
    while content.count % 4 != 0 { content.append(0) }
  }

  /// Puts the archive behind `base`, as a file that QEMU can load.
  func appended(to base: [UInt8]) -> [UInt8] {
    base + [UInt8](repeating: 0, count: (4 - base.count % 4) % 4) + bytes
  }
}
