import Foundations
import Testing

@testable import Machine

/// Maps zeroed pages in one range, and nothing elsewhere.
private final class StringSpace: PageFaultHandler {
  var table: UserPageTable
  let range: Range<UInt64>

  init(_ table: consuming UserPageTable, _ range: Range<UInt64>) {
    self.table = table
    self.range = range
    super.init()
  }

  override func resolve(address: UInt64, access: PageFaultAccess) -> Bool {
    guard range.contains(address) else { return false }
    do throws(Errno) {
      try table.map(UserFrame.allocate(isZeroed: true), at: address & ~4095, [.read, .write])
      return true
    } catch {
      return error == .EEXIST
    }
  }
}

@Suite("UserString", .serialized)
struct UserStringTests {
  private static let base: UInt64 = 0x5fff_ffff_0000
  private static let byteCount = 3 * 4096
  private static var end: UInt64 { base + UInt64(byteCount) }

  private static func withSpace(_ body: () throws -> Void) throws {
    try SimulatedMemory.exclusive {
      SimulatedProcessor.reset(.fourLevel, hasIdentifiers: false)
      let space = StringSpace(try UserPageTable(), base..<end)
      CurrentAddressSpace.activate(space.table, handler: space)
      defer { CurrentAddressSpace.leave() }
      try body()
    }
  }

  /// Puts `length` letters and a zero byte at `address`.
  private static func store(_ length: Int, at address: UInt64) throws -> [UInt8] {
    let letters = (0..<length).map { UInt8(97 + $0 % 26) }
    try UserMemory.copyOut((letters + [0]).span, to: address)
    return letters
  }

  private static func read(_ address: UInt64, limit: Int) throws(Errno) -> [UInt8] {
    try UserString(address).withBytes(limit: limit) { bytes in bytes.indices.map { bytes[$0] } }
  }

  @Test("texts of every length up to the limit are read whole, and longer ones refused")
  func lengths() throws {
    try Self.withSpace {
      for length in [0, 1, 2, 254, 255, 256, 257, 300, 1_000, 4_094, 4_095] {
        let letters = try Self.store(length, at: Self.base + 1)
        #expect(try Self.read(Self.base + 1, limit: 4_096) == letters, "\(length)")
        #expect(try Self.read(Self.base + 1, limit: length + 1) == letters, "\(length)")
        if length > 0 {
          #expect(throws: Errno.ENAMETOOLONG) { try Self.read(Self.base + 1, limit: length) }
        }
      }
      _ = try Self.store(4_096, at: Self.base)
      #expect(throws: Errno.ENAMETOOLONG) { try Self.read(Self.base, limit: 4_096) }
    }
  }

  @Test("a text that ends just before a hole is read, one that runs into it is EFAULT")
  func holes() throws {
    try Self.withSpace {
      for length in [0, 10, 255, 256, 2_000] {
        let address = Self.end - UInt64(length) - 1
        let letters = try Self.store(length, at: address)
        #expect(try Self.read(address, limit: 4_096) == letters)
        try UserMemory.copyOut([UInt8(97)].span, to: Self.end - 1)
        #expect(throws: Errno.EFAULT) { try Self.read(address, limit: 4_096) }
      }
      #expect(throws: Errno.EFAULT) { try Self.read(0, limit: 4_096) }
      #expect(throws: Errno.EFAULT) { try Self.read(.max, limit: 4_096) }
      #expect(throws: Errno.EFAULT) { try Self.read(0x6000_0000_0000, limit: 16) }
    }
  }

  @Test("what the body throws comes out as it is, and the body runs once")
  func failures() throws {
    try Self.withSpace {
      for length in [10, 1_000] {
        _ = try Self.store(length, at: Self.base)
        var runs = 0
        #expect(throws: Errno.ENAMETOOLONG) {
          try UserString(Self.base).withBytes(limit: 4_096) { bytes throws(Errno) in
            runs += 1
            if bytes.count == length { throw .ENAMETOOLONG }
          }
        }
        #expect(runs == 1)
      }
    }
  }
}
