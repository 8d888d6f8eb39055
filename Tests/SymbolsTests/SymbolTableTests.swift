import Symbols
import TestSupport
import Testing

@Suite("SymbolTable")
struct SymbolTableTests {
  private static let base: UInt64 = 0x6fff_8000_0000
  private static let outer = SourceMap.Call(function: "outer(_:)", file: "Sources/A.swift", line: 11)
  private static let middle = SourceMap.Call(function: "specialized middle<A>(_:)", file: "Sources/B.swift", line: 203)
  private static let overflow = SourceMap.Call(
    function: "Swift runtime failure: arithmetic overflow", file: "", line: 0)

  /// A function with calls inlined into it, a hole, and a function without a source.
  private static let example = SourceMap(
    base: base,
    functions: [
      .init(start: base + 0x10, size: 0x30, name: "outer(_:)"), .init(start: base + 0x80, size: 0x40, name: "leaf"),
    ],
    rows: [
      (base + 0x10, [outer]), (base + 0x18, [middle, outer]), (base + 0x20, [overflow, middle, outer]),
      (base + 0x22, [outer]), (base + 0x40, []),
    ])

  @Test("An address gives its inlined calls, innermost first, up to the next row")
  func inlinedCalls() {
    let table = Self.example.table
    #expect(calls(at: Self.base + 0x10, in: table) == [Self.outer])
    #expect(calls(at: Self.base + 0x1f, in: table) == [Self.middle, Self.outer])
    #expect(calls(at: Self.base + 0x20, in: table) == [Self.overflow, Self.middle, Self.outer])
    #expect(calls(at: Self.base + 0x3f, in: table) == [Self.outer])
    for offset in [0, 0xf, 0x40, 0x1000] as [UInt64] { #expect(calls(at: Self.base + offset, in: table) == []) }
    for address in [0, Self.base - 1, Self.base + 1 << 32, .max] { #expect(calls(at: address, in: table) == []) }
  }

  @Test("A function ends where it ends")
  func functions() {
    let table = Self.example.table
    #expect(function(at: Self.base + 0x10, in: table)?.name == "outer(_:)")
    #expect(function(at: Self.base + 0x3f, in: table)?.offset == 0x2f)
    #expect(function(at: Self.base + 0x81, in: table)?.name == "leaf")
    for address in [0, Self.base - 1, Self.base + 0xf, Self.base + 0x40, Self.base + 0xc0, Self.base + 1 << 32, .max] {
      #expect(function(at: address, in: table) == nil)
    }
  }

  @Test(
    "Random maps are read back exactly, at every row and between rows", arguments: [0, 1, 63, 64, 65, 129, 500, 1500])
  func roundTrip(rowCount: Int) {
    var random = SeededGenerator(seed: UInt64(rowCount))
    let map = SourceMap.random(&random, rowCount: rowCount)
    let table = map.table
    for row in map.rows {
      for address in [row.address, row.address - 1, row.address + 1] {
        #expect(calls(at: address, in: table) == map.calls(at: address))
      }
    }
    for expected in map.functions {
      for address in [expected.start, expected.start + expected.size - 1, expected.start + expected.size] {
        let found = function(at: address, in: table)
        let wanted = map.function(at: address)
        #expect(found?.name == wanted?.name)
        #expect(found?.offset == wanted.map { address - $0.start })
      }
    }
  }

  @Test("The same map gives the same bytes, and functions may come in any order")
  func deterministic() {
    var random = SeededGenerator(seed: 3)
    var map = SourceMap.random(&random, rowCount: 200)
    let table = map.table
    #expect(map.table == table)
    map.functions.reverse()
    let reversed = map.table
    for place in map.functions {
      #expect(function(at: place.start, in: reversed)?.name == function(at: place.start, in: table)?.name)
    }
  }

  @Test("Rows that repeat the one before, and equal names, take no room")
  func sharing() {
    var map = Self.example
    let count = map.table.count
    map.rows.insert((Self.base + 0x1a, [Self.middle, Self.outer]), at: 2)
    #expect(map.table.count == count)
    map.rows.append((Self.base + 0x50, [Self.middle, Self.outer]))
    // The distance from the row before, and the node, which is there already.
    #expect(map.table.count <= count + 4)
  }

  @Test("A row without calls ends what is known, as behind the last byte of code")
  func closingRow() {
    var map = Self.example
    map.rows.append((Self.base + 0x50, [Self.middle, Self.outer]))
    map.rows.append((Self.base + 0x60, []))
    let table = map.table
    #expect(calls(at: Self.base + 0x5f, in: table)?.count == 2)
    #expect(calls(at: Self.base + 0x60, in: table)?.isEmpty ?? true)
    #expect(calls(at: Self.base + 0x5000, in: table)?.isEmpty ?? true)
  }

  @Test("A table that is cut, or has another length than it states, is refused")
  func lengths() {
    let table = Self.example.table
    for count in 0..<table.count { #expect(calls(at: Self.base, in: Array(table[..<count])) == nil) }
    #expect(calls(at: Self.base, in: table + [0]) == nil)
    #expect(calls(at: Self.base, in: [UInt8](repeating: 0, count: 4096)) == nil)
  }
}
