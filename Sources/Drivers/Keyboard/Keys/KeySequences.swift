/// The sequences that Linux's console sends for keys without a character. Sources: Linux, drivers/tty/vt/defkeymap.map, function
/// strings; drivers/tty/vt/keyboard.c, k_pad and k_cur.
enum KeySequences {
  /// Appends what a cursor or function key sends; nothing for other keys.
  static func append(_ key: KeyCode, _ modes: KeyModes, isShifted: Bool, to text: inout KeyText) {
    switch key {
    case .up: cursor(0x41, modes, &text)
    case .down: cursor(0x42, modes, &text)
    case .right: cursor(0x43, modes, &text)
    case .left: cursor(0x44, modes, &text)
    case .home: numbered(1, &text)
    case .insert: numbered(2, &text)
    case .delete: numbered(3, &text)
    case .end: numbered(4, &text)
    case .pageUp: numbered(5, &text)
    case .pageDown: numbered(6, &text)
    case .pause: text.append("\u{1b}[P")
    default:
      guard let number = functionNumber(key) else { return }
      function(isShifted ? number + 12 : number, &text)
    }
  }

  private static func cursor(_ letter: UInt8, _ modes: KeyModes, _ text: inout KeyText) {
    text.append(modes.hasApplicationCursorKeys ? "\u{1b}O" : "\u{1b}[")
    text.append(letter)
  }

  private static func numbered(_ number: UInt8, _ text: inout KeyText) {
    text.append("\u{1b}[")
    if number >= 10 { text.append(0x30 + number / 10) }
    text.append(0x30 + number % 10)
    text.append(0x7e)
  }

  /// 1...12.
  private static func functionNumber(_ key: KeyCode) -> UInt8? {
    switch key.rawValue {
    case KeyCode.f1.rawValue...KeyCode.f10.rawValue: UInt8(key.rawValue - KeyCode.f1.rawValue) + 1
    case KeyCode.f11.rawValue: 11
    case KeyCode.f12.rawValue: 12
    default: nil
    }
  }

  /// F1 to F20; Shift and F1 is F13. The numbers have gaps where a VT220's keyboard has them.
  private static func function(_ number: UInt8, _ text: inout KeyText) {
    switch number {
    case 1...5:
      text.append("\u{1b}[[")
      text.append(0x40 + number)
    case 6...10: numbered(number + 11, &text)
    case 11...14: numbered(number + 12, &text)
    case 15...16: numbered(number + 13, &text)
    case 17...20: numbered(number + 14, &text)
    default: break
    }
  }

  // MARK: The keypad

  /// Appends what a key of the keypad sends.
  ///
  /// - Returns: whether it is one.
  static func append(keypad key: KeyCode, _ modes: KeyModes, hasNumLock: Bool, to text: inout KeyText) -> Bool {
    guard let (letter, character) = keypad(key) else { return false }
    if modes.hasApplicationKeypad {
      text.append("\u{1b}O")
      text.append(letter)
    } else if hasNumLock || !isDigit(character) {
      text.append(character)
    } else if key == .keypad5 {
      text.append("\u{1b}[G")
    } else {
      append(navigation(key), modes, isShifted: false, to: &text)
    }
    return true
  }

  /// Whether Num Lock decides what the key with this character sends.
  private static func isDigit(_ character: UInt8) -> Bool { (0x30...0x39).contains(character) || character == 0x2e }

  /// The letter of application mode, and the character.
  private static func keypad(_ key: KeyCode) -> (letter: UInt8, character: UInt8)? {
    switch key {
    case .keypad0: (0x70, 0x30)
    case .keypad1: (0x71, 0x31)
    case .keypad2: (0x72, 0x32)
    case .keypad3: (0x73, 0x33)
    case .keypad4: (0x74, 0x34)
    case .keypad5: (0x75, 0x35)
    case .keypad6: (0x76, 0x36)
    case .keypad7: (0x77, 0x37)
    case .keypad8: (0x78, 0x38)
    case .keypad9: (0x79, 0x39)
    case .keypadPlus: (0x6c, 0x2b)
    case .keypadMinus: (0x53, 0x2d)
    case .keypadAsterisk: (0x52, 0x2a)
    case .keypadSlash: (0x51, 0x2f)
    case .keypadEnter: (0x4d, 0x0d)
    case .keypadDot: (0x6e, 0x2e)
    default: nil
    }
  }

  /// The key that one of the keypad is without Num Lock.
  private static func navigation(_ key: KeyCode) -> KeyCode {
    switch key {
    case .keypad0: .insert
    case .keypad1: .end
    case .keypad2: .down
    case .keypad3: .pageDown
    case .keypad4: .left
    case .keypad6: .right
    case .keypad7: .home
    case .keypad8: .up
    case .keypad9: .pageUp
    default: .delete
    }
  }
}
