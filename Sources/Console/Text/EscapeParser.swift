/// Tells characters, control characters and escape sequences apart.
///
/// Follows ECMA-48 and the state machine that DEC's VT500 series shows to the outside. Takes decoded characters, so that a
/// control sequence inside a malformed character does no harm. Everything is bounded: at most `maximumParameters` numbers of at
/// most `maximumValue`, and a string that nobody ends is given up after `maximumStringLength` characters. C1 controls
/// (U+0080...U+009F) do nothing: in UTF-8 text they come from mistakes, not from programs.
public struct EscapeParser: Sendable {
  /// How many parameters a sequence may have; what follows is ignored.
  public static let maximumParameters = 32
  /// The largest parameter; larger ones count as this.
  public static let maximumValue: UInt16 = 9999
  /// How long the text of an operating-system command or device-control string may be.
  public static let maximumStringLength = 4096

  /// What a character led to.
  public enum Action: Equatable, Sendable {
    /// Nothing yet, or nothing at all.
    case none
    /// A character to show.
    case print(Unicode.Scalar)
    /// A C0 control character.
    case control(UInt8)
    /// ESC, at most one byte 0x20...0x2F (0 for none), and a final byte.
    case escape(intermediate: UInt8, final: UInt8)
    /// A control sequence; its numbers are in `parameters`.
    case sequence(prefix: UInt8, intermediate: UInt8, final: UInt8)
  }

  private enum State: Sendable {
    case ground, escape, sequenceStart, sequence, sequenceIgnored, string
    /// Behind `ESC [ [`, which Linux's function keys send: one more character belongs to it.
    case functionKey
    /// Behind `ESC ]`: Linux has two commands there without an end.
    case commandStart
  }

  private var state = State.ground
  private var prefix: UInt8 = 0
  private var intermediate: UInt8 = 0
  private var stringLeft = 0
  /// The numbers of the last control sequence.
  public private(set) var parameters = Parameters()

  /// A parser between two characters.
  public init() {}

  /// Whether a printable character would be shown.
  public var isAtGround: Bool { state == .ground }

  /// Takes the next character.
  public mutating func take(_ scalar: Unicode.Scalar) -> Action {
    switch scalar.value {
    case 0x18, 0x1a:
      state = .ground
      return .none
    case 0x1b:
      state = .escape
      intermediate = 0
      return .none
    case 0x00...0x1f:
      if state == .string || state == .commandStart {
        takeString(scalar)
        return .none
      }
      return .control(UInt8(truncatingIfNeeded: scalar.value))
    case 0x7f...0x9f:
      return .none
    default:
      return takeGraphic(scalar)
    }
  }

  private mutating func takeGraphic(_ scalar: Unicode.Scalar) -> Action {
    switch state {
    case .ground: return .print(scalar)
    case .functionKey:
      state = .ground
      return .none
    case .string, .commandStart:
      takeString(scalar)
      return .none
    case .escape, .sequenceStart, .sequence, .sequenceIgnored:
      guard scalar.value < 0x7f else {
        // No sequence goes on like this: it was none.
        state = .ground
        return .print(scalar)
      }
      let byte = UInt8(truncatingIfNeeded: scalar.value)
      return state == .escape ? takeEscape(byte) : takeSequence(byte)
    }
  }

  private mutating func takeEscape(_ byte: UInt8) -> Action {
    switch byte {
    case 0x20...0x2f:
      // Two intermediates are no sequence that is known here; the final byte must not be taken for that of a shorter one.
      intermediate = intermediate == 0 ? byte : 0xff
    case UInt8(ascii: "[") where intermediate == 0:
      state = .sequenceStart
      prefix = 0
      parameters = Parameters()
    case UInt8(ascii: "]") where intermediate == 0:
      state = .commandStart
      stringLeft = Self.maximumStringLength
    case UInt8(ascii: "P") where intermediate == 0, UInt8(ascii: "X") where intermediate == 0,
      UInt8(ascii: "^") where intermediate == 0, UInt8(ascii: "_") where intermediate == 0:
      state = .string
      stringLeft = Self.maximumStringLength
    default:
      state = .ground
      return .escape(intermediate: intermediate, final: byte)
    }
    return .none
  }

  private mutating func takeSequence(_ byte: UInt8) -> Action {
    switch byte {
    case UInt8(ascii: "[") where state == .sequenceStart: state = .functionKey
    case 0x40...0x7e:
      defer { state = .ground }
      if state == .sequenceIgnored { return .none }
      parameters.finish()
      return .sequence(prefix: prefix, intermediate: intermediate, final: byte)
    case _ where state == .sequenceIgnored: break
    case 0x3c...0x3f where state == .sequenceStart:
      prefix = byte
      state = .sequence
    case 0x30...0x3b where intermediate == 0:
      parameters.take(byte)
      state = .sequence
    case 0x20...0x2f where intermediate == 0:
      intermediate = byte
      state = .sequence
    default: state = .sequenceIgnored
    }
    return .none
  }

  private mutating func takeString(_ scalar: Unicode.Scalar) {
    if state == .commandStart {
      state = .string
      // Linux's own: `ESC ] R` ends there, `ESC ] P` takes seven digits. Source: console_codes(4).
      if scalar == "R" { stringLeft = 1 }
      if scalar == "P" { stringLeft = 8 }
    }
    stringLeft &-= 1
    if scalar.value == 0x07 || stringLeft <= 0 { state = .ground }
  }
}

extension EscapeParser {
  /// The numbers of a control sequence; one that was left out is 0.
  public struct Parameters: Sendable {
    private var values = InlineArray<32, UInt16>(repeating: 0)
    /// Bit n: number n stood behind a colon, so that it belongs to the one before.
    private var belonging: UInt32 = 0
    /// How many there are, 0...32.
    public private(set) var count = 0
    private var isFull = false

    /// No numbers.
    public init() {}

    /// Number `index`, or 0 when there is none.
    public subscript(index: Int) -> UInt16 { index >= 0 && index < count ? values[index] : 0 }

    /// Whether number `index` stood behind a colon.
    public func belongsToPrevious(_ index: Int) -> Bool { index >= 0 && index < count && belonging >> index & 1 == 1 }

    /// Number `index`, where 0 and absence mean 1, as in counts and positions.
    public func countAt(_ index: Int) -> Int { max(Int(self[index]), 1) }

    fileprivate mutating func take(_ byte: UInt8) {
      if count == 0 { count = 1 }
      switch byte {
      case 0x30...0x39:
        guard !isFull else { return }
        let value = UInt32(values[count &- 1]) &* 10 &+ UInt32(byte &- 0x30)
        values[count &- 1] = UInt16(min(value, UInt32(EscapeParser.maximumValue)))
      default:
        guard count < EscapeParser.maximumParameters else {
          isFull = true
          return
        }
        if byte == UInt8(ascii: ":") { belonging |= 1 << UInt32(count) }
        count &+= 1
      }
    }

    fileprivate mutating func finish() {
      // A sequence without any number has one that was left out.
      if count == 0 { count = 1 }
    }
  }
}
