import Foundations
import PCI
import Testing

@Suite("PCIIdentifiers")
struct PCIIdentifierTests {
  @Test("Well-known devices have their names")
  func examples() {
    #expect(text(PCIIdentifiers.vendorName(0x8086)) == "Intel Corporation")
    #expect(text(PCIIdentifiers.deviceName(vendor: 0x8086, device: 0x100e)) == "82540EM Gigabit Ethernet Controller")
    #expect(text(PCIIdentifiers.className(0x01)) == "Mass storage controller")
    #expect(text(PCIIdentifiers.subclassName(0x01, 0x06)) == "SATA controller")
    #expect(text(PCIIdentifiers.interfaceName(0x01, 0x06, 0x01)) == "AHCI 1.0")
  }

  @Test("A name fits into a message")
  func message() {
    var message = Message()
    if let name = PCIIdentifiers.vendorName(0x1af4) { message.write(name) }
    #expect(message.bytes.count == "Red Hat, Inc.".utf8.count)
  }
}

private struct Text: TextSink {
  var bytes: [UInt8] = []
  mutating func write(_ bytes: Span<UInt8>) { for index in bytes.indices { self.bytes.append(bytes[index]) } }
}

/// The name as a string.
func text(_ name: PCIName?) -> String? {
  guard let name else { return nil }
  var text = Text()
  text.write(name)
  return String(decoding: text.bytes, as: UTF8.self)
}
