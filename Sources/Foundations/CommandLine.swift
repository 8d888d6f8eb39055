/// The kernel's command line, read as Linux reads it.
///
/// Parameters are separated by white space; a value, or a whole parameter, in double quotes may hold white space; hyphens and
/// underscores in keys are the same; what follows `--` belongs to init. Nothing is copied, and no text makes it trap. Source:
/// Linux, Documentation/admin-guide/kernel-parameters.rst.
public struct CommandLine: ~Escapable {
  /// A key and, behind an equals sign, its value: places in the text.
  public struct Parameter: Equatable, Sendable {
    /// Where the key stands.
    public let key: Range<Int>
    /// Where the value stands, without its quotes; nil when there is no equals sign.
    public let value: Range<Int>?
  }

  /// The whole text.
  public let text: Span<UInt8>
  /// Where the arguments for init begin.
  private let kernelEnd: Int
  private let initStart: Int

  /// The command line `text`; it ends early at a zero byte.
  @_lifetime(copy text)
  public init(_ text: Span<UInt8>) {
    var end = 0
    while end < text.count && text[end] != 0 { end += 1 }
    let line = text.extracting(0..<end)
    self.text = line
    let (kernelEnd, initStart) = Self.separator(in: line)
    self.kernelEnd = kernelEnd
    self.initStart = initStart
  }

  /// The arguments for init: what follows `--`.
  public var initArguments: Span<UInt8> {
    @_lifetime(copy self)
    get { text.extracting(initStart..<text.count) }
  }

  /// The bytes at `range`, which came from a `Parameter` of this line; the part of it that exists.
  @_lifetime(copy self)
  public func bytes(_ range: Range<Int>) -> Span<UInt8> { text.extracting(range.clamped(to: 0..<text.count)) }

  // MARK: Looking up

  /// The parameter that stands first at or behind `position`, which moves behind it; nil at the end.
  public func next(after position: inout Int) -> Parameter? {
    guard let (parameter, end) = Self.parameter(in: text, from: position, to: kernelEnd) else {
      position = kernelEnd
      return nil
    }
    position = end
    return parameter
  }

  /// Whether `parameter` has the key `key`; hyphens and underscores are the same.
  public func has(_ parameter: Parameter, key: String) -> Bool {
    guard key.utf8.count == parameter.key.count else { return false }
    var place = parameter.key.lowerBound
    for byte in key.utf8 {
      guard Self.folded(byte) == Self.folded(text[place]) else { return false }
      place &+= 1
    }
    return true
  }

  /// The last parameter with this key: a later one overrides an earlier one.
  public func last(_ key: String) -> Parameter? {
    var position = 0
    var found: Parameter?
    while let parameter = next(after: &position) {
      if has(parameter, key: key) { found = parameter }
    }
    return found
  }

  /// Whether `key` stands there, with or without a value.
  public func contains(_ key: String) -> Bool { last(key) != nil }

  /// The last value of `key`; nil when it is missing or has no value.
  @_lifetime(copy self)
  public func value(_ key: String) -> Span<UInt8>? {
    guard let range = last(key)?.value else { return nil }
    return bytes(range)
  }

  /// The last value of `key` as a number: decimal, hexadecimal behind `0x` or octal behind `0`.
  ///
  /// - Returns: nil when it is missing, no number, or does not fit.
  public func integer(_ key: String) -> UInt64? {
    guard let range = last(key)?.value else { return nil }
    return NumberText.integer(bytes(range))
  }

  /// The last value of `key` as a size: a number behind which one of K, M, G, T, P, E multiplies by powers of 1,024.
  ///
  /// - Returns: nil when it is missing, no size, or does not fit.
  public func size(_ key: String) -> UInt64? {
    guard let range = last(key)?.value else { return nil }
    return NumberText.size(bytes(range))
  }

  /// Whether `key` is on: it stands there without a value, or its value is 1, y, Y, t, T or begins with `on`.
  ///
  /// - Returns: nil when it is missing or its value is neither on nor off.
  public func flag(_ key: String) -> Bool? {
    guard let parameter = last(key) else { return nil }
    guard let value = parameter.value else { return true }
    return NumberText.flag(bytes(value))
  }

  // MARK: Parsing

  /// Where the kernel's part ends and init's begins.
  private static func separator(in text: Span<UInt8>) -> (kernelEnd: Int, initStart: Int) {
    var position = 0
    while let (parameter, end) = parameter(in: text, from: position, to: text.count) {
      let key = parameter.key
      if key.count == 2 && parameter.value == nil && text[key.lowerBound] == 0x2d && text[key.lowerBound &+ 1] == 0x2d {
        // Not where the key begins: behind a quotation mark that would be left as a parameter.
        return (position, skippingSpace(in: text, from: end, to: text.count))
      }
      position = end
    }
    return (text.count, text.count)
  }

  private static func parameter(
    in text: Span<UInt8>, from position: Int, to end: Int
  ) -> (parameter: Parameter, end: Int)? {
    var start = skippingSpace(in: text, from: max(position, 0), to: end)
    guard start < end else { return nil }
    let isQuoted = text[start] == quote
    if isQuoted { start &+= 1 }
    var isInQuotes = isQuoted
    var equals: Int?
    var index = start
    while index < end && (isInQuotes || !isSpace(text[index])) {
      // An equals sign at the beginning is part of the key.
      if text[index] == 0x3d && equals == nil && index > start { equals = index }
      if text[index] == quote { isInQuotes.toggle() }
      index &+= 1
    }
    var valueEnd = index
    if isQuoted && valueEnd > start && text[valueEnd &- 1] == quote { valueEnd &-= 1 }
    guard let equals else { return (Parameter(key: start..<valueEnd, value: nil), index) }
    var valueStart = equals &+ 1
    if valueStart < valueEnd && text[valueStart] == quote {
      valueStart &+= 1
      if valueEnd > valueStart && text[valueEnd &- 1] == quote { valueEnd &-= 1 }
    }
    return (Parameter(key: start..<equals, value: valueStart..<max(valueStart, valueEnd)), index)
  }

  private static func skippingSpace(in text: Span<UInt8>, from position: Int, to end: Int) -> Int {
    var index = position
    while index < end && isSpace(text[index]) { index &+= 1 }
    return index
  }

  private static var quote: UInt8 { 0x22 }
  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
  private static func folded(_ byte: UInt8) -> UInt8 { byte == 0x2d ? 0x5f : byte }
}
