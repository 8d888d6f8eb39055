/// A mouse at the second port: being set up, or sending.
struct MouseState {
  enum Reaction: Equatable {
    case none
    case report(MouseReport)
    /// Send this to the mouse.
    case send(UInt8)
  }

  private enum Phase {
    case setup(MouseSetup)
    case streaming
    /// It does not answer as it should; plugged in anew it may.
    case failed
  }

  private var phase = Phase.streaming
  private var decoder: MouseDecoder
  /// Acknowledgements that are on their way though nobody waits for them.
  private var answersExpected = 0

  /// A mouse that was set up.
  init(_ kind: MouseKind) { decoder = MouseDecoder(kind) }

  /// Notes that something harmless is sent, which will be acknowledged.
  mutating func expectAnswer() { answersExpected = 1 }

  /// Takes a byte that the mouse has sent at the time `now` of the monotonic clock, in nanoseconds.
  mutating func take(_ byte: UInt8, now: UInt64) -> Reaction {
    switch phase {
    case .setup(var setup):
      let reaction = setup.take(byte)
      phase = .setup(setup)
      switch reaction {
      case .wait: return .none
      case .send(let next): return .send(next)
      case .done(let kind): (phase, decoder) = (.streaming, MouseDecoder(kind))
      case .failed: phase = .failed
      }
      return .none
    case .streaming, .failed:
      if answersExpected > 0 && byte == MouseCommand.acknowledgement {
        answersExpected = 0
        return .none
      }
      return decode(byte, now)
    }
  }

  private mutating func decode(_ byte: UInt8, _ now: UInt64) -> Reaction {
    var setup = MouseSetup()
    switch decoder.take(byte, now: now) {
    case .none: return .none
    case .report(let report):
      if case .failed = phase { return .none }
      return .report(report)
    case .wasPlugged:
      let next = setup.beginAfterReset()
      phase = .setup(setup)
      return .send(next)
    case .isLost:
      if case .failed = phase { return .none }
      let next = setup.begin()
      phase = .setup(setup)
      return .send(next)
    }
  }

  /// A byte came damaged.
  mutating func lose() { decoder.lose() }

  /// What was to be sent could not be.
  mutating func giveUp() { phase = .failed }
}
