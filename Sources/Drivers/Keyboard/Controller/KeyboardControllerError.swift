public import Foundations

/// Why a keyboard's controller cannot be used.
public enum KeyboardControllerError: Error, Equatable, Sendable {
  /// Nobody answers: all ones.
  case notPresent
  /// It does not take what is written to it.
  case inputStaysFull
  /// It always has another byte, of no device.
  case outputStaysFull
  /// It does not answer a command.
  case noAnswer(command: UInt8)
  /// The self test, or that of the keyboard's port, gave this instead of what it should.
  case testFailed(command: UInt8, answer: UInt8)

  /// What is wrong, in words.
  public var text: Message {
    switch self {
    case .notPresent: "there is none"
    case .inputStaysFull: "it does not take commands"
    case .outputStaysFull: "its output never ends"
    case .noAnswer(let command): "no answer to command \(hex: command)"
    case .testFailed(let command, let answer): "test \(hex: command) gave \(hex: answer)"
    }
  }
}
