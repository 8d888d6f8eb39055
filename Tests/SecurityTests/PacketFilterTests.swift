import Foundations
import Testing

@testable import Security

@Suite("Filters of packets")
struct PacketFilterTests {
  private typealias Instruction = (code: UInt16, yes: UInt8, no: UInt8, constant: UInt32)

  private func make(_ program: [Instruction]) throws -> PacketFilter {
    let raw = program.map { RawFilterInstruction(code: $0.code, yes: $0.yes, no: $0.no, constant: $0.constant) }
    return try PacketFilter(raw.span)
  }

  private func run(_ program: [Instruction], _ packet: [UInt8]) throws -> Int {
    try make(program).keptCount(of: packet.count) { packet[$0] }
  }

  private static let packet: [UInt8] = [0x45, 2, 3, 4, 5, 6, 7, 8] + [UInt8](repeating: 9, count: 92)

  /// What `load` loads, as far as a count of bytes can tell it.
  private func loaded(_ load: [Instruction]) throws -> Int {
    try run(load + [(0x54, 0, 0, 0x3f), (0x16, 0, 0, 0)], Self.packet)
  }

  @Test("bytes are loaded in network order, directly, by the index, and from behind a header")
  func loads() throws {
    #expect(try loaded([(0x20, 0, 0, 1)]) == 5)
    #expect(try loaded([(0x20, 0, 0, 1), (0x74, 0, 0, 24)]) == 2)
    #expect(try loaded([(0x28, 0, 0, 2)]) == 4)
    #expect(try loaded([(0x28, 0, 0, 2), (0x74, 0, 0, 8)]) == 3)
    #expect(try loaded([(0x30, 0, 0, 7)]) == 8)
    #expect(try loaded([(0x01, 0, 0, 3), (0x50, 0, 0, 1)]) == 5)
    #expect(try loaded([(0x01, 0, 0, 3), (0x48, 0, 0, 1)]) == 6)
    #expect(try loaded([(0x01, 0, 0, 3), (0x40, 0, 0, 1)]) == 8)
    // Four times five.
    #expect(try loaded([(0xb1, 0, 0, 0), (0x87, 0, 0, 0)]) == 20)
    #expect(try loaded([(0x80, 0, 0, 0), (0x94, 0, 0, 64)]) == 36)
    #expect(try loaded([(0x81, 0, 0, 0), (0x87, 0, 0, 0), (0x94, 0, 0, 30)]) == 10)
  }

  @Test("a load from outside drops the packet, and no offset traps")
  func outside() throws {
    for offset in [97, 98, 99, 100, 0x7fff_ffff, 0x8000_0000, 0xffff_efff] as [UInt32] {
      #expect(try run([(0x20, 0, 0, offset), (0x06, 0, 0, 1)], Self.packet) == 0)
    }
    #expect(try run([(0x20, 0, 0, 96), (0x06, 0, 0, 1)], Self.packet) == 1)
    #expect(try run([(0x01, 0, 0, .max), (0x40, 0, 0, .max), (0x06, 0, 0, 1)], Self.packet) == 0)
    #expect(try run([(0x01, 0, 0, .max), (0x40, 0, 0, 5), (0x06, 0, 0, 1)], Self.packet) == 0)
    #expect(try run([(0xb1, 0, 0, 100), (0x06, 0, 0, 1)], Self.packet) == 0)
    #expect(try run([(0x30, 0, 0, 0), (0x06, 0, 0, 1)], []) == 0)
    // A remainder by nothing.
    #expect(try run([(0x9c, 0, 0, 0), (0x06, 0, 0, 1)], Self.packet) == 0)
  }

  @Test("what is kept is no more than there is")
  func kept() throws {
    #expect(try run([(0x06, 0, 0, .max)], Self.packet) == 100)
    #expect(try run([(0x06, 0, 0, 7)], Self.packet) == 7)
    #expect(try run([(0x06, 0, 0, 0)], Self.packet) == 0)
  }

  @Test("what is beside a packet, and what does not end, is refused")
  func refused() throws {
    for program in [
      [], [(0x20, 0, 0, 0xffff_f004), (0x06, 0, 0, 1)], [(0x94, 0, 0, 0), (0x06, 0, 0, 1)], [(0x20, 0, 0, 0)],
      [(0x05, 0, 0, 1), (0x06, 0, 0, 0)], [(0x15, 0, 1, 1), (0x06, 0, 0, 0)], [(0x38, 0, 0, 0), (0x06, 0, 0, 1)],
    ] as [[Instruction]] {
      #expect(throws: Errno.EINVAL) { try make(program) }
    }
    let long = [Instruction](repeating: (0x06, 0, 0, 0), count: 4_097)
    #expect(throws: Errno.EINVAL) { try make(long) }
    // Filters of calls may do less.
    for code in [0x30, 0x40, 0xb1, 0x94] as [UInt16] {
      #expect(FilterInstruction(RawFilterInstruction(code: code, yes: 0, no: 0, constant: 4), of: .call) == nil)
      #expect(FilterInstruction(RawFilterInstruction(code: code, yes: 0, no: 0, constant: 4), of: .packet) != nil)
    }
  }
}
