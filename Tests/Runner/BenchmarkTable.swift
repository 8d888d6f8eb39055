/// What the benchmarks of one boot measured.
struct BenchmarkTable {
  let rows: [BenchmarkRow]

  /// Reads a guest's log.
  init(log: String) {
    rows = log.split(whereSeparator: \.isNewline).compactMap(BenchmarkRow.init)
  }

  /// Columns: operation, instructions, target, whether it is met.
  var inInstructions: String {
    TextTable.text(
      ["operation", "instructions", "target", "met"],
      rows.map { row in
        let target = row.target.map { TextTable.number($0) } ?? ""
        let isMet = row.target.map { row.ticksEach <= $0 ? "yes" : "NO" } ?? ""
        return [row.name, TextTable.number(row.ticksEach), target, isMet]
      })
  }

  /// Columns: operation, nanoseconds.
  var inNanoseconds: String {
    TextTable.text(["operation", "nanoseconds"], rows.map { [$0.name, TextTable.number($0.nanosecondsEach)] })
  }

  /// What is wrong with the calibration: a tick must be an instruction, so an operation of a known number costs that many.
  var calibrationComplaint: String? {
    for row in rows where row.name.hasPrefix("calibration.") {
      guard let target = row.target, abs(row.ticksEach - target) > max(1, target / 1000) else { continue }
      let (found, wanted) = (TextTable.number(row.ticksEach), TextTable.number(target))
      return "\(row.name) took \(found) ticks, not \(wanted): ticks are no instructions here"
    }
    return nil
  }
}
