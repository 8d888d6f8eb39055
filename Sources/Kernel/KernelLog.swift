import Foundations
import Logging
import Machine
import Time

/// The kernel's one log: every message goes into the ring, and to the consoles if its level is to be shown.
enum KernelLog {
  private static let ring = BootCell<SpinLock<LogRing>>()
  private static let consoleLevel = BootCell<ConsoleLevel>()
  private static let ringByteCount = 64 << 10

  /// Starts the log, with the levels that the command line asks for.
  static func start(_ commandLine: borrowing CommandLine) {
    ring.fill(SpinLock(LogRing(byteCount: ringByteCount)))
    consoleLevel.fill(ConsoleLevel(commandLine))
  }

  /// Adds a message and shows it.
  ///
  /// - Context: any, but not while holding the consoles' lock.
  static func write(_ level: LogLevel, _ subsystem: LogSubsystem, _ message: Message) {
    let record = add(level, subsystem, message)
    guard shows(level), let record else { return }
    var sink = ConsoleSink()
    record.write(to: &sink, .colored)
  }

  /// Adds a message that is shown in another form, such as a line of the boot screen.
  @discardableResult
  static func add(_ level: LogLevel, _ subsystem: LogSubsystem, _ message: Message) -> LogRecord? {
    let nanoseconds = Clock.nanoseconds
    return ring.withValue { lock in
      lock.withLock { ring in
        var cursor = ring.newest
        var record = LogRecord()
        ring.append(level, subsystem, message, nanoseconds: nanoseconds)
        _ = ring.read(&cursor, into: &record)
        return record
      }
    }
  }

  /// Whether the consoles show messages of this level.
  static func shows(_ level: LogLevel) -> Bool {
    consoleLevel.withValue { $0.shows(level) } ?? true
  }
}
