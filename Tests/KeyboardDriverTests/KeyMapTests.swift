import Testing

@testable import KeyboardDriver

/// Keys without a device.
private struct Typist {
  var interpreter: KeyInterpreter
  var modes = KeyModes()

  init(_ map: KeyMap) { interpreter = KeyInterpreter(map) }

  /// Presses keys one after the other and lets them go in reverse order, as a chord is played; what was typed.
  mutating func press(_ keys: KeyCode...) -> String {
    var bytes: [UInt8] = []
    for key in keys {
      if case .text(let text) = interpreter.take(KeyEvent(key, isPressed: true), modes) {
        for index in 0..<text.count { bytes.append(text[index]) }
      }
    }
    for key in keys.reversed() { _ = interpreter.take(KeyEvent(key, isPressed: false), modes) }
    return String(decoding: bytes, as: UTF8.self)
  }
}

@Suite("Key maps")
struct KeyMapTests {
  @Test("Maps have names")
  func names() {
    #expect(KeyMap(name: Array("us".utf8).span) == .us)
    #expect(KeyMap(name: Array("de".utf8).span) == .de)
    for wrong in ["", "d", "dee", "xx"] { #expect(KeyMap(name: Array(wrong.utf8).span) == nil) }
  }

  @Test("American keys")
  func american() {
    var typist = Typist(.us)
    #expect(typist.press(.y) + typist.press(.leftShift, .y) == "yY")
    #expect(typist.press(.rightShift, .digit2) == "@")
    #expect(typist.press(.rightAlt, .q) == "\u{1b}q")
    #expect(typist.press(.leftAlt, .b) + typist.press(.leftAlt, .backspace) == "\u{1b}b\u{1b}\u{7f}")
  }

  @Test("German keys, with AltGr and dead keys")
  func german() {
    var typist = Typist(.de)
    #expect(typist.press(.y) + typist.press(.leftBracket) + typist.press(.leftShift, .semicolon) == "züÖ")
    #expect(typist.press(.rightAlt, .q) + typist.press(.rightAlt, .e) + typist.press(.rightAlt, .digit7) == "@€{")
    #expect(typist.press(.rightAlt, .a) == "")
    #expect(typist.press(.equal) + typist.press(.e) == "é")
    #expect(typist.press(.leftShift, .equal) + typist.press(.leftShift, .a) == "À")
    #expect(typist.press(.grave) + typist.press(.space) == "^")
    #expect(typist.press(.grave) + typist.press(.grave) == "^")
    #expect(typist.press(.grave) + typist.press(.x) + typist.press(.e) == "^xe")
    #expect(typist.press(.leftControl, .rightAlt, .minus) == "\u{1c}")
    #expect(typist.press(.capsLock) + typist.press(.leftBracket) + typist.press(.digit7) == "Ü7")
  }

  @Test(
    "Ctrl types control characters",
    arguments: [
      (KeyCode.c, "\u{3}"), (.z, "\u{1a}"), (.d, "\u{4}"), (.space, "\0"), (.digit2, "\0"), (.digit3, "\u{1b}"),
      (.digit7, "\u{1f}"), (.digit8, "\u{7f}"), (.leftBracket, "\u{1b}"), (.backslash, "\u{1c}"),
      (.backspace, "\u{8}"), (.slash, "\u{1f}"), (.digit1, ""),
    ])
  func control(key: KeyCode, expected: String) {
    var typist = Typist(.us)
    #expect(typist.press(.leftControl, key) == expected)
    #expect(typist.press(.rightControl, .leftAlt, key) == (expected.isEmpty ? "" : "\u{1b}" + expected))
  }

  @Test(
    "Other keys send what Linux's console sends",
    arguments: [
      (KeyCode.up, "\u{1b}[A"), (.down, "\u{1b}[B"), (.right, "\u{1b}[C"), (.left, "\u{1b}[D"), (.home, "\u{1b}[1~"),
      (.insert, "\u{1b}[2~"), (.delete, "\u{1b}[3~"), (.end, "\u{1b}[4~"), (.pageUp, "\u{1b}[5~"),
      (.pageDown, "\u{1b}[6~"), (.f1, "\u{1b}[[A"), (.f5, "\u{1b}[[E"), (.f6, "\u{1b}[17~"), (.f10, "\u{1b}[21~"),
      (.f11, "\u{1b}[23~"), (.f12, "\u{1b}[24~"), (.tab, "\t"), (.escape, "\u{1b}"), (.enter, "\r"),
      (.backspace, "\u{7f}"), (.pause, "\u{1b}[P"), (.leftMeta, ""), (.volumeUp, ""),
    ])
  func sequences(key: KeyCode, expected: String) {
    var typist = Typist(.us)
    #expect(typist.press(key) == expected)
  }

  @Test("Shift and function keys are F13 to F20; with Tab it goes back; Alt and a function key type nothing")
  func shifted() {
    var typist = Typist(.us)
    let expected = ["25", "26", "28", "29", "31", "32", "33", "34"]
    for (index, number) in expected.enumerated() {
      let key = KeyCode(rawValue: KeyCode.f1.rawValue + UInt16(index))
      #expect(typist.press(.leftShift, key) == "\u{1b}[\(number)~")
    }
    #expect(typist.press(.leftShift, .f9) == "")
    #expect(typist.press(.leftShift, .tab) == "\u{1b}\t")
    #expect(typist.press(.leftAlt, .f2) == "")
  }

  @Test("The keypad moves the cursor, types digits with Num Lock, and sequences when programs want that")
  func keypad() {
    var typist = Typist(.us)
    #expect(typist.press(.keypad7) + typist.press(.keypad8) + typist.press(.keypadDot) == "\u{1b}[1~\u{1b}[A\u{1b}[3~")
    #expect(typist.press(.keypad5) + typist.press(.keypadPlus) + typist.press(.keypadEnter) == "\u{1b}[G+\r")
    _ = typist.press(.numLock)
    #expect(typist.press(.keypad7) + typist.press(.keypadDot) == "7.")
    typist.modes.hasApplicationKeypad = true
    #expect(typist.press(.keypad7) + typist.press(.keypadPlus) == "\u{1b}Ow\u{1b}Ol")
  }

  @Test("Every key that the maps name types something, alone and with each modifier without a trap")
  func all() {
    for map in KeyMap.allCases {
      for number in UInt16(0)...255 {
        var typist = Typist(map)
        let key = KeyCode(rawValue: number)
        if let texts = map.texts(of: key), texts.symbol(isShifted: false, isThirdLevel: false) < 0x8000_0000 {
          #expect(!typist.press(key).isEmpty)
        }
        for modifier in [KeyCode.leftShift, .leftControl, .leftAlt, .rightAlt] { _ = typist.press(modifier, key) }
      }
    }
  }
}
