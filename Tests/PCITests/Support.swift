import Foundations

@testable import PCI

/// Collects text.
private struct Text: TextSink {
  var bytes: [UInt8] = []
  mutating func write(_ bytes: Span<UInt8>) { for index in bytes.indices { self.bytes.append(bytes[index]) } }
}

/// The name as a string, nil for no name.
func text(_ name: PCIName?, in table: PCIIdentifierTable = .standard) -> String? {
  guard let name else { return nil }
  var text = Text()
  table.write(name, to: &text)
  return String(decoding: text.bytes, as: UTF8.self)
}
