/// Tables for a terminal.
enum TextTable {
  /// Whole from 1,000 on, with one digit behind the point below.
  static func number(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return abs(value) >= 1000 || tenths % 10 == 0 ? "\(Int(value.rounded()))" : "\(tenths / 10).\(abs(tenths % 10))"
  }

  /// A table: the first column flush left, the others flush right.
  static func text(_ header: [String], _ lines: [[String]]) -> String {
    let all = [header] + lines
    let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { line in
      let cells = line.indices.map { column in
        let padding = String(repeating: " ", count: widths[column] - line[column].count)
        return column == 0 ? line[column] + padding : padding + line[column]
      }
      return cells.joined(separator: "  ")
    }.joined(separator: "\n")
  }
}
