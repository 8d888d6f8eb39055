/// Sets the lights of a keyboard, a byte at a time, as its answers come: nothing here waits.
///
/// A keyboard that does not answer is asked again when the lights change the next time.
struct KeyboardLights {
  private enum State {
    case idle
    case sentCommand
    case sentValue
  }

  private var state = State.idle
  private var shown: KeyboardLocks = []
  private var wanted: KeyboardLocks = []
  private var retriesLeft = 0
  /// Bytes that have come since something was sent, and were no answer.
  private var strangerCount = 0

  private static let retryLimit = 3
  private static let strangerLimit = 32

  /// What is to be sent after lights shall be as `locks` says; nil for nothing.
  mutating func set(_ locks: KeyboardLocks) -> UInt8? {
    wanted = locks
    guard case .idle = state else { return nil }
    return begin()
  }

  private mutating func begin() -> UInt8? {
    guard wanted != shown else { return nil }
    (state, retriesLeft, strangerCount) = (.sentCommand, Self.retryLimit, 0)
    return KeyboardCommand.setLights
  }

  /// What to do about a byte.
  enum Reaction: Equatable {
    /// It is a key's.
    case isKey
    /// It was an answer.
    case isAnswer
    /// It was an answer, and this is to be sent.
    case send(UInt8)
  }

  /// Looks at a byte that came.
  mutating func take(_ byte: UInt8) -> Reaction {
    if case .idle = state { return .isKey }
    switch byte {
    case KeyboardCommand.acknowledgement: return acknowledge()
    case KeyboardCommand.resend: return resend()
    default:
      strangerCount += 1
      if strangerCount >= Self.strangerLimit { state = .idle }
      return .isKey
    }
  }

  private mutating func acknowledge() -> Reaction {
    guard case .sentCommand = state else {
      state = .idle
      // They may have changed meanwhile.
      return begin().map { .send($0) } ?? .isAnswer
    }
    state = .sentValue
    shown = wanted
    return .send(shown.rawValue)
  }

  private mutating func resend() -> Reaction {
    retriesLeft -= 1
    guard retriesLeft > 0 else {
      state = .idle
      return .isAnswer
    }
    if case .sentCommand = state { return .send(KeyboardCommand.setLights) }
    return .send(shown.rawValue)
  }

  /// What was to be sent could not be.
  mutating func giveUp() { state = .idle }
}
