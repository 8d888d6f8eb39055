/// How the figures of two kernels are shown beside each other. The first kernel is the one that the ratio is to.
enum ComparisonTable {
  /// Columns: operation; instructions on both kernels and their ratio; nanoseconds likewise.
  static func operations(instructions: [ProgramBenchmarks], nanoseconds: [ProgramBenchmarks]?) -> String {
    var header = ["operation", "instructions: Linux", "Apus", "ratio"]
    if nanoseconds != nil { header += ["nanoseconds: Linux", "Apus", "ratio"] }
    let lines = names(instructions + (nanoseconds ?? [])).map { name in
      [name] + cells(instructions.map { $0.row(name)?.ticksEach })
        + (nanoseconds.map { cells($0.map { $0.row(name)?.nanosecondsEach }) } ?? [])
    }
    return TextTable.text(header, lines)
  }

  /// KiB that an idle kernel leaves free, and that programs could have.
  static func memory(_ kernels: [ProgramBenchmarks]) -> String {
    let names = ["memory.free-KiB", "memory.available-KiB"]
    return TextTable.text(
      ["memory", "Linux", "Apus", "ratio"], names.map { name in [name] + cells(kernels.map { $0.values[name] }) })
  }

  /// How far the figures of several boots agree, on each kernel.
  static func repetition(of boots: [[ProgramBenchmarks]]) -> String {
    ["Linux", "Apus"].indices.compactMap { kernel -> String? in
      let spreads = boots[0][kernel].rows.compactMap { row -> (name: String, spread: Double)? in
        let values = boots.compactMap { $0[kernel].row(row.name)?.ticksEach }
        guard let least = values.min(), let most = values.max(), least > 0 else { return nil }
        return (row.name, (most - least) / least)
      }
      guard let worst = spreads.max(by: { $0.spread < $1.spread }) else { return nil }
      let agreeing = spreads.count { $0.spread <= 0.001 }
      return """
        \(["Linux", "Apus"][kernel]), \(boots.count) boots: \(agreeing) of \(spreads.count) rows agree to 0.1 %, \
        \(worst.name) only to \(TextTable.number(worst.spread * 100)) %
        """
    }.joined(separator: "\n")
  }

  /// Every row's name once, in the order of measuring.
  private static func names(_ kernels: [ProgramBenchmarks]) -> [String] {
    var names: [String] = []
    for name in kernels.flatMap({ $0.rows.map(\.name) }) where !names.contains(name) { names.append(name) }
    return names
  }

  private static func cells(_ values: [Double?]) -> [String] {
    let shown = values.map { $0.map(TextTable.number) ?? "-" }
    guard let first = values[0], let second = values[1], first > 0 else { return shown + ["-"] }
    let hundredths = Int((second / first * 100).rounded())
    let rest = hundredths % 100
    return shown + ["\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"]
  }
}
