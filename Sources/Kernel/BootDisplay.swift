import BootInformation
import Console
import Foundations
import Logging
import Machine

/// Shows the boot on the consoles and keeps it in the log.
struct BootDisplay: ~Copyable {
  /// The kernel's version.
  static let version: String = "0.1.0"

  private let isShown: Bool
  private var screen = BootScreen()
  private var sink = ConsoleSink()
  private var done = 0
  private var notYet = 0

  /// - Parameter isShown: whether anything but failures is shown; `quiet` turns it off.
  init(isShown: Bool) {
    self.isShown = isShown
  }

  /// Shows the header.
  mutating func begin(_ state: borrowing BootState) {
    let memory = state.information.memoryMap.usableByteCount
    var loader: Message = "by "
    loader.write(state.information.loaderName.bytes)
    loader.write(", \(bytes: memory) of memory")
    var commandLine: Message = "command line: "
    commandLine.write(state.information.commandLine.bytes)
    KernelLog.add(.notice, .boot, "Apus \(Self.version) \(loader)")
    KernelLog.add(.info, .boot, commandLine)
    guard isShown else { return }
    var version = Message()
    version.write(Self.version)
    screen.writeHeader(version: version, summary: "a data-driven kernel in Swift", machine: loader, to: &sink)
  }

  /// Shows that `step` runs.
  mutating func start(_ step: BootStep) {
    guard isShown else { return }
    screen.begin(step.rawValue, Self.title(of: step), to: &sink)
  }

  /// Shows how `step` ended, after how long, and what it logged.
  mutating func show(_ step: BootStep, _ outcome: BootOutcome, nanoseconds: UInt64) {
    defer { KernelLog.flush() }
    let title = Self.title(of: step)
    switch outcome {
    case .done(let text):
      done += 1
      KernelLog.add(.info, .boot, "\(title): \(text)")
      if isShown { screen.end(step.rawValue, title, .done, detail: text, nanoseconds: nanoseconds, to: &sink) }
    case .failed(let text):
      var postcondition = Message()
      postcondition.write(step.postcondition)
      KernelLog.add(.error, .boot, "\(title) failed: \(text); expected: \(postcondition)")
      screen.end(step.rawValue, title, .failed, detail: text, nanoseconds: nanoseconds, to: &sink)
    case .notYet(let part):
      notYet += 1
      KernelLog.add(.debug, .boot, "\(title): not yet, part \(part)")
      if isShown { screen.end(step.rawValue, title, .notYet(part: part), to: &sink) }
    }
  }

  /// Shows the closing line.
  mutating func end(failed: Int, nanoseconds: UInt64) {
    KernelLog.add(
      .info, .boot, "\(done) steps done, \(failed) failed, \(notYet) not yet, in \(nanoseconds: nanoseconds)")
    guard isShown else { return }
    screen.writeSummary(done: done, failed: failed, notYet: notYet, nanoseconds: nanoseconds, to: &sink)
  }

  private static func title(of step: BootStep) -> Message {
    var title = Message()
    title.write(step.title)
    return title
  }
}
