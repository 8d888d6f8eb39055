import Registers

/// A character from the line, and what was wrong with it.
public struct ReceivedCharacter: Equatable, Sendable {
  /// The character; zero for a break.
  public let byte: UInt8
  /// Characters before this one were lost because nobody took them in time.
  public let followsOverrun: Bool
  /// It came with the wrong parity or without a stop bit.
  public let isDamaged: Bool
  /// It is no character: the line was held in the break state.
  public let isBreak: Bool

  init(byte: UInt8, status: UART16550.LineStatus) {
    self.byte = byte
    followsOverrun = status.overrunError
    isDamaged = (status.parityError || status.framingError) && !status.breakInterrupt
    isBreak = status.breakInterrupt
  }
}
