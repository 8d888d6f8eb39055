/// The benchmark programs on one kernel: what each row costs there, and which rows it cannot do.
struct ProgramBenchmarks {
  /// How a guest is run.
  enum Mode: Sendable {
    /// On one CPU whose clock counts instructions.
    case instructions
    /// On two CPUs, as fast as they go.
    case wallClock

    /// How long a round of a row takes, in ticks: nanoseconds where instructions are counted, the host's own ticks otherwise.
    var roundTicks: Int {
      switch self {
      case .instructions: 10_000_000
      case .wallClock: 100_000_000
      }
    }
  }

  /// A kernel that starts the programs' initramfs.
  struct Kernel: Sendable {
    var name: String
    var image: String
  }

  /// What every kernel is told. `tsc=reliable` spares Linux the check after which it would read a slow timer instead, and `rdinit`
  /// is where it looks for the first process of an initramfs.
  private static let commandLine = "console=ttyS0 quiet tsc=reliable rdinit=/init"
  /// Nothing is said while a row is measured, which takes some seconds at most.
  private static let patience = Duration.seconds(40)
  /// A row that hangs or crashes costs a boot. A kernel that needs more than these is not ready to be measured.
  private static let mostBoots = 12

  private(set) var rows: [BenchmarkRow] = []
  /// Figures that are no operations, by name.
  private(set) var values: [String: Double] = [:]
  /// Rows that failed, with what the guest said of it.
  private(set) var failures: [(name: String, reason: String)] = []

  func row(_ name: String) -> BenchmarkRow? { rows.first { $0.name == name } }

  /// Boots `kernel` until every row was measured or has failed. A row that stops the guest is left out of the next boot.
  ///
  /// - Parameters:
  ///   - selection: names of rows or families with commas; all when nil.
  ///   - arguments: more of QEMU's.
  static func run(
    on kernel: Kernel, initialMemory: String, _ mode: Mode, selection: String?, memory: String,
    arguments: [String] = []
  ) async throws -> ProgramBenchmarks {
    var result = ProgramBenchmarks()
    for _ in 0..<mostBoots {
      var guest = result.guest(kernel, initialMemory, mode, selection, memory)
      guest.extraArguments += arguments
      let lines = try await guest.lines(patience: patience) { $0.contains("bench: done") }
      guard result.take(lines) else { break }
    }
    return result
  }

  private func guest(
    _ kernel: Kernel, _ initialMemory: String, _ mode: Mode, _ selection: String?, _ memory: String
  ) -> Guest {
    var commandLine = "\(Self.commandLine) round=\(mode.roundTicks)"
    if let selection { commandLine += " rows=\(selection)" }
    let done = rows.map(\.name) + failures.map(\.name)
    if !done.isEmpty { commandLine += " skip=\(done.joined(separator: ","))" }
    var guest = Guest(image: .kernel(path: kernel.image, commandLine: commandLine), memory: memory)
    guest.extraArguments = ["-initrd", initialMemory]
    guest.timeoutSeconds = 600
    switch mode {
    case .instructions: guest.acceleration = .counted
    case .wallClock: guest.processors = 2
    }
    return guest
  }

  /// Takes over what a boot said.
  ///
  /// - Returns: whether another boot may tell more: this one ended in the middle of a row.
  private mutating func take(_ lines: [String]) -> Bool {
    var begun: String?
    for line in lines {
      guard let marker = line.range(of: "bench: ") else { continue }
      let text = line[marker.upperBound...]
      let words = text.split(separator: " ")
      switch words.first {
      case "begin" where words.count > 1: begun = String(words[1])
      case "value" where words.count > 2: values[String(words[1])] = Double(words[2])
      case "fail" where words.count > 1:
        failures.append((String(words[1]), words.dropFirst(2).joined(separator: " ")))
        begun = nil
      case "done": return false
      default:
        guard let row = BenchmarkRow(Substring(line)) else { continue }
        if self.row(row.name) == nil { rows.append(row) }
        begun = nil
      }
    }
    guard let begun else { return false }
    let last = lines.last { !$0.isEmpty && !$0.contains("bench: ") } ?? "nothing"
    failures.append((begun, "the guest ended or hung; it said last: \(last)"))
    return true
  }
}
