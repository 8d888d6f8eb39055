/// What a key types: characters' numbers, 0 for nothing, with the highest bit for a character that waits for the next one.
public struct KeyTexts: Equatable, Sendable {
  private let symbols: InlineArray<4, UInt32>
  /// Whether Caps Lock exchanges the first two.
  public let isLetter: Bool

  /// The bit of a dead key.
  static let deadBit: UInt32 = 0x8000_0000

  /// What it types alone, with Shift, with AltGr, and with both.
  init(_ plain: UInt32, _ shifted: UInt32, _ third: UInt32, _ fourth: UInt32, isLetter: Bool) {
    symbols = [plain, shifted, third, fourth]
    self.isLetter = isLetter
  }

  /// What it types at a level, 0...3.
  func symbol(isShifted: Bool, isThirdLevel: Bool) -> UInt32 {
    symbols[(isThirdLevel ? 2 : 0) + (isShifted ? 1 : 0)]
  }

  /// Whether both have the same texts.
  public static func == (left: KeyTexts, right: KeyTexts) -> Bool {
    for index in left.symbols.indices where left.symbols[index] != right.symbols[index] { return false }
    return left.isLetter == right.isLetter
  }
}

extension KeyMap {
  /// The map that is called `name`; nil when none is.
  public init?(name: Span<UInt8>) {
    for map in KeyMap.allCases where map.isCalled(name) {
      self = map
      return
    }
    return nil
  }

  private func isCalled(_ text: Span<UInt8>) -> Bool {
    var index = 0
    for byte in name.description.utf8 {
      guard index < text.count, text[index] == byte else { return false }
      index += 1
    }
    return index == text.count
  }
}
