import Foundations
import Machine

/// Registers in memory: reached where they are, and nothing else is.
enum DeviceMemoryTests {
  private static let bios: Range<UInt64> = 0xfffc_0000..<0x1_0000_0000

  static func register(_ registrar: inout TestRegistrar) {
    registrar.test("device-memory.the-kernels-memory-is-refused") { () throws(TestFailure) in
      try refuse(0x10_0000..<0x10_1000, .EPERM)
      try refuse(0xff_f000..<0x100_1000, .EPERM)
      try refuse(0x9_0000..<0x9_0001, .EPERM)
    }
    registrar.test("device-memory.interrupt-controllers-are-refused") { () throws(TestFailure) in
      try refuse(0xfee0_0000..<0xfee0_1000, .EPERM)
      try refuse(0xfed0_0000..<0xfef0_0000, .EPERM)
    }
    registrar.test("device-memory.nonsense-is-refused") { () throws(TestFailure) in
      try refuse(0xe000_0000..<0xe000_0000, .EINVAL)
      try refuse(UInt64.max - 8..<UInt64.max, .EINVAL)
    }
    registrar.test("device-memory.firmware-is-readable") { () throws(TestFailure) in
      let space: DeviceSpace
      do throws(Errno) {
        space = try DeviceSpace.map(bios, caching: .writeBack)
      } catch {
        throw TestFailure(reason: "error \(error.rawValue)")
      }
      // The CPU starts 16 bytes below 4 GiB, with a jump.
      let reset = space.read8(at: space.count - 16)
      try expect(reset == 0xea || reset == 0xe9 || reset == 0x90 || reset == 0x0f, "no jump but \(hex: UInt64(reset))")
      try expect(space.read32(at: space.count - 3) == .max, "a read past the end reads something")
      try expect(space.read8(at: -1) == .max, "a read before the start reads something")
      try refuse(bios, .EBUSY)
    }
  }

  private static func refuse(_ range: Range<UInt64>, _ expected: Errno) throws(TestFailure) {
    var found: Errno?
    do throws(Errno) { _ = try DeviceSpace.map(range) } catch { found = error }
    try expect(found == expected, "\(hex: range.lowerBound) gives error \(found?.rawValue ?? 0)")
  }
}
