import ACPI
import Foundations
import Testing

/// How fields reach the machine: which addresses, how wide, in which order.
@Suite("AML regions")
struct RegionTests {
  private typealias Access = TestHost.Access

  @Test("Accesses are as wide as the field says, and keep, set or clear what is beside it")
  func widths() throws {
    let firmware = try Firmware(
      """
      OperationRegion (MEMA, SystemMemory, 0x1000, 0x40)
      Field (MEMA, WordAcc, NoLock, Preserve) { , 4, FLDA, 20 }
      Field (MEMA, DWordAcc, NoLock, WriteAsOnes) { Offset (8), FLDB, 8, , 24 }
      Field (MEMA, ByteAcc, NoLock, WriteAsZeros) { Offset (16), , 4, FLDC, 8 }
      Field (MEMA, QWordAcc, NoLock, Preserve) { Offset (24), FLDD, 64 }
      OperationRegion (PRTA, SystemIO, 0x600, 4)
      Field (PRTA, WordAcc, NoLock, Preserve) { CTRL, 16 }
      Method (SETA) { FLDA = 0x12345 }
      Method (SETB) { FLDB = 0x5A }
      Method (SETC) { FLDC = 0xFF }
      Method (SETD) { FLDD = 0x1122334455667788 }
      Method (GETD) { Return (FLDD) }
      Method (OFFA) { CTRL = 0x2000 }
      """)
    firmware.host.isRecording = true
    func accesses(_ method: String) -> [Access] {
      firmware.host.accesses = []
      _ = firmware.value(method)
      return firmware.host.accesses
    }
    let memory = AMLAddressSpace.systemMemory
    firmware.host.memory[0x1000] = 0x0f
    #expect(
      accesses("\\SETA") == [
        Access(space: memory, address: 0x1000, width: 2),
        Access(space: memory, address: 0x1000, width: 2, value: 0x345f),
        Access(space: memory, address: 0x1002, width: 2), Access(space: memory, address: 0x1002, width: 2, value: 0x12),
      ])
    #expect(accesses("\\SETB") == [Access(space: memory, address: 0x1008, width: 4, value: 0xffff_ff5a)])
    #expect(
      accesses("\\SETC") == [
        Access(space: memory, address: 0x1010, width: 1, value: 0xf0),
        Access(space: memory, address: 0x1011, width: 1, value: 0x0f),
      ])
    #expect(accesses("\\SETD") == [Access(space: memory, address: 0x1018, width: 8, value: 0x1122_3344_5566_7788)])
    #expect(accesses("\\GETD") == [Access(space: memory, address: 0x1018, width: 8)])
    #expect(accesses("\\OFFA") == [Access(space: .systemIO, address: 0x600, width: 2, value: 0x2000)])
  }

  @Test("Index and bank registers are written before the data, with offsets in the units of the access")
  func indexed() throws {
    let firmware = try Firmware(
      """
      OperationRegion (PRTA, SystemIO, 0x70, 4)
      Field (PRTA, ByteAcc, NoLock, Preserve) { IDXA, 8, DATA, 8, BNKA, 8 }
      IndexField (IDXA, DATA, ByteAcc, NoLock, Preserve) { Offset (0x32), CENT, 8, WIDE, 16 }
      BankField (PRTA, BNKA, 7, ByteAcc, NoLock, Preserve) { Offset (3), BKFA, 8 }
      Method (GETC) { Return (CENT) }
      Method (SETW) { WIDE = 0x1234 }
      Method (SETB) { BKFA = 9 }
      """)
    firmware.host.isRecording = true
    let port = AMLAddressSpace.systemIO
    _ = firmware.value("\\GETC")
    #expect(
      firmware.host.accesses == [
        Access(space: port, address: 0x70, width: 1, value: 0x32), Access(space: port, address: 0x71, width: 1),
      ])
    firmware.host.accesses = []
    _ = firmware.value("\\SETW")
    #expect(
      firmware.host.accesses == [
        Access(space: port, address: 0x70, width: 1, value: 0x33),
        Access(space: port, address: 0x71, width: 1, value: 0x34),
        Access(space: port, address: 0x70, width: 1, value: 0x34),
        Access(space: port, address: 0x71, width: 1, value: 0x12),
      ])
    firmware.host.accesses = []
    _ = firmware.value("\\SETB")
    #expect(
      firmware.host.accesses == [
        Access(space: port, address: 0x72, width: 1, value: 7), Access(space: port, address: 0x73, width: 1, value: 9),
      ])
  }

  @Test("A PCI region's function comes from _ADR, _BBN, _SEG and the bridges in between")
  func pci() throws {
    let firmware = try Firmware(
      """
      Scope (\\_SB) {
        Device (PCI0) {
          Name (_HID, EISAID ("PNP0A08"))
          Method (_BBN) { Return (0x20) }
          Name (_SEG, 3)
          Device (DEVA) {
            Name (_ADR, 0x001F0002)
            OperationRegion (CFGA, PCI_Config, 0x40, 0x10)
            Field (CFGA, DWordAcc, NoLock, Preserve) { REGA, 32 }
          }
          Device (BRGA) {
            Name (_ADR, 0x00010000)
            Device (BRGB) {
              Name (_ADR, 0x00020000)
              Device (DEVB) {
                Method (_ADR) { Return (0x00030001) }
                OperationRegion (CFGB, PCI_Config, 0, 0x100)
                Field (CFGB, ByteAcc, NoLock, Preserve) { Offset (0x10), REGB, 8 }
              }
            }
          }
        }
        Device (NROT) {
          Name (_ADR, 0x00050000)
          OperationRegion (CFGC, PCI_Config, 0, 0x100)
          Field (CFGC, ByteAcc, NoLock, Preserve) { REGC, 8 }
        }
      }
      Method (SETA) { \\_SB.PCI0.DEVA.REGA = 0x12345678 }
      Method (SETB) { \\_SB.PCI0.BRGA.BRGB.DEVB.REGB = 0x77 }
      Method (SETC) { \\_SB.NROT.REGC = 0x66 }
      """)
    // Both bridges: header type 1, secondary buses 0x21 and 0x25.
    firmware.host.configuration["3:32:1.0+14"] = 0x81
    firmware.host.configuration["3:32:1.0+25"] = 0x21
    firmware.host.configuration["3:33:2.0+14"] = 0x01
    firmware.host.configuration["3:33:2.0+25"] = 0x25
    for method in ["SETA", "SETB", "SETC"] { #expect(!firmware.value("\\\(method)").hasPrefix("AE_")) }
    #expect(firmware.host.configuration["3:32:31.2+64"] == 0x78)
    #expect(firmware.host.configuration["3:32:31.2+67"] == 0x12)
    #expect(firmware.host.configuration["3:37:3.1+16"] == 0x77)
    #expect(firmware.host.configuration["0:0:5.0+0"] == 0x66)
  }

  @Test("Spaces without a handler are refused, and so are fields behind the end of a region")
  func refused() throws {
    let firmware = try Firmware(
      """
      OperationRegion (ECRA, EmbeddedControl, 0, 0x10)
      Field (ECRA, ByteAcc, NoLock, Preserve) { ECFA, 8 }
      OperationRegion (SMBA, SMBus, 0, 0x10)
      Field (SMBA, BufferAcc, NoLock, Preserve) { AccessAs (BufferAcc, AttribByte), SMFA, 8 }
      OperationRegion (OWNA, 0x80, 0, 0x10)
      Field (OWNA, ByteAcc, NoLock, Preserve) { OWFA, 8 }
      OperationRegion (MEMA, SystemMemory, 0xFFFFFFFFFFFFFFFE, 8)
      Field (MEMA, ByteAcc, NoLock, Preserve) { , 16, OVER, 8 }
      OperationRegion (MEMB, SystemMemory, 0x1000, 2)
      Field (MEMB, ByteAcc, NoLock, Preserve) { , 16, ENDA, 8 }
      Field (MEMB, DWordAcc, NoLock, Preserve) { WIDE, 8 }
      """)
    func error(_ path: String) -> AMLError? {
      do {
        _ = try firmware.interpreter.evaluate(try firmware.node(path))
        return nil
      } catch { return error as? AMLError }
    }
    #expect(error("\\ECFA") == .noHandler(space: 3))
    #expect(error("\\SMFA") == .noHandler(space: 4))
    #expect(error("\\OWFA") == .noHandler(space: 0x80))
    #expect(error("\\OVER") == .regionLimit)
    #expect(error("\\ENDA") == .regionLimit)
    #expect(error("\\WIDE") == nil)
    firmware.interpreter.isForgiving = false
    #expect(error("\\WIDE") == .regionLimit)
  }

  @Test("A locked field takes the global lock once around its accesses, waits for the firmware, and gives it back")
  func globalLock() throws {
    let firmware = try Firmware(
      """
      OperationRegion (MEMA, SystemMemory, 0x1000, 8)
      Field (MEMA, ByteAcc, Lock, Preserve) { FLDA, 32 }
      Method (TWIC) { Acquire (\\_GL, 0xFFFF) FLDA = 5 Release (\\_GL) Return (FLDA) }
      """)
    firmware.host.busyLocks = 3
    #expect(firmware.value("\\FLDA") == "0x0")
    #expect(firmware.host.lockCount == 1 && firmware.host.lockDepth == 0)
    #expect(firmware.host.microseconds == 300)
    #expect(firmware.value("\\TWIC") == "0x5")
    #expect(firmware.host.lockCount == 3 && firmware.host.lockDepth == 0)
    firmware.host.busyLocks = 1 << 20
    #expect(firmware.value("\\FLDA") == acpicaName(.accessRefused))
    #expect(firmware.host.lockDepth == 0)
  }

  @Test("Data table regions read a listed table; Load, LoadTable and Unload bring and remove names")
  func tables() throws {
    let firmware = try Firmware(
      """
      Method (OEMR) {
        DataTableRegion (TABA, "OEM1", "", "")
        Field (TABA, ByteAcc, NoLock, Preserve) { Offset (36), FLDA, 32 }
        Return (FLDA)
      }
      Name (HAND, 0)
      Method (LDTB) { Local0 = LoadTable ("OEM2", "", "", "\\\\_SB", "", "") CopyObject (Local0, HAND) Return (ObjectType (Local0)) }
      Method (NONE) { Return (LoadTable ("NONE", "", "")) }
      Method (CALL) { External (\\_SB.ADDE, MethodObj) Return (\\_SB.ADDE ()) }
      Method (UNLD) { Unload (HAND) }
      OperationRegion (MEMA, SystemMemory, 0x8000, 0x100)
      Name (DDBH, 0)
      Method (LDRG) { Load (MEMA, DDBH) Return (ADDE ()) External (ADDE, MethodObj) }
      """)
    // Method (ADDE) { Return (0x2A) }
    let code = RandomCode.package([0x14], Array("ADDE".utf8) + [0x00, 0xa4, 0x0a, 0x2a])
    firmware.host.tables = [
      TableBuilder.table("OEM1", [0x11, 0x22, 0x33, 0x44]),
      TableBuilder.table("OEM2", code),
    ]
    #expect(firmware.value("\\OEMR") == "0x44332211")
    #expect(firmware.value("\\NONE") == "0x0")
    #expect(firmware.value("\\LDTB") == "0xf")
    #expect(firmware.value("\\CALL") == "0x2a")
    #expect(firmware.interpreter.find("\\_SB.ADDE") != nil)
    #expect(!firmware.value("\\UNLD").hasPrefix("AE_"))
    #expect(firmware.interpreter.find("\\_SB.ADDE") == nil)
    #expect(firmware.value("\\CALL") == "AE_NOT_FOUND")
    #expect(firmware.value("\\LDRG") == acpicaName(.badTable))
    for (index, byte) in TableBuilder.table("SSDT", code).enumerated() {
      firmware.host.memory[0x8000 + UInt64(index)] = byte
    }
    #expect(firmware.value("\\LDRG") == "0x2a")
    #expect(firmware.interpreter.find("\\ADDE") != nil)
  }
}
