import Foundations
import Machine

/// How the boot steps went, for /proc/apus/boot.
enum BootHistory {
  private struct Entry {
    let step: BootStep
    let outcome: BootOutcome
    let nanoseconds: UInt64
  }

  private static let entries = SpinLock(GrowableArray<Entry>())

  /// Notes how `step` ended, after how long. One that there is no memory for is left out.
  static func note(_ step: BootStep, _ outcome: BootOutcome, nanoseconds: UInt64) {
    let entry = Entry(step: step, outcome: outcome, nanoseconds: nanoseconds)
    try? entries.withLock { entries throws(Errno) in try entries.append(entry) }
  }

  private static func entry(_ index: Int) -> Entry? {
    entries.withLock { index < $0.count ? $0[index] : nil }
  }

  /// Writes a line for each step: its number, how it ended, how many microseconds it took, its title, and what it said.
  static func write(to sink: inout some TextSink & ~Copyable) {
    var index = 0
    while let entry = entry(index) {
      index += 1
      sink.write(decimal: UInt64(entry.step.rawValue), width: 2)
      let text: Message
      switch entry.outcome {
      case .done(let detail):
        sink.write(" done    ")
        text = detail
      case .failed(let detail):
        sink.write(" failed  ")
        text = detail
      case .notYet(let part):
        sink.write(" not yet ")
        text = "part \(part)"
      }
      sink.write(decimal: entry.nanoseconds / 1_000, width: 8)
      sink.write(" ")
      sink.write(entry.step.title)
      sink.write(": ")
      sink.write(text)
      sink.write("\n")
    }
  }
}
