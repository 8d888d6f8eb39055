import Symbols
import TestSupport

/// What a table is made of, kept as plain arrays to compare with.
struct SourceMap {
  struct Call: Hashable {
    var function: String
    var file: String
    var line: Int
  }

  struct Function: Hashable {
    var start: UInt64
    var size: UInt64
    var name: String
  }

  var base: UInt64
  var functions: [Function] = []
  /// Ascending; a row without calls says that nothing is known.
  var rows: [(address: UInt64, calls: [Call])] = []

  var table: [UInt8] {
    var builder = SymbolTableBuilder(base: base)
    for function in functions {
      builder.addFunction(at: function.start, size: function.size, name: Array(function.name.utf8))
    }
    for row in rows {
      builder.addRow(
        at: row.address,
        row.calls.map { .init(function: Array($0.function.utf8), file: Array($0.file.utf8), line: $0.line) })
    }
    return builder.build()
  }

  /// The calls at `address` by going through all rows.
  func calls(at address: UInt64) -> [Call] { rows.last { $0.address <= address }?.calls ?? [] }

  /// The function at `address` by going through all of them.
  func function(at address: UInt64) -> Function? {
    functions.first { $0.start <= address && address - $0.start < $0.size }
  }

  /// A map with deep chains, repeated rows, gaps and neighbours of all sizes.
  static func random(_ random: inout SeededGenerator, rowCount: Int) -> SourceMap {
    let files = ["", "Sources/A.swift", "Sources/Ω.swift", "Boot/entry.S"]
    let names = (0..<50).map { "specialized f\($0)<A>(größe:)" }
    func call() -> Call {
      Call(
        function: names.randomElement(using: &random) ?? "", file: files.randomElement(using: &random) ?? "",
        line: max(0, Int.random(in: -2_000...100_000, using: &random)))
    }
    var map = SourceMap(base: UInt64.random(in: 0...(1 << 47), using: &random))
    var address = map.base + UInt64.random(in: 0...100, using: &random)
    var calls: [Call] = []
    for _ in 0..<rowCount {
      switch Int.random(in: 0..<6, using: &random) {
      case 0: calls.insert(call(), at: 0)
      case 1 where !calls.isEmpty: calls.removeFirst()
      case 2 where !calls.isEmpty: calls[0].line += 1
      case 3: break
      default: calls = (0..<Int.random(in: 0...5, using: &random)).map { _ in call() }
      }
      map.rows.append((address, calls))
      address += [1, 3, 127, 128, 20_000].randomElement(using: &random) ?? 1
    }
    var place = map.base
    while place < address {
      let size = UInt64.random(in: 1...3_000, using: &random)
      map.functions.append(Function(start: place, size: size, name: names.randomElement(using: &random) ?? ""))
      place += size + (Bool.random(using: &random) ? 0 : UInt64.random(in: 1...500, using: &random))
    }
    return map
  }
}

/// What a table says of `address`; nil for bytes that are no table.
func calls(at address: UInt64, in bytes: [UInt8]) -> [SourceMap.Call]? {
  guard let table = SymbolTable(bytes.span) else { return nil }
  var calls: [SourceMap.Call] = []
  let isKnown = table.frames(at: address) { frame in
    calls.append(.init(function: text(frame.function), file: text(frame.file), line: frame.line))
  }
  return isKnown == !calls.isEmpty ? calls : nil
}

/// The function that a table gives for `address`, with the distance from its start.
func function(at address: UInt64, in bytes: [UInt8]) -> (name: String, offset: UInt64)? {
  guard let table = SymbolTable(bytes.span) else { return nil }
  var result: (String, UInt64)?
  let isKnown = table.function(at: address) { name, offset in result = (text(name), offset) }
  return isKnown ? result : nil
}
