import Foundations
import Testing

@testable import Security

@Suite("Programs of filters")
struct CallFilterTests {
  private typealias Instruction = (code: UInt16, yes: UInt8, no: UInt8, constant: UInt32)

  private func make(_ program: [Instruction], besides older: CallFilter? = nil) throws -> CallFilter {
    let raw = program.map {
      CallFilter.RawInstruction(code: $0.code, yes: $0.yes, no: $0.no, constant: $0.constant)
    }
    return try CallFilter(raw.span, besides: older)
  }

  private func run(_ program: [Instruction], _ words: [UInt32] = []) throws -> UInt32 {
    var record = InlineArray<16, UInt32>(repeating: 0)
    for (index, word) in words.enumerated() { record[index] = word }
    return try make(program).decide(record)
  }

  /// A decision that is stricter than any other, so that it is what `decide` gives.
  private func returning(_ code: UInt16, _ constant: UInt32 = 0) -> Instruction { (code, 0, 0, constant) }

  /// Computes with the accumulator, and returns it below a bit that makes it the strictest.
  private func compute(_ code: UInt16, _ left: UInt32, _ right: UInt32) throws -> UInt32 {
    let isIndexed = code & 8 != 0
    return try run([
      (0x01, 0, 0, right), (0x00, 0, 0, left), (code, 0, 0, isIndexed ? 0 : right), (0x54, 0, 0, 0x7fff),
      (0x44, 0, 0, 0x8000_0000), (0x16, 0, 0, 0),
    ]) & 0x7fff_ffff
  }

  @Test("arithmetic is that of 32 bits without signs")
  func arithmetic() throws {
    for register in [UInt16(0), 8] {
      #expect(try compute(0x04 | register, 0xffff_ffff, 6) == 5)
      #expect(try compute(0x14 | register, 9, 4) == 5)
      #expect(try compute(0x24 | register, 7, 6) == 42)
      #expect(try compute(0x34 | register, 100, 7) == 14)
      #expect(try compute(0x44 | register, 0x50, 0x05) == 0x55)
      #expect(try compute(0x54 | register, 0xf6, 0x3c) == 0x34)
      #expect(try compute(0x64 | register, 3, 4) == 48)
      #expect(try compute(0x74 | register, 48, 4) == 3)
      #expect(try compute(0xa4 | register, 0xff, 0x0f) == 0xf0)
    }
    #expect(try compute(0x84, 0xffff_fff0, 0) == 16)
    // A division by an index of zero ends the program.
    #expect(try run([(0x01, 0, 0, 0), (0x3c, 0, 0, 0), (0x06, 0, 0, 0x7fff_0000)]) == 0)
  }

  @Test("comparisons branch")
  func branches() throws {
    for (code, constant, expected) in [
      (0x15, 7, true), (0x15, 8, false), (0x25, 6, true), (0x25, 7, false), (0x35, 7, true), (0x35, 8, false),
      (0x45, 2, true), (0x45, 8, false),
    ] as [(UInt16, UInt32, Bool)] {
      for register in [UInt16(0), 8] {
        let result = try run([
          (0x01, 0, 0, constant), (0x00, 0, 0, 7), (code | register, 1, 0, register == 0 ? constant : 0),
          (0x06, 0, 0, 0x5_0000), (0x06, 0, 0, 0x5_0001),
        ])
        #expect(result == (expected ? 0x5_0001 : 0x5_0000), "\(code) \(constant)")
      }
    }
    #expect(try run([(0x05, 0, 0, 1), (0x06, 0, 0, 0x5_0000), (0x06, 0, 0, 0x5_0001)]) == 0x5_0001)
  }

  @Test("words of the record, its length, and the scratch memory are loaded")
  func loads() throws {
    let words = (0..<16).map { 0x5_0000 + UInt32($0) }
    for index in 0..<16 { #expect(try run([(0x20, 0, 0, UInt32(index * 4)), (0x16, 0, 0, 0)], words) == words[index]) }
    #expect(try run([(0x80, 0, 0, 0), (0x44, 0, 0, 0x5_0000), (0x16, 0, 0, 0)]) == 0x5_0040)
    #expect(try run([(0x81, 0, 0, 0), (0x87, 0, 0, 0), (0x16, 0, 0, 0)]) == 64)
    #expect(
      try run([
        (0x00, 0, 0, 0x5_0007), (0x02, 0, 0, 15), (0x01, 0, 0, 0x5_0008), (0x03, 0, 0, 0), (0x60, 0, 0, 0),
        (0x07, 0, 0, 0),
        (0x61, 0, 0, 15), (0x87, 0, 0, 0), (0x16, 0, 0, 0),
      ]) == 0x5_0007)
  }

  @Test(
    "what would leave the program, or is none, is refused",
    arguments: [
      [], [(0x00, 0, 0, 0)], [(0x20, 0, 0, 64), (0x06, 0, 0, 0)], [(0x20, 0, 0, 2), (0x06, 0, 0, 0)],
      [(0x28, 0, 0, 0), (0x06, 0, 0, 0)], [(0x40, 0, 0, 0), (0x06, 0, 0, 0)], [(0x60, 0, 0, 16), (0x06, 0, 0, 0)],
      [(0x02, 0, 0, 16), (0x06, 0, 0, 0)], [(0x34, 0, 0, 0), (0x06, 0, 0, 0)], [(0x64, 0, 0, 32), (0x06, 0, 0, 0)],
      [(0x94, 0, 0, 3), (0x06, 0, 0, 0)], [(0x05, 0, 0, 1), (0x06, 0, 0, 0)], [(0x05, 0, 0, .max), (0x06, 0, 0, 0)],
      [(0x15, 1, 0, 0), (0x06, 0, 0, 0)], [(0x15, 0, 1, 0), (0x06, 0, 0, 0)], [(0x0e, 0, 0, 0)], [(0xffff, 0, 0, 0)],
      [(0x17, 0, 0, 0), (0x06, 0, 0, 0)], [(0x0c04, 0, 0, 0), (0x06, 0, 0, 0)],
    ] as [[(UInt16, UInt8, UInt8, UInt32)]])
  func refusals(_ program: [(UInt16, UInt8, UInt8, UInt32)]) {
    #expect(throws: Errno.EINVAL) { try make(program.map { (code: $0.0, yes: $0.1, no: $0.2, constant: $0.3) }) }
  }

  @Test("of several filters the strictest decision counts, of equal ones the newest")
  func chains() throws {
    let order: [FilterAction] = [.killProcess, .killThread, .trap, .error, .notify, .trace, .log, .allow]
    for (index, strict) in order.enumerated() {
      for mild in order[index...] {
        for (first, second) in [(strict, mild), (mild, strict)] {
          let older = try make([returning(0x06, first.rawValue | 1)])
          let newer = try make([returning(0x06, second.rawValue | 2)], besides: older)
          let decision = newer.decide(InlineArray(repeating: 0))
          #expect(FilterAction(decision: decision) == strict)
          if first == second, strict != .allow { #expect(decision & 3 == 2) }
        }
      }
    }
    #expect(FilterAction(decision: 0x1234_0000) == .killProcess)
  }

  @Test("a chain as long as there can be one is given back without a deep stack, and is not made longer")
  func longChain() throws {
    var filter: CallFilter?
    var count = 0
    while true {
      do {
        filter = try make([returning(0x06, 0x7fff_0000)], besides: filter)
      } catch {
        #expect(error as? Errno == .ENOMEM)
        break
      }
      count += 1
    }
    #expect(count == 32_768 / 5)
    let middle = filter
    #expect(middle?.includes(nil) ?? false)
    filter = nil
  }
}
