import Registers

/// A character from the line, and what was wrong with it.
public struct ReceivedCharacter: Equatable, Sendable {
  /// The character; zero for a break.
  public let byte: UInt8
  /// Characters before this one were lost because nobody took them in time.
  public let followsOverrun: Bool
  /// It came with the wrong parity.
  public let hasParityError: Bool
  /// It came without a stop bit.
  public let hasFramingError: Bool
  /// It is no character: the line was held in the break state.
  public let isBreak: Bool

  /// It came with the wrong parity or without a stop bit.
  public var isDamaged: Bool { hasParityError || hasFramingError }

  init(byte: UInt8, status: UART16550.LineStatus) {
    self.byte = byte
    followsOverrun = status.overrunError
    hasParityError = status.parityError && !status.breakInterrupt
    hasFramingError = status.framingError && !status.breakInterrupt
    isBreak = status.breakInterrupt
  }

  fileprivate static var none: ReceivedCharacter {
    ReceivedCharacter(byte: 0, status: UART16550.LineStatus(rawValue: 0))
  }
}

/// A short queue of characters.
struct KeptInput: ~Copyable {
  private static let capacity = 128
  private var characters = InlineArray<128, ReceivedCharacter>(repeating: .none)
  private var first = 0
  private var count = 0

  var isEmpty: Bool { count == 0 }
  var isFull: Bool { count == Self.capacity }

  /// - Precondition: it is not full.
  mutating func append(_ character: ReceivedCharacter) {
    characters[(first + count) % Self.capacity] = character
    count += 1
  }

  mutating func removeFirst() -> ReceivedCharacter? {
    guard count > 0 else { return nil }
    defer {
      first = (first + 1) % Self.capacity
      count -= 1
    }
    return characters[first]
  }
}
