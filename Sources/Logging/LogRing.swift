import Foundations

/// The log of the kernel: the last messages, as many as fit.
///
/// Records lie one behind the other in a ring of bytes; a new one overwrites the oldest. Every reader has its own cursor and is told
/// how many records it missed. Appending and reading neither allocate nor wait; the owner provides the lock.
public struct LogRing: ~Copyable {
  /// The place of a reader in the log.
  public struct Cursor: Equatable, Sendable {
    /// The number of the record that is read next.
    public fileprivate(set) var sequence: UInt64
    fileprivate var position: UInt64
  }

  /// What stands before a record's text: its length in two bytes, level, subsystem, CPU in two, two unused, time in eight.
  private static var headerLength: Int { 16 }
  /// The smallest ring: room for two of the longest records.
  private static var minimumLength: Int { 1024 }

  private var bytes: [UInt8]
  /// Positions count bytes since the boot; the ring's length is a power of two, so that a mask finds their place in it.
  private let mask: UInt64
  private var head: UInt64 = 0
  private var tail: UInt64 = 0
  /// The number of the next record, and so how many there were.
  public private(set) var nextSequence: UInt64 = 0
  /// The number of the oldest record that is still there.
  public private(set) var firstSequence: UInt64 = 0

  /// An empty log of at least `byteCount` bytes, rounded up to a power of two; the memory is allocated here and only here.
  public init(byteCount: Int) {
    var length = Self.minimumLength
    while length < byteCount && length < 1 << 30 { length &<<= 1 }
    bytes = [UInt8](repeating: 0, count: length)
    mask = UInt64(length) &- 1
  }

  /// How many bytes the ring has.
  public var byteCount: Int { bytes.count }

  // MARK: Writing

  /// Adds a message, cut to `LogRecord.maximumTextLength` bytes, and returns its number.
  @discardableResult
  public mutating func append(
    _ level: LogLevel, _ subsystem: LogSubsystem, _ text: Span<UInt8>, nanoseconds: UInt64, cpu: UInt16 = 0
  ) -> UInt64 {
    let kept = Self.keptLength(text)
    let ellipsis = kept < text.count ? 3 : 0
    let length = kept &+ ellipsis
    makeRoom(for: Self.headerLength &+ length)
    put(UInt64(length), byteCount: 2)
    put(UInt64(level.rawValue), byteCount: 1)
    put(UInt64(subsystem.rawValue), byteCount: 1)
    put(UInt64(cpu), byteCount: 2)
    put(0, byteCount: 2)
    put(nanoseconds, byteCount: 8)
    for index in 0..<kept { put(text[index]) }
    // U+2026 in UTF-8, lowest byte first.
    if ellipsis > 0 { put(0xa6_80e2, byteCount: 3) }
    let sequence = nextSequence
    nextSequence &+= 1
    return sequence
  }

  /// Adds `message`.
  @discardableResult
  public mutating func append(
    _ level: LogLevel, _ subsystem: LogSubsystem, _ message: Message, nanoseconds: UInt64, cpu: UInt16 = 0
  ) -> UInt64 {
    append(level, subsystem, message.bytes, nanoseconds: nanoseconds, cpu: cpu)
  }

  /// How much of `text` fits, without half a character at the end.
  private static func keptLength(_ text: Span<UInt8>) -> Int {
    guard text.count > LogRecord.maximumTextLength else { return text.count }
    var end = LogRecord.maximumTextLength &- 3
    while end > 0 && text[end] & 0xc0 == 0x80 { end &-= 1 }
    return end
  }

  private mutating func makeRoom(for length: Int) {
    while head &+ UInt64(length) &- tail > UInt64(bytes.count) {
      tail &+= UInt64(Self.headerLength) &+ get(tail, byteCount: 2)
      firstSequence &+= 1
    }
  }

  private mutating func put(_ byte: UInt8) {
    bytes[Int(head & mask)] = byte
    head &+= 1
  }

  private mutating func put(_ value: UInt64, byteCount: Int) {
    for index in 0..<byteCount { put(UInt8(truncatingIfNeeded: value >> UInt64(8 &* index))) }
  }

  private func get(_ position: UInt64, byteCount: Int) -> UInt64 {
    var value: UInt64 = 0
    for index in 0..<UInt64(byteCount) { value |= UInt64(bytes[Int((position &+ index) & mask)]) << (8 &* index) }
    return value
  }

  // MARK: Reading

  /// The place of the oldest record.
  public var oldest: Cursor { Cursor(sequence: firstSequence, position: tail) }
  /// The place behind the newest record.
  public var newest: Cursor { Cursor(sequence: nextSequence, position: head) }

  /// Copies the record at `cursor`, or the oldest when that one is gone, and moves the cursor behind it.
  ///
  /// - Returns: false when there is none yet; `record` is then as it was.
  public func read(_ cursor: inout Cursor, into record: inout LogRecord) -> Bool {
    record.lost = 0
    if cursor.sequence < firstSequence {
      record.lost = firstSequence &- cursor.sequence
      cursor = oldest
    }
    guard cursor.sequence < nextSequence else { return false }
    let start = cursor.position
    let length = min(Int(get(start, byteCount: 2)), LogRecord.maximumTextLength)
    record.sequence = cursor.sequence
    record.level = LogLevel(rawValue: UInt8(truncatingIfNeeded: get(start &+ 2, byteCount: 1))) ?? .info
    record.subsystem = LogSubsystem(rawValue: UInt8(truncatingIfNeeded: get(start &+ 3, byteCount: 1))) ?? .kernel
    record.cpu = UInt16(truncatingIfNeeded: get(start &+ 4, byteCount: 2))
    record.nanoseconds = get(start &+ 8, byteCount: 8)
    let text = start &+ UInt64(Self.headerLength)
    for index in 0..<length { record.storage[index] = bytes[Int((text &+ UInt64(index)) & mask)] }
    record.textLength = length
    cursor.position = text &+ UInt64(length)
    cursor.sequence &+= 1
    return true
  }
}
