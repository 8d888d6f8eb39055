import Foundation
import Symbols
import TestSupport
import Testing

/// A reader that runs inside a panic must take any bytes.
@Suite("SymbolTable, hostile")
struct HostileTableTests {
  /// How many tables; `FUZZ=1000000 swift test` for more.
  private static let count = ProcessInfo.processInfo.environment["FUZZ"].flatMap { Int($0) } ?? 10_000

  /// Reads what `bytes` say around some addresses; gives how many answers came, nil for no table.
  private static func exercise(_ bytes: [UInt8], near address: UInt64, _ random: inout SeededGenerator) -> Int? {
    guard let table = SymbolTable(bytes.span) else { return nil }
    var answers = 0
    for _ in 0..<4 {
      let place = address &+ UInt64.random(in: 0...100_000, using: &random)
      var depth = 0
      _ = table.frames(at: place) { _ in depth += 1 }
      #expect(depth <= 256)
      if table.function(at: place, { _, _ in }) { answers += 1 }
      answers += depth
    }
    return answers
  }

  @Test("Damaged tables are refused or read, and never trap or hang")
  func mutation() {
    var random = SeededGenerator(seed: 1)
    let map = SourceMap.random(&random, rowCount: 130)
    let table = map.table
    var refused = 0
    var answers = 0
    for _ in 0..<Self.count {
      var damaged = table
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        // Half of the damage hits header and counts, where it does most.
        let limit = Bool.random(using: &random) ? 56 : table.count
        let place = Int.random(in: 0..<limit, using: &random)
        damaged[place] =
          [0, 1, 0x7f, 0x80, 0xff, UInt8.random(in: 0...255, using: &random)].randomElement(using: &random) ?? 0
      }
      if let found = Self.exercise(damaged, near: map.base, &random) { answers += found } else { refused += 1 }
    }
    #expect(refused > Self.count / 10)
    #expect(answers > Self.count / 2)
  }

  @Test("Noise behind a good header is read without a trap")
  func noise() {
    var random = SeededGenerator(seed: 2)
    let map = SourceMap.random(&random, rowCount: 130)
    let table = map.table
    for _ in 0..<(Self.count / 20) {
      var bytes = table
      for place in 56..<bytes.count { bytes[place] = UInt8.random(in: 0...255, using: &random) }
      #expect(Self.exercise(bytes, near: map.base, &random) != nil)
    }
  }
}
