import Foundations
import PCI

enum PCITests {
  static func register(_ registrar: inout TestRegistrar) {
    registrar.test("pci.names-are-in-the-image") { () throws(TestFailure) in
      try check(PCIIdentifiers.vendorName(0x8086), "Intel Corporation")
      try check(PCIIdentifiers.deviceName(vendor: 0x8086, device: 0x100e), "82540EM Gigabit Ethernet Controller")
      try check(PCIIdentifiers.subclassName(0x01, 0x06), "SATA controller")
    }
    registrar.test("pci.unknown-devices-have-no-name") { () throws(TestFailure) in
      try expect(PCIIdentifiers.deviceName(vendor: 0x8086, device: 0xffff) == nil, "8086:ffff has a name")
    }
  }

  private static func check(_ name: PCIName?, _ expected: String) throws(TestFailure) {
    guard let name else { throw TestFailure(reason: "\(expected) is not found") }
    var found = Message()
    found.write(name)
    try expect(found.bytes.isEqual(to: expected), "found \(found), not \(expected)")
  }
}
