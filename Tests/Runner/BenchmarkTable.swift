/// What the benchmarks of one boot measured.
struct BenchmarkTable {
  /// One line `bench: NAME operations=N ticks=T overhead=O nanoseconds=D [target=X]`.
  struct Row {
    var name: String
    var operations: Double
    var ticks: Double
    var overhead: Double
    var nanoseconds: Double
    /// The most instructions that one operation should take.
    var target: Double?

    /// Ticks of one operation; instructions where those are counted.
    var ticksEach: Double { (ticks - overhead) / operations }

    init?(_ line: Substring) {
      guard let marker = line.range(of: "bench: ") else { return nil }
      let fields = line[marker.upperBound...].split(separator: " ")
      guard let name = fields.first else { return nil }
      var values: [Substring: Double] = [:]
      for field in fields.dropFirst() {
        let pair = field.split(separator: "=")
        if pair.count == 2 { values[pair[0]] = Double(pair[1]) }
      }
      guard let operations = values["operations"], operations > 0, let ticks = values["ticks"],
        let overhead = values["overhead"], let nanoseconds = values["nanoseconds"]
      else { return nil }
      self.name = String(name)
      self.operations = operations
      self.ticks = ticks
      self.overhead = overhead
      self.nanoseconds = nanoseconds
      target = values["target"]
    }
  }

  let rows: [Row]

  /// Reads a guest's log.
  init(log: String) {
    rows = log.split(whereSeparator: \.isNewline).compactMap(Row.init)
  }

  /// Columns: operation, instructions, target, whether it is met.
  var inInstructions: String {
    Self.text(
      ["operation", "instructions", "target", "met"],
      rows.map { row in
        let target = row.target.map { Self.number($0) } ?? ""
        let isMet = row.target.map { row.ticksEach <= $0 ? "yes" : "NO" } ?? ""
        return [row.name, Self.number(row.ticksEach), target, isMet]
      })
  }

  /// Columns: operation, nanoseconds.
  var inNanoseconds: String {
    Self.text(["operation", "nanoseconds"], rows.map { [$0.name, Self.number($0.nanoseconds / $0.operations)] })
  }

  /// What is wrong with the calibration: a tick must be an instruction, so an operation of a known number costs that many.
  var calibrationComplaint: String? {
    for row in rows where row.name.hasPrefix("calibration.") {
      guard let target = row.target, abs(row.ticksEach - target) > max(1, target / 1000) else { continue }
      return
        "\(row.name) took \(Self.number(row.ticksEach)) ticks, not \(Self.number(target)): ticks are no instructions here"
    }
    return nil
  }

  private static func number(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return abs(value) >= 1000 || tenths % 10 == 0 ? "\(Int(value.rounded()))" : "\(tenths / 10).\(abs(tenths % 10))"
  }

  /// A table: the first column flush left, the others flush right.
  private static func text(_ header: [String], _ lines: [[String]]) -> String {
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
