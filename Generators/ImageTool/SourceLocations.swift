import Symbols

/// What the debug information says about addresses, as llvm-symbolizer prints it.
///
/// For each address: for each call of the chain, innermost first, a line with the function and one with `file:line:column`;
/// then an empty line.
struct SourceLocations {
  /// Runs of addresses with the same answer, in the order of the addresses asked.
  private(set) var runs: [(address: UInt64, calls: [SymbolTableBuilder.Call])] = []

  init(addresses: [UInt64], answer: [UInt8], root: [UInt8]) {
    var place = 0
    var previous = 0..<0
    for address in addresses {
      let start = place
      while place < answer.count, answer[place] != 0x0a { place = Self.endOfLine(place, answer) }
      let block = start..<place
      place = min(place + 1, answer.count)
      // Most neighbours have the same chain; comparing bytes is far cheaper than taking them apart.
      guard answer[block] != answer[previous] else { continue }
      runs.append((address, Self.calls(answer[block], root: root)))
      previous = block
    }
  }

  private static func endOfLine(_ start: Int, _ bytes: [UInt8]) -> Int {
    var place = start
    while place < bytes.count, bytes[place] != 0x0a { place += 1 }
    return min(place + 1, bytes.count)
  }

  private static func calls(_ block: ArraySlice<UInt8>, root: [UInt8]) -> [SymbolTableBuilder.Call] {
    let lines = block.split(separator: 0x0a)
    return stride(from: 0, to: lines.count - 1, by: 2).compactMap { index in
      // file:line:column, of which the file may contain colons.
      let parts = lines[index + 1].split(separator: 0x3a, omittingEmptySubsequences: false)
      guard parts.count >= 3, let line = Int(String(decoding: parts[parts.count - 2], as: UTF8.self)) else {
        return nil
      }
      let file = Array(parts.dropLast(2).joined(separator: [0x3a]))
      let function = Array(lines[index])
      let isUnknown = function.elementsEqual("??".utf8)
      return isUnknown ? nil : .init(function: function, file: Self.shorten(file, root: root), line: line)
    }
  }

  /// A path from the root of the project; generated files keep their name only, compiler-made code has no file.
  static func shorten(_ path: [UInt8], root: [UInt8]) -> [UInt8] {
    let text = String(decoding: path, as: UTF8.self)
    if text.contains("<compiler-generated>") || text == "??" { return [] }
    if text.contains("/plugins/outputs/") { return Array("generated/".utf8) + (path.split(separator: 0x2f).last ?? []) }
    if path.starts(with: root) { return Array(path.dropFirst(root.count).drop { $0 == 0x2f }) }
    return path.split(separator: 0x2f).last.map(Array.init) ?? []
  }
}
