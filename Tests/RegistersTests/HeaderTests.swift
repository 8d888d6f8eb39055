import Foundation
import Testing

/// The CPUID spec against a table that somebody else wrote: the compiler's own `cpuid.h`.
@Suite("CPUID against the compiler's header")
struct HeaderTests {
  /// A bit as the header has it.
  struct Bit: Hashable {
    let leaf: UInt64
    let subleaf: UInt64
    let output: String
    let name: String
    let mask: UInt64
  }

  /// The newest `cpuid.h` of the toolchain that runs the tests, or of a compiler in the usual places.
  static func header() throws -> String {
    let manager = FileManager.default
    var roots = ["/usr/lib/clang", "/usr/lib/llvm/lib/clang"]
    // The toolchain lies wherever its `swift` was found.
    for folder in (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":") {
      let swift = URL(filePath: "\(folder)/swift").resolvingSymlinksInPath()
      if manager.isExecutableFile(atPath: swift.path) {
        roots.insert(
          swift.deletingLastPathComponent().deletingLastPathComponent().appending(path: "lib/clang").path, at: 0)
      }
    }
    for root in roots {
      for version in ((try? manager.contentsOfDirectory(atPath: root)) ?? []).sorted().reversed() {
        let file = "\(root)/\(version)/include/cpuid.h"
        if let text = try? String(contentsOfFile: file, encoding: .utf8) { return text }
      }
    }
    throw CocoaError(.fileNoSuchFile)
  }

  /// The bits that `text` defines, under its comments such as `Features in %ecx for leaf 7 sub-leaf 0`.
  static func bits(_ text: String) -> [Bit] {
    var bits: [Bit] = []
    var place: (leaf: UInt64, subleaf: UInt64, output: String)?
    for line in text.split(separator: "\n") {
      if let match = line.firstMatch(
        of: /Features in %(e[abcd]x) for leaf (0x[0-9a-fA-F]+|[0-9]+)(?: sub-leaf ([0-9]+))?/)
      {
        let leaf = match.2.hasPrefix("0x") ? UInt64(match.2.dropFirst(2), radix: 16) : UInt64(match.2)
        place = (leaf ?? 0, match.3.flatMap { UInt64($0) } ?? 0, String(match.1))
      } else if let place, let match = line.firstMatch(of: /#define bit_([A-Za-z0-9_]+) +0x([0-9a-fA-F]+)/) {
        let mask = UInt64(match.2, radix: 16) ?? 0
        bits.append(
          Bit(leaf: place.leaf, subleaf: place.subleaf, output: place.output, name: String(match.1), mask: mask))
      }
    }
    return bits
  }

  @Test("Every bit of the header's leaves is in the spec, in the same place under the same name")
  func agree() throws {
    let bits = Self.bits(try Self.header())
    #expect(bits.count > 120, "the header does not look as it did")
    let spec = try SpecTable(file: "Specs/registers/cpuid.json")
    let leaves = Set(spec.registers.compactMap { $0.number("leaf") })
    for bit in bits where leaves.contains(bit.leaf) {
      let register = spec.registers.first {
        $0.number("leaf") == bit.leaf && ($0.number("subleaf") ?? 0) == bit.subleaf
          && $0.json["output"] as? String == bit.output
      }
      let fields = try #require(register, "no register for leaf \(bit.leaf).\(bit.subleaf) \(bit.output)").fields
      let field = fields.first { $0.json["mnemonic"] as? String == bit.name }
      // clang 21 gives PKU the bit of UMIP; Intel SDM vol. 2A, table 3-8, and gcc's header have bit 3.
      let mask = bit.name == "PKU" && bit.mask == 1 << 2 ? 1 << 3 : bit.mask
      #expect(field?.mask == mask, "bit_\(bit.name) of leaf \(bit.leaf).\(bit.subleaf) \(bit.output)")
    }
  }

  @Test("Every mnemonic of the spec is one of the header's")
  func noneInvented() throws {
    let names = Set(Self.bits(try Self.header()).map(\.name))
    let spec = try SpecTable(file: "Specs/registers/cpuid.json")
    let mnemonics = spec.registers.flatMap { $0.fields.compactMap { $0.json["mnemonic"] as? String } }
    #expect(mnemonics.count > 120)
    for mnemonic in mnemonics { #expect(names.contains(mnemonic), "\(mnemonic)") }
  }
}
