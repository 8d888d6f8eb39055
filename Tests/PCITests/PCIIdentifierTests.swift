import Foundations
import TestSupport
import Testing

@testable import PCI

@Suite("PCIIdentifiers")
struct PCIIdentifierTests {
  @Test("Well-known devices have their names")
  func examples() {
    #expect(text(PCIIdentifiers.vendorName(0x8086)) == "Intel Corporation")
    #expect(text(PCIIdentifiers.deviceName(vendor: 0x8086, device: 0x100e)) == "82540EM Gigabit Ethernet Controller")
    #expect(
      text(
        PCIIdentifiers.subsystemName(vendor: 0x8086, device: 0x100e, subsystemVendor: 0x1af4, subsystemDevice: 0x1100))
        == "QEMU Virtual Machine")
    #expect(text(PCIIdentifiers.className(0x01)) == "Mass storage controller")
    #expect(text(PCIIdentifiers.subclassName(0x01, 0x06)) == "SATA controller")
    #expect(text(PCIIdentifiers.interfaceName(0x01, 0x06, 0x01)) == "AHCI 1.0")
  }

  @Test("A name beyond ASCII is written as UTF-8, and one can be written into a message")
  func message() throws {
    #expect(text(PCIIdentifiers.vendorName(0x15cf)) == "Hilscher Gesellschaft für Systemautomation mbH")
    var message = Message()
    message.write(try #require(PCIIdentifiers.vendorName(0x1af4)))
    let isSame = message.bytes.count == "Red Hat, Inc.".utf8.count
    #expect(isSame)
  }

  @Test("Tables of random bytes give wrong names or none, and never trap")
  func damage() {
    var random = SeededGenerator(seed: 7)
    func column(_ count: Int) -> String {
      String(decoding: (0..<count).map { _ in UInt8.random(in: 0...0x7f, using: &random) }, as: UTF8.self)
    }
    var names = 0
    for _ in 0..<2_000 {
      let size = Int.random(in: 0...600, using: &random)
      let table = PCIIdentifierTable(
        vendors: column(size), devices: column(size), subsystemGroups: column(size), subsystems: column(size),
        classes: column(size), texts: column(size), wordStarts: column(size), words: column(size))
      for _ in 0..<20 {
        let vendor = UInt16.random(in: 0...UInt16.max, using: &random)
        let device = UInt16.random(in: 0...UInt16.max, using: &random)
        let found = [
          table.vendorName(vendor), table.deviceName(vendor: vendor, device: device),
          table.subsystemName(vendor: vendor, device: device, subsystemVendor: device, subsystemDevice: vendor),
          table.className(UInt8(truncatingIfNeeded: vendor)), PCIName(place: Int(device) % (size + 1)),
        ]
        for name in found where text(name, in: table)?.isEmpty == false { names += 1 }
      }
    }
    #expect(names > 1_000)
  }
}
