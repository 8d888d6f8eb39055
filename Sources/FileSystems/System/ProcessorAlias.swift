import Foundations
import Processors
import SyntheticFiles

/// What modprobe(8) would look for to serve a processor: its maker, family, model and features. Source: Linux
/// Documentation/ABI/testing/sysfs-devices-system-cpu, and the names of modules of processors: `cpu:type:x86,venVVVVfamFFFFmodMMMM:feature:`
/// and the numbers of the features, each behind a comma.
struct ProcessorAlias {
  private let vendor: UInt64
  private let family: UInt64
  private let model: UInt64
  private let words: InlineArray<22, UInt32>

  init(_ record: ProcessorRecord) {
    (vendor, words) = (Self.number(of: record.identity.vendor), record.features.words)
    (family, model) = (UInt64(record.identity.family), UInt64(record.identity.model))
  }

  /// Linux's numbers of makers, `X86_VENDOR_` of asm/processor.h.
  private static func number(of vendor: ProcessorVendor) -> UInt64 {
    switch vendor {
    case .intel: 0
    case .amd: 2
    case .centaur: 5
    case .transmeta: 7
    case .hygon: 9
    case .zhaoxin: 10
    case .other: 0xff
    }
  }

  func write(to text: inout TextBuffer) {
    text.write("cpu:type:x86,ven")
    text.write(upperHex: vendor, width: 4)
    text.write("fam")
    text.write(upperHex: family, width: 4)
    text.write("mod")
    text.write(upperHex: model, width: 4)
    text.write(":feature:")
    for word in words.indices {
      for bit in 0..<32 where words[word] & 1 << UInt32(bit) != 0 {
        text.write(",")
        text.write(upperHex: UInt64(word << 5 | bit), width: 4)
      }
    }
  }
}
