public import Foundations

/// A line of a trace, on the stack. What does not fit is cut off.
public struct TraceLine: ~Copyable, TextSink {
  /// How many bytes fit.
  public static let capacity = 512
  /// The column that results begin in, if the call is shorter.
  private static let resultColumn = 40

  private var storage = InlineArray<512, UInt8>(repeating: 0)
  private var count = 0
  private var isCut = false
  private var isResult = false

  /// An empty line.
  public init() {}

  /// The text, UTF-8 as far as names and numbers go; everything else is escaped.
  public var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    get { storage.span.extracting(0..<count) }
  }

  /// Takes `bytes`, as many as fit; a line that is cut ends in three dots.
  public mutating func write(_ bytes: Span<UInt8>) {
    guard !isCut else { return }
    // Room is kept for the result, which is what a reader looks for first.
    let limit = isResult ? Self.capacity - 3 : Self.capacity - 96
    for index in bytes.indices {
      guard count < limit else {
        isCut = true
        dots()
        return
      }
      storage[count] = bytes[index]
      count += 1
    }
  }

  /// Ends the arguments and goes to where the result begins; from now on the room kept for it is used.
  mutating func beginResult() {
    isCut = false
    append(UInt8(ascii: ")"))
    repeat { append(0x20) } while count < Self.resultColumn
    isResult = true
  }

  private mutating func append(_ byte: UInt8) {
    guard count < Self.capacity else { return }
    storage[count] = byte
    count += 1
  }

  private mutating func dots() {
    for _ in 0..<3 { append(UInt8(ascii: ".")) }
  }
}
