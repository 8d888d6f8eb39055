import Testing

@testable import Machine

@Suite("UserSpace", .serialized)
struct UserSpaceTests {
  /// Addresses at which something begins or ends.
  private static let edges: [UInt64] = [
    0, 0x6000_0000_0000, 0x7000_0000_0000, 0x7fff_ffff_f000, 0x8000_0000_0000, 0x00ff_ffff_ffff_f000,
    0x0100_0000_0000_0000, 0xffff_8000_0000_0000, 0xffff_c000_0000_0000,
  ]

  @Test(
    "A range is a program's when each of its bytes is, on one side of the window",
    arguments: [
      PagingMode.fourLevel, .fiveLevel,
    ])
  func ranges(mode: PagingMode) {
    SimulatedMemory.exclusive {
      PagingMode.set(mode)
      defer { PagingMode.set(.fourLevel) }
      let end: UInt64 = mode == .fourLevel ? 0x7fff_ffff_f000 : 0x00ff_ffff_ffff_f000
      func isUser(_ address: UInt64) -> Bool {
        address < end && !(0x6000_0000_0000..<0x7000_0000_0000).contains(address)
      }
      for edge in Self.edges {
        for start in [edge &- 2, edge &- 1, edge, edge &+ 1] {
          #expect(UserSpace.contains(start) == isUser(start))
          for count in [1, 2, 3, 4096] as [UInt64] {
            let isInside =
              (0..<min(count, 8)).allSatisfy { isUser(start &+ $0) } && isUser(start &+ (count - 1))
              && start &+ (count - 1) >= start
            #expect(UserSpace.contains(start, byteCount: count) == isInside, "\(start) + \(count)")
          }
          #expect(!UserSpace.contains(start, byteCount: .max &- start &+ 1) || start == 0)
        }
      }
      #expect(!UserSpace.contains(0, byteCount: end))
      #expect(UserSpace.contains(0, byteCount: 0x6000_0000_0000))
      #expect(!UserSpace.contains(0, byteCount: 0x6000_0000_0001))
      #expect(!UserSpace.contains(1, byteCount: .max))
      #expect(!UserSpace.contains(.max, byteCount: .max))
    }
  }
}
