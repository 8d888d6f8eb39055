import DeviceModels
import Testing

@testable import PCI

/// How much of configuration space a function uses.
@Suite("Extended configuration space") struct UsedBytesTests {
  /// One function whose extended bytes answer in some way.
  private final class Space: PCIConfigurationAccess {
    enum Extended {
      case ones, first256Again, capabilities
    }

    private let isExpress: Bool
    private let baseClass: UInt32
    private let extended: Extended

    init(isExpress: Bool, baseClass: UInt32 = 2, _ extended: Extended) {
      (self.isExpress, self.baseClass, self.extended) = (isExpress, baseClass, extended)
    }

    func byteCount(of address: PCIAddress) -> Int { 4096 }

    func read(_ address: PCIAddress, at offset: Int, width: Int) -> UInt32 {
      var place = offset
      if offset >= 0x100 {
        switch extended {
        case .ones: return .max
        case .first256Again: place = offset & 0xff
        case .capabilities: return 0
        }
      }
      let word: UInt32
      switch place & ~3 {
      case 0: word = 0x1234_8086
      case 4: word = isExpress ? 0x10_0000 : 0
      case 8: word = baseClass << 24
      case 0x34: word = 0x40
      case 0x40: word = 0x10
      default: word = 0
      }
      return word >> UInt32(8 * (place & 3)) & (width == 4 ? .max : 1 << UInt32(8 * width) - 1)
    }

    func write(_ value: UInt32, to address: PCIAddress, at offset: Int, width: Int) {}
  }

  private func count(_ space: Space) throws -> Int {
    try #require(PCIFunction(space, PCIAddress(bus: 0, place: 0))).usedByteCount
  }

  @Test("Functions of PCI Express and host bridges may have extended bytes, unless these answer with nonsense")
  func counts() throws {
    #expect(try count(Space(isExpress: true, .capabilities)) == 4096)
    #expect(try count(Space(isExpress: true, .ones)) == 256)
    #expect(try count(Space(isExpress: true, .first256Again)) == 256)
    #expect(try count(Space(isExpress: false, .capabilities)) == 256)
    #expect(try count(Space(isExpress: false, baseClass: 6, .capabilities)) == 4096)
    #expect(try count(Space(isExpress: false, baseClass: 6, .ones)) == 256)
  }

  @Test("A bridge stands on the board that its capability names")
  func board() throws {
    let hardware = FunctionModel(0, vendor: 0x1b36, device: 0x0c, classCode: 0x060400, isBridge: true)
    hardware.add(0x0d, PCIVendorCapabilityModel.layout, length: 8) { model, place in
      model.set(place + 2, UInt16(0))
      model.set(place + 4, UInt32(0x0007_1b36))
    }
    let function = try FunctionTests.function(hardware)
    #expect(function.subsystemVendor == 0x1b36 && function.subsystemDevice == 7)
  }
}
