import Foundations

/// One message of the log, copied out of it, so that it can be shown without holding the log's lock.
public struct LogRecord: Sendable {
  /// How many bytes of text a record holds; longer texts end in `…`.
  public static let maximumTextLength = 480

  /// Its number; the first of a boot is 0.
  public internal(set) var sequence: UInt64 = 0
  /// When it was said, since the boot.
  public internal(set) var nanoseconds: UInt64 = 0
  /// How much it matters.
  public internal(set) var level = LogLevel.info
  /// Who said it.
  public internal(set) var subsystem = LogSubsystem.kernel
  /// The CPU it was said on.
  public internal(set) var cpu: UInt16 = 0
  /// How many records before this one were overwritten before this reader saw them.
  public internal(set) var lost: UInt64 = 0

  var storage = InlineArray<480, UInt8>(repeating: 0)
  var textLength = 0

  /// A record for `LogRing.read` to fill.
  public init() {}

  /// The message in UTF-8, as it was given.
  public var text: Span<UInt8> {
    @_lifetime(borrow self)
    get { storage.span.extracting(0..<textLength) }
  }
}

extension LogRecord {
  /// Whether a text uses colours.
  public enum Style: Sendable {
    /// Only characters.
    case plain
    /// With SGR sequences by level.
    case colored
  }

  /// Writes `[    0.012345] memory: text` and a line feed; each line of the text gets its own beginning.
  ///
  /// Control characters and bytes that are no UTF-8 become `\x1b`: a device's name must not steer the operator's terminal. What
  /// was lost before the record is said on a line of its own.
  public func write(to sink: inout some TextSink & ~Copyable, _ style: Style = .plain) {
    if lost > 0 {
      writeBeginning(to: &sink, style)
      sink.write(style == .colored ? "\u{1b}[2m" : "")
      sink.write(decimal: lost)
      sink.write(lost == 1 ? " message lost" : " messages lost")
      sink.write(style == .colored ? "\u{1b}[0m\n" : "\n")
    }
    var start = 0
    repeat {
      var end = start
      while end < textLength && storage[end] != 0x0a { end &+= 1 }
      // A line feed at the end of the text does not begin another line.
      if start > 0 && end == start && end == textLength { break }
      writeBeginning(to: &sink, style)
      writeLine(storage.span.extracting(start..<end), to: &sink, style)
      start = end &+ 1
    } while start <= textLength
  }

  private func writeBeginning(to sink: inout some TextSink & ~Copyable, _ style: Style) {
    if style == .colored { sink.write("\u{1b}[32m") }
    sink.write("[")
    sink.write(decimal: nanoseconds / 1_000_000_000, width: 5)
    sink.write(".")
    sink.write(decimal: nanoseconds % 1_000_000_000 / 1000, width: 6, padding: 0x30)
    sink.write("] ")
    if style == .colored { sink.write("\u{1b}[33m") }
    sink.write(subsystem.name)
    sink.write(": ")
    if style == .colored { sink.write("\u{1b}[0m") }
  }

  private func writeLine(_ line: Span<UInt8>, to sink: inout some TextSink & ~Copyable, _ style: Style) {
    if style == .colored { sink.write(level.colorSequence) }
    SafeText.write(line, to: &sink)
    sink.write(style == .colored ? "\u{1b}[0m\n" : "\n")
  }
}

extension LogLevel {
  /// The SGR sequence that a message of this level begins with.
  var colorSequence: String {
    switch self {
    case .emergency, .alert: "\u{1b}[1;37;41m"
    case .critical: "\u{1b}[1;31m"
    case .error: "\u{1b}[31m"
    case .warning: "\u{1b}[93m"
    case .notice: "\u{1b}[1m"
    case .info: ""
    case .debug: "\u{1b}[2m"
    }
  }
}
