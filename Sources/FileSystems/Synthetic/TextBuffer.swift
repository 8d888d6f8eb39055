public import Foundations
import Machine

/// Text that is made for a reader. It grows as it is written; what there was no memory for is noted, not written.
public struct TextBuffer: TextSink, ~Copyable {
  private static let firstCapacity = 256

  private var storage = GrowableArray<UInt8>()
  /// Whether something is missing for want of memory.
  public private(set) var lacksMemory = false

  /// Creates an empty text.
  public init() {}

  /// How many bytes it has.
  public var count: Int { storage.count }

  /// The bytes.
  public var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    get { storage.span }
  }

  /// Appends `bytes`.
  public mutating func write(_ bytes: Span<UInt8>) {
    guard !lacksMemory else { return }
    do throws(Errno) {
      let wanted = storage.count + bytes.count
      if wanted > storage.capacity {
        try storage.reserveCapacity(max(wanted, storage.capacity * 2, Self.firstCapacity))
      }
      for index in bytes.indices { try storage.append(bytes[index]) }
    } catch {
      lacksMemory = true
    }
  }

  /// Makes it empty, and keeps its memory.
  public mutating func removeAll() {
    storage.removeAll()
    lacksMemory = false
  }

  /// Fills up with spaces until `start` is `count` bytes behind.
  public mutating func pad(from start: Int, to count: Int) {
    write(repeating: 0x20, count: start + count - self.count)
  }

  /// Appends `bytes` with what would end a field written as three octal digits behind a backslash: space, tab, newline, the
  /// backslash itself, and `#`. Source: proc(5), `/proc/pid/mounts`; getmntent(3).
  public mutating func write(escaping bytes: Span<UInt8>) {
    for index in bytes.indices { write(escaping: bytes[index]) }
  }

  /// The same of one byte.
  public mutating func write(escaping byte: UInt8) {
    switch byte {
    case 0x09, 0x0a, 0x20, 0x23, 0x5c:
      write(byte: 0x5c)
      for shift: UInt8 in [6, 3, 0] { write(byte: 0x30 + (byte >> shift & 7)) }
    default: write(byte: byte)
    }
  }
}
