import Foundations
import KernelEvents
import Machine
import SyntheticFiles
import VirtualMemory

/// /sys/kernel. Source: Linux Documentation/admin-guide/mm/transhuge.rst, and Documentation/ABI/testing/sysfs-uevent for the
/// number of the last event.
extension SystemFileSystem {
  func addSettings(to kernel: SyntheticDirectory) throws(Errno) {
    let huge = try add("transparent_hugepage", to: try add("mm", to: kernel))
    try huge.add(
      "enabled", permissions: 0o644,
      { text in
        switch AddressSpace.hugePages {
        case .always: text.write("[always] madvise never\n")
        case .advised: text.write("always [madvise] never\n")
        case .never: text.write("always madvise [never]\n")
        }
      },
      accepts: { (text: Span<UInt8>) throws(Errno) in
        if Self.isWord(text, "always") {
          AddressSpace.hugePages = .always
        } else if Self.isWord(text, "madvise") {
          AddressSpace.hugePages = .advised
        } else if Self.isWord(text, "never") {
          AddressSpace.hugePages = .never
        } else {
          throw .EINVAL
        }
      })
    try huge.addNumber("hpage_pmd_size", 2 << 20)
    try kernel.add("uevent_seqnum") { text in
      text.write(decimal: KernelEvents.sequenceNumber)
      text.write("\n")
    }
  }

  /// Whether `text` is `word`, perhaps with a newline behind it.
  private static func isWord(_ text: Span<UInt8>, _ word: String) -> Bool {
    let end = text.count > 0 && text[text.count - 1] == 0x0a ? text.count - 1 : text.count
    return text.extracting(0..<end).isEqual(to: word)
  }
}
