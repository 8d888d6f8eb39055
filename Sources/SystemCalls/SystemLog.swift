import Foundations
public import Logging
import Machine
public import Waiting

/// The kernel's log as programs read it by syslog(2). The kernel derives from it what knows the log.
open class SystemLog {
  /// Where readers are.
  private struct Positions {
    /// What is read next by who takes messages; nil is the oldest.
    var next: LogRing.Cursor?
    /// How many bytes of that were taken already.
    var taken = 0
    /// From where on those are shown who only look; nil is the oldest.
    var cleared: LogRing.Cursor?
  }

  private final let positions = SpinLock(Positions())
  /// To be woken when there is a new message.
  public final let arrivals = WaitQueue()

  /// Creates a log that is empty.
  public init() {}

  // MARK: What the kernel knows

  /// Copies the record at `cursor`, or the oldest if that is gone, and moves the cursor behind it.
  ///
  /// - Returns: false when there is none.
  open func read(_ cursor: inout LogRing.Cursor, into record: inout LogRecord) -> Bool { false }
  /// The place of the oldest record; nil for a log that is none.
  open var oldest: LogRing.Cursor? { nil }
  /// The place behind the newest record.
  open var newest: LogRing.Cursor? { nil }
  /// How many bytes it holds at most.
  open var byteCount: Int { 0 }
  /// Changes what the console shows of it.
  open func change(_ console: ConsoleLevel.Change) {}

  // MARK: Taking

  /// The next text for those who share what there is.
  ///
  /// - Parameters:
  ///   - limit: how many bytes it may have.
  ///   - isCut: whether one that is longer is cut, so that the next call gives the rest.
  /// - Returns: nil when there is none, or it is longer.
  final func take(limit: Int, isCut: Bool) -> SystemLogText? {
    while true {
      let before = positions.withLock { $0 }
      guard let start = before.next ?? oldest else { return nil }
      var after = before
      var cursor = start
      var record = LogRecord()
      guard read(&cursor, into: &record) else { return nil }
      var text = SystemLogText(record)
      // What was cut may be gone by now, and another record in its place.
      if record.sequence == start.sequence { text.drop(before.taken) }
      if text.count <= limit {
        (after.next, after.taken) = (cursor, 0)
      } else {
        guard isCut else { return nil }
        text.keep(limit)
        (after.next, after.taken) = (start, before.taken + limit)
      }
      let isFirst = positions.withLock { positions in
        guard positions.next == before.next, positions.taken == before.taken else { return false }
        (positions.next, positions.taken) = (after.next, after.taken)
        return true
      }
      if isFirst { return text }
    }
  }

  /// Takes as much as fits into `output`.
  ///
  /// - Parameter waits: whether it waits until there is something.
  /// - Throws: `EAGAIN` when there is nothing and it does not wait, `EINTR`, `EFAULT`.
  final func take(into output: inout IOBuffer, waits: Bool) throws(Errno) -> Int {
    guard output.remaining > 0 else { return 0 }
    var count = 0
    while count == 0 {
      if waits {
        try arrivals.wait { hasUntaken }
      } else if !hasUntaken {
        throw .EAGAIN
      }
      while output.remaining > 0, let text = take(limit: output.remaining, isCut: count == 0) {
        count += try output.write(text.bytes)
      }
    }
    return count
  }

  /// Whether there is something to take.
  final var hasUntaken: Bool {
    guard let next = positions.withLock({ $0.next }) ?? oldest, let newest else { return false }
    return next.sequence < newest.sequence
  }

  /// How many bytes there are to take.
  final var untakenByteCount: Int {
    let position = positions.withLock { $0 }
    guard let start = position.next ?? oldest else { return 0 }
    return max(0, textByteCount(from: start) - position.taken)
  }

  // MARK: Looking

  /// Where those begin who are shown at most `limit` bytes of what was not cleared.
  final func start(ofLast limit: Int) -> LogRing.Cursor? {
    guard var cursor = positions.withLock({ $0.cleared }) ?? oldest else { return nil }
    var left = textByteCount(from: cursor)
    var record = LogRecord()
    while left > limit {
      guard read(&cursor, into: &record) else { return nil }
      left -= SystemLogText(record).count
    }
    return cursor
  }

  private final func textByteCount(from start: LogRing.Cursor) -> Int {
    var (cursor, record, count) = (start, LogRecord(), 0)
    while read(&cursor, into: &record) { count += SystemLogText(record).count }
    return count
  }

  /// Hides what there is now from those who only look.
  final func clear() {
    let newest = newest
    positions.withLock { $0.cleared = newest }
  }
}

/// A record as syslog(2) gives it: each line with its level before it.
struct SystemLogText: TextSink {
  private var storage = InlineArray<1_024, UInt8>(repeating: 0)
  private var start = 0
  private var end = 0
  private let digit: UInt8
  private var isAtLineStart = true

  init(_ record: LogRecord) {
    digit = UInt8(ascii: "0") + record.level.rawValue
    record.write(to: &self)
  }

  mutating func write(_ bytes: Span<UInt8>) {
    for index in bytes.indices {
      if isAtLineStart {
        put(UInt8(ascii: "<"))
        put(digit)
        put(UInt8(ascii: ">"))
      }
      put(bytes[index])
      isAtLineStart = bytes[index] == UInt8(ascii: "\n")
    }
  }

  private mutating func put(_ byte: UInt8) {
    guard end < 1_024 else { return }
    storage[end] = byte
    end += 1
  }

  /// How many bytes it has.
  var count: Int { end - start }

  /// Removes the first bytes.
  mutating func drop(_ count: Int) { start = min(end, start + count) }

  /// Removes all but the first bytes.
  mutating func keep(_ count: Int) { end = min(end, start + count) }

  /// The bytes.
  var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    get { storage.span.extracting(start..<end) }
  }
}
