import Foundations

/// Somewhere that the log is shown.
public protocol LogConsole: AnyObject {
  /// How it wants its text.
  var style: LogRecord.Style { get }
  /// Shows text, which may be part of a line.
  func write(_ bytes: Span<UInt8>)
  /// Makes what was written visible; called when nothing more is to be written for now.
  func flush()
}

extension LogConsole {
  /// Does nothing: what is written is visible at once.
  public func flush() {}
}

/// The consoles that follow a log, each at its own pace.
///
/// Writing to a console is slow, so it must not happen under the log's lock. Guard the consoles by a second lock, which is taken
/// first, and have `show` read record by record under the log's. Whoever appends a record and finds the consoles' lock held
/// leaves the record to its holder, who looks once more after letting go. Showing allocates nothing.
public struct LogConsoles: ~Copyable {
  /// How many consoles there can be.
  public static var capacity: Int { 8 }

  private struct Follower {
    var console: any LogConsole
    var cursor: LogRing.Cursor
    /// Lost records that are to be told with the next one that is shown.
    var untoldLosses: UInt64 = 0
  }

  private var followers = InlineArray<8, Follower?>(repeating: nil)
  private var record = LogRecord()
  /// What all of them show.
  public var level = ConsoleLevel()

  /// No consoles yet.
  public init() {}

  /// Adds a console that shows the records behind `cursor`.
  ///
  /// - Returns: false when there are `capacity` consoles already.
  public mutating func add(_ console: any LogConsole, from cursor: LogRing.Cursor) -> Bool {
    for index in followers.indices where followers[index] == nil {
      followers[index] = Follower(console: console, cursor: cursor)
      return true
    }
    return false
  }

  /// Removes a console, if it is there.
  public mutating func remove(_ console: any LogConsole) {
    for index in followers.indices {
      if let follower = followers[index], follower.console === console { followers[index] = nil }
    }
  }

  /// Shows each console the records that it has not seen.
  ///
  /// - Parameter read: copies the record at a cursor, as `LogRing.read` does, and takes the log's lock to do so.
  public mutating func show(_ read: (inout LogRing.Cursor, inout LogRecord) -> Bool) {
    for index in followers.indices {
      guard var follower = followers[index] else { continue }
      var sink = ConsoleSink(console: follower.console)
      var hasWritten = false
      while read(&follower.cursor, &record) {
        let losses = follower.untoldLosses &+ record.lost
        guard level.shows(record.level) else {
          follower.untoldLosses = losses
          continue
        }
        record.lost = losses
        follower.untoldLosses = 0
        record.write(to: &sink, follower.console.style)
        hasWritten = true
      }
      followers[index] = follower
      if hasWritten { sink.console.flush() }
    }
  }
}

/// A console as a text sink.
private struct ConsoleSink: TextSink {
  let console: any LogConsole

  mutating func write(_ bytes: Span<UInt8>) {
    if bytes.count > 0 { console.write(bytes) }
  }
}
