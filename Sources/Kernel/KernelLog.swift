import Foundations
import Logging
import Machine
import SystemCalls
import Time
import Waiting

/// The kernel's one log: every message goes into the ring, and to the consoles if its level is to be shown.
///
/// Adding and showing are apart, so that a boot step may log while its line on the boot screen is unfinished; what it added is
/// shown below that line. Messages of the `boot` subsystem are the boot screen's own and are not shown twice.
enum KernelLog {
  private struct State: ~Copyable {
    var ring: LogRing
    /// Up to where the consoles have been served.
    var shown: LogRing.Cursor
  }

  private static let state = BootCell<SpinLock<State>>()
  private static let consoleLevel = BootCell<SpinLock<ConsoleLevel>>()
  private static let programs = BootCell<KernelSystemLog>()
  private static let ringByteCount = 64 << 10

  /// Starts the log, with the levels that the command line asks for.
  static func start(_ commandLine: borrowing CommandLine) {
    let ring = LogRing(byteCount: ringByteCount)
    let start = ring.oldest
    state.fill(SpinLock(State(ring: ring, shown: start)))
    consoleLevel.fill(SpinLock(ConsoleLevel(commandLine)))
  }

  /// Adds a message. `flush` shows it.
  static func add(_ level: LogLevel, _ subsystem: LogSubsystem, _ message: Message) {
    let nanoseconds = Clock.nanoseconds
    state.withValue { lock in
      lock.withLock { state in
        _ = state.ring.append(level, subsystem, message, nanoseconds: nanoseconds, cpu: UInt16(Processor.current))
      }
    }
    programs.withValue { log -> Void in log.arrivals.wakeAll() }
  }

  /// Shows what has been added since the last time, as far as its level is to be shown.
  ///
  /// - Context: any, but not while holding the consoles' lock. The log's own lock is not held while a console is slow.
  static func flush() {
    while let record = nextRecord() {
      guard record.subsystem != .boot, shows(record.level) else { continue }
      var line = LogLine()
      record.write(to: &line, .colored)
      Consoles.write(line.bytes)
    }
  }

  /// Whether the consoles show messages of this level.
  static func shows(_ level: LogLevel) -> Bool {
    consoleLevel.withValue { $0.withLock { $0.shows(level) } } ?? true
  }

  /// The log for programs, which are told of messages from now on.
  static func makeSystemLog() -> SystemLog? {
    programs.fill(KernelSystemLog())
    return programs.withValue { $0 }
  }

  /// The log as syslog(2) knows it.
  private final class KernelSystemLog: SystemLog {
    override func read(_ cursor: inout LogRing.Cursor, into record: inout LogRecord) -> Bool {
      state.withValue { lock in lock.withLock { $0.ring.read(&cursor, into: &record) } } ?? false
    }

    override var oldest: LogRing.Cursor? { state.withValue { lock in lock.withLock { $0.ring.oldest } } }
    override var newest: LogRing.Cursor? { state.withValue { lock in lock.withLock { $0.ring.newest } } }
    override var byteCount: Int { ringByteCount }

    override func change(_ console: ConsoleLevel.Change) {
      consoleLevel.withValue { lock in lock.withLock { $0.apply(console) } }
    }
  }

  private static func nextRecord() -> LogRecord? {
    let next: LogRecord?? = state.withValue { lock in
      lock.withLock { state -> LogRecord? in
        var record = LogRecord()
        return state.ring.read(&state.shown, into: &record) ? record : nil
      }
    }
    return next ?? nil
  }
}

/// A rendered record, so that it reaches the consoles in one piece.
private struct LogLine: TextSink {
  private var storage = InlineArray<1024, UInt8>(repeating: 0)
  private var count = 0

  var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    get { storage.span.extracting(0..<count) }
  }

  mutating func write(_ bytes: Span<UInt8>) {
    for index in bytes.indices where count < 1024 {
      storage[count] = bytes[index]
      count += 1
    }
  }
}
