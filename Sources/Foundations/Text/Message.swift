/// A short text in a fixed buffer, made by string interpolation without allocating.
///
/// What does not fit is cut off, and the text ends in `…`. Interpolations: numbers (`\(count)`), `\(hex: address)`,
/// `\(bytes: size)`, `\(nanoseconds: time)`, texts and other messages.
public struct Message: ExpressibleByStringInterpolation, TextSink, Sendable {
  /// Bytes that a message holds at most.
  public static let capacity = 240

  private var storage = InlineArray<240, UInt8>(repeating: 0)
  /// The length in bytes.
  public private(set) var count = 0
  private var isCut = false

  /// Creates an empty message.
  public init() {}

  /// Creates a message from a literal.
  @inline(never)
  public init(stringLiteral value: String) {
    write(value)
  }

  /// Creates a message from an interpolated literal.
  @inline(never)
  public init(stringInterpolation: Interpolation) {
    self = stringInterpolation.message
  }

  /// The text's bytes.
  public var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    get { storage.span.extracting(0..<count) }
  }

  /// Appends `bytes`, as many as fit.
  public mutating func write(_ bytes: Span<UInt8>) {
    for index in bytes.indices where !isCut {
      guard count < Self.capacity else {
        markAsCut()
        return
      }
      storage[count] = bytes[index]
      count += 1
    }
  }

  /// Ends a full message with `…`, without leaving half a character before it.
  private mutating func markAsCut() {
    var end = Self.capacity - 3
    while end > 0 && storage[end] & 0xc0 == 0x80 { end -= 1 }
    storage[end] = 0xe2
    storage[end + 1] = 0x80
    storage[end + 2] = 0xa6
    count = end + 3
    isCut = true
  }

  /// Collects the parts of an interpolated literal.
  public struct Interpolation: StringInterpolationProtocol {
    fileprivate var message = Message()

    /// Creates an empty interpolation.
    @inline(never)
    public init(literalCapacity: Int, interpolationCount: Int) {}

    /// Appends literal text.
    @inline(never)
    public mutating func appendLiteral(_ literal: String) { message.write(literal) }
    /// Appends a text.
    @inline(never)
    public mutating func appendInterpolation(_ text: String) { message.write(text) }
    /// Appends another message.
    @inline(never)
    public mutating func appendInterpolation(_ text: Message) { message.write(text.bytes) }
    /// Appends UTF-8 bytes.
    @inline(never)
    public mutating func appendInterpolation(utf8 bytes: Span<UInt8>) { message.write(bytes) }
    /// Appends an integer in decimal.
    @inline(never)
    public mutating func appendInterpolation<Value: BinaryInteger>(_ value: Value) {
      if Value.isSigned {
        message.write(decimal: Int(truncatingIfNeeded: value))
      } else {
        message.write(decimal: UInt64(truncatingIfNeeded: value))
      }
    }
    /// Appends an unsigned integer in hexadecimal, behind `0x`.
    @inline(never)
    public mutating func appendInterpolation<Value: BinaryInteger>(hex value: Value, width: Int = 1) {
      message.write("0x")
      message.write(hex: UInt64(truncatingIfNeeded: value), width: width)
    }
    /// Appends a number of bytes in a readable unit.
    @inline(never)
    public mutating func appendInterpolation<Value: BinaryInteger>(bytes value: Value) {
      message.write(byteCount: UInt64(truncatingIfNeeded: value))
    }
    /// Appends a duration in a readable unit.
    @inline(never)
    public mutating func appendInterpolation(nanoseconds value: UInt64) { message.write(nanoseconds: value) }
    /// Appends `yes` or `no`.
    @inline(never)
    public mutating func appendInterpolation(_ value: Bool) { message.write(value ? "yes" : "no") }
  }
}

extension TextSink where Self: ~Copyable {
  /// Writes a message.
  @inlinable
  public mutating func write(_ message: Message) {
    write(message.bytes)
  }
}
