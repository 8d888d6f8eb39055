/// What a guest says that an operation costs: a line `bench: NAME operations=N ticks=T overhead=O nanoseconds=D [most=M] [target=X]`.
struct BenchmarkRow: Sendable {
  var name: String
  var operations: Double
  /// What the operations took in the fastest round.
  var ticks: Double
  /// What of that the measuring takes.
  var overhead: Double
  var nanoseconds: Double
  /// What the slowest round took.
  var most: Double?
  /// The most instructions that one operation should take.
  var target: Double?

  /// Ticks of one operation; instructions where those are counted.
  var ticksEach: Double { (ticks - overhead) / operations }
  var nanosecondsEach: Double { nanoseconds / operations }

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
    most = values["most"]
    target = values["target"]
  }
}
