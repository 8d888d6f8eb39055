/// A key went down or up. One that is held goes down again and again.
public struct KeyEvent: Equatable, Sendable {
  /// Which.
  public var key: KeyCode
  /// Whether it went down.
  public var isPressed: Bool

  /// Describes an event.
  public init(_ key: KeyCode, isPressed: Bool) { (self.key, self.isPressed) = (key, isPressed) }
}

/// A key went down or up, by its code of the first set, with bit 7 for one that is sent behind a prefix.
struct ScanCodeEvent: Equatable {
  var code: UInt8
  var isPressed: Bool
}

/// Makes scan codes of the bytes that a keyboard sends.
///
/// Takes any bytes: those that are part of no code give none. Source: Microsoft, Keyboard Scan Code Specification, revision 1.3a, appendix
/// C and section 3 of the PS/2 part: prefixes, and errors of the keyboard.
struct ScanCodeDecoder {
  /// The codes that a keyboard sends.
  enum CodeSet {
    /// The PC's first, into which the controller translates the second.
    case first
    /// What keyboards send where the controller does not translate.
    case second
  }

  enum Result: Equatable {
    case none
    case event(ScanCodeEvent)
    /// The keyboard has lost keys, also of those that went up.
    case lostKeys
  }

  private enum State {
    case start
    case extended
    case long
    case longSecond(UInt8)
  }

  private let codes: CodeSet
  private var state = State.start
  private var isReleasePending = false

  init(_ codes: CodeSet = .first) { self.codes = codes }

  /// Takes a byte.
  mutating func take(_ byte: UInt8) -> Result {
    guard codes == .second else { return takeFirst(byte) }
    switch byte {
    case 0xf0:
      isReleasePending = true
      return .none
    case 0x00, 0xff, 0xe0, 0xe1: return takeFirst(byte)
    default:
      let isRelease = isReleasePending
      isReleasePending = false
      guard let code = ScanCodeTranslation.firstSet(of: byte) else {
        state = .start
        return .none
      }
      return takeFirst(isRelease ? code | 0x80 : code)
    }
  }

  private mutating func takeFirst(_ byte: UInt8) -> Result {
    switch byte {
    case 0x00, 0xff:
      (state, isReleasePending) = (.start, false)
      return .lostKeys
    case 0xe0:
      state = .extended
      return .none
    case 0xe1:
      state = .long
      return .none
    default: break
    }
    let before = state
    state = .start
    let (code, isPressed) = (byte & 0x7f, byte & 0x80 == 0)
    switch before {
    case .start: return .event(ScanCodeEvent(code: code, isPressed: isPressed))
    case .extended:
      // Shifts that keyboards send around other keys for the sake of programs that know no prefix.
      if code == 0x2a || code == 0x36 { return .none }
      return .event(ScanCodeEvent(code: code | 0x80, isPressed: isPressed))
    case .long:
      state = .longSecond(code)
      return .none
    case .longSecond(let first):
      guard first == 0x1d else { return .none }
      return .event(ScanCodeEvent(code: code | 0x80, isPressed: isPressed))
    }
  }
}

/// The second set of scan codes by the first. Source: IBM Personal System/2 Hardware Interface Technical Reference, May 1988,
/// keyboard controller, scan code translation.
enum ScanCodeTranslation {
  /// What the controller would make of `byte`; nil when it is no code.
  static func firstSet(of byte: UInt8) -> UInt8? {
    switch byte {
    case 0x83: return 0x41
    case 0x84: return 0x54
    case 0x80...0xff: return nil
    default: break
    }
    let digits = table.utf8Span.span
    let place = 2 * Int(byte)
    guard place + 1 < digits.count else { return nil }
    let value = digit(digits[place]) << 4 | digit(digits[place + 1])
    return value == 0xff ? nil : value
  }

  private static func digit(_ byte: UInt8) -> UInt8 { byte <= 0x39 ? byte &- 0x30 : byte &- 0x57 }

  /// Two hexadecimal digits for each of 0x00...0x7F.
  private static var table: String {
    """
    ff43413f3d3b3c58644442403e0f295965382a701d10025a66712c1f1e11035b\
    672e2d201205045c68392f211413065d693130232215075e6a7232241608095f\
    6b332517180b0a606c34352627190c616d7328741a0d626e3a361c1b752b6376\
    55567778797a0e7b7c4f7d4b477e7f6f5253504c4d480145574e514a37494654
    """
  }
}
