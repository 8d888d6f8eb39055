/// What programs have asked keys to send.
public struct KeyModes: Equatable, Sendable {
  /// Whether arrow keys send what they do in application mode.
  public var hasApplicationCursorKeys: Bool
  /// Whether the keypad sends sequences instead of digits.
  public var hasApplicationKeypad: Bool

  /// Modes, the usual ones by default.
  public init(hasApplicationCursorKeys: Bool = false, hasApplicationKeypad: Bool = false) {
    self.hasApplicationCursorKeys = hasApplicationCursorKeys
    self.hasApplicationKeypad = hasApplicationKeypad
  }
}

/// What keys can ask for besides typing.
public enum KeyboardRequest: Equatable, Sendable {
  /// Ctrl, Alt and Delete: the machine is to be restarted.
  case restart
  /// Shift and Page Up: what has left the screen.
  case lookBack
  /// Shift and Page Down.
  case lookForward
}

/// The locks, as the keyboard's lights show them: the bits of the command that sets those.
struct KeyboardLocks: OptionSet {
  let rawValue: UInt8
  static let scrollLock = KeyboardLocks(rawValue: 1)
  static let numLock = KeyboardLocks(rawValue: 2)
  static let capsLock = KeyboardLocks(rawValue: 4)
}

/// Makes of keys what they type: text by the map, modifiers, locks, dead keys, and the sequences of Linux's console.
///
/// Sources: Linux, drivers/tty/vt/keyboard.c and drivers/tty/vt/defkeymap.map; console_codes(4).
struct KeyInterpreter {
  /// What a key came to.
  enum Action: Equatable {
    case none
    case text(KeyText)
    case request(KeyboardRequest)
    case locksChanged
  }

  private struct Held: OptionSet {
    let rawValue: UInt8
    static let leftShift = Held(rawValue: 1)
    static let rightShift = Held(rawValue: 2)
    static let leftControl = Held(rawValue: 4)
    static let rightControl = Held(rawValue: 8)
    static let leftAlt = Held(rawValue: 16)
    static let rightAlt = Held(rawValue: 32)
  }

  private let map: KeyMap
  private var held: Held = []
  private(set) var locks: KeyboardLocks = []
  /// Locks whose key is down: it repeats, the lock does not.
  private var heldLocks: KeyboardLocks = []
  /// The dead key that waits; 0 for none.
  private var dead: UInt32 = 0

  init(_ map: KeyMap) { self.map = map }

  private var isShifted: Bool { !held.isDisjoint(with: [.leftShift, .rightShift]) }
  private var isControl: Bool { !held.isDisjoint(with: [.leftControl, .rightControl]) }
  private var isThirdLevel: Bool { map.hasAltGr && held.contains(.rightAlt) }
  private var isMeta: Bool { held.contains(.leftAlt) || !map.hasAltGr && held.contains(.rightAlt) }

  /// Takes what a key did.
  mutating func take(_ event: KeyEvent, _ modes: KeyModes) -> Action {
    if let modifier = Self.modifier(event.key) {
      if event.isPressed { held.insert(modifier) } else { held.remove(modifier) }
      return .none
    }
    if let lock = Self.lock(event.key) { return take(lock, isPressed: event.isPressed) }
    guard event.isPressed else { return .none }
    if let request = request(event.key) { return .request(request) }
    var text = KeyText()
    if let texts = map.texts(of: event.key) {
      type(texts, into: &text)
    } else {
      type(event.key, modes, into: &text)
    }
    return text.count > 0 ? .text(text) : .none
  }

  private static func modifier(_ key: KeyCode) -> Held? {
    switch key {
    case .leftShift: .leftShift
    case .rightShift: .rightShift
    case .leftControl: .leftControl
    case .rightControl: .rightControl
    case .leftAlt: .leftAlt
    case .rightAlt: .rightAlt
    default: nil
    }
  }

  private static func lock(_ key: KeyCode) -> KeyboardLocks? {
    switch key {
    case .capsLock: .capsLock
    case .numLock: .numLock
    case .scrollLock: .scrollLock
    default: nil
    }
  }

  private mutating func take(_ lock: KeyboardLocks, isPressed: Bool) -> Action {
    guard isPressed else {
      heldLocks.remove(lock)
      return .none
    }
    guard heldLocks.isDisjoint(with: lock) else { return .none }
    heldLocks.insert(lock)
    locks.formSymmetricDifference(lock)
    return .locksChanged
  }

  private func request(_ key: KeyCode) -> KeyboardRequest? {
    switch key {
    case .delete, .keypadDot: isControl && (isMeta || held.contains(.rightAlt)) ? .restart : nil
    case .pageUp: isShifted ? .lookBack : nil
    case .pageDown: isShifted ? .lookForward : nil
    default: nil
    }
  }

  // MARK: Text

  private mutating func type(_ texts: KeyTexts, into text: inout KeyText) {
    let isUpper = texts.isLetter && locks.contains(.capsLock) ? !isShifted : isShifted
    let symbol = texts.symbol(isShifted: isUpper, isThirdLevel: isThirdLevel)
    guard symbol != 0 else { return }
    let character = symbol & ~KeyTexts.deadBit
    if isControl {
      dead = 0
      guard let byte = Self.control(character) else { return }
      if isMeta { text.append(0x1b) }
      return text.append(byte)
    }
    if isMeta {
      dead = 0
      text.append(0x1b)
      return text.append(character: character)
    }
    if symbol & KeyTexts.deadBit != 0 && dead == 0 {
      dead = character
      return
    }
    compose(character, into: &text)
  }

  /// Types `character`, changed by a dead key if one waits. Space and the dead key itself give its own character.
  private mutating func compose(_ character: UInt32, into text: inout KeyText) {
    let waiting = dead
    dead = 0
    guard waiting != 0 else { return text.append(character: character) }
    if let composed = map.compose(dead: waiting, base: character) { return text.append(character: composed) }
    text.append(character: waiting)
    if character != 0x20 && character != waiting { text.append(character: character) }
  }

  /// What Ctrl makes of a character; nil for nothing. Source: Linux, drivers/tty/vt/defkeymap.map.
  private static func control(_ character: UInt32) -> UInt8? {
    switch character {
    case 0x40...0x5f, 0x61...0x7a: UInt8(truncatingIfNeeded: character & 0x1f)
    case 0x20, 0x32: 0x00
    case 0x33...0x37: UInt8(truncatingIfNeeded: character &- 0x33 &+ 0x1b)
    case 0x38, 0x3f: 0x7f
    case 0x2f: 0x1f
    default: nil
    }
  }

  // MARK: Other keys

  private mutating func type(_ key: KeyCode, _ modes: KeyModes, into text: inout KeyText) {
    if let plain = plain(key) {
      dead = 0
      if isMeta || key == .tab && isShifted { text.append(0x1b) }
      return text.append(plain)
    }
    if KeySequences.append(keypad: key, modes, hasNumLock: locks.contains(.numLock), to: &text) { return }
    // Alt and a function key would show another console.
    if !isMeta { KeySequences.append(key, modes, isShifted: isShifted, to: &text) }
  }

  /// The byte that a key with no place in the map types.
  private func plain(_ key: KeyCode) -> UInt8? {
    switch key {
    case .enter: 0x0d
    case .tab: 0x09
    case .escape: 0x1b
    case .backspace: isControl ? 0x08 : 0x7f
    default: nil
    }
  }
}

/// A few bytes that a key types.
struct KeyText: Equatable {
  static let capacity = 16
  private var bytes = InlineArray<16, UInt8>(repeating: 0)
  private(set) var count = 0

  subscript(index: Int) -> UInt8 { bytes[index] }

  mutating func append(_ byte: UInt8) {
    guard count < Self.capacity else { return }
    bytes[count] = byte
    count += 1
  }

  /// Appends a character in UTF-8.
  mutating func append(character: UInt32) {
    switch character {
    case 0...0x7f: append(UInt8(character))
    case 0x80...0x7ff:
      append(UInt8(0xc0 | character >> 6))
      append(UInt8(0x80 | character & 0x3f))
    case 0x800...0xffff:
      append(UInt8(0xe0 | character >> 12))
      append(UInt8(0x80 | character >> 6 & 0x3f))
      append(UInt8(0x80 | character & 0x3f))
    default:
      append(UInt8(truncatingIfNeeded: 0xf0 | character >> 18 & 0x07))
      append(UInt8(0x80 | character >> 12 & 0x3f))
      append(UInt8(0x80 | character >> 6 & 0x3f))
      append(UInt8(0x80 | character & 0x3f))
    }
  }

  mutating func append(_ text: String) { for byte in text.utf8 { append(byte) } }

  static func == (left: KeyText, right: KeyText) -> Bool {
    guard left.count == right.count else { return false }
    for index in 0..<left.count where left[index] != right[index] { return false }
    return true
  }
}
