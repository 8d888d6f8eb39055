/// Sets up a mouse, a byte at a time, as its answers come: nothing here waits.
///
/// Resets it, asks it by the two knocks to be a mouse with a wheel and five buttons, gives it the usual settings and lets
/// it send. Sources: IBM Personal System/2 Hardware Interface Technical Reference, May 1988, mouse; for the knocks, Adam
/// Chapweske, The PS/2 Mouse Interface, "Microsoft Intellimouse extensions".
struct MouseSetup {
  /// What to do about a byte.
  enum Reaction: Equatable {
    /// Wait for the next.
    case wait
    /// Send this.
    case send(UInt8)
    /// The mouse is set up.
    case done(MouseKind)
    /// It does not do as it should.
    case failed
  }

  private enum Expected {
    case acknowledgement
    case selfTest
    case afterSelfTest
    case identity
  }

  private static let retryLimit = 3
  private static let strangerLimit = 64

  /// What is sent, in order.
  private static var script: InlineArray<21, UInt8> {
    [
      MouseCommand.reset,
      // Rates of 200, 100 and 80: the knock for a wheel.
      MouseCommand.setRate, 200, MouseCommand.setRate, 100, MouseCommand.setRate, 80, MouseCommand.identify,
      // Rates of 200, 200 and 80: that for five buttons.
      MouseCommand.setRate, 200, MouseCommand.setRate, 200, MouseCommand.setRate, 80, MouseCommand.identify,
      // 100 packets a second, 8 counts a millimetre, no acceleration.
      MouseCommand.setRate, 100, MouseCommand.setResolution, 3, MouseCommand.setScaling, MouseCommand.enable,
    ]
  }

  private static let firstKnock = 1
  private static let firstIdentity = 7
  private static let lastIdentity = 14
  private static let settings = 15

  private var place = 0
  private var expected = Expected.acknowledgement
  private var kind = MouseKind.standard
  private var retriesLeft = MouseSetup.retryLimit
  private var strangersLeft = MouseSetup.strangerLimit

  /// Begins with a reset.
  ///
  /// - Returns: what is to be sent.
  mutating func begin() -> UInt8 { start(at: 0) }

  /// Begins with a mouse that was plugged in just now, and has tested itself.
  ///
  /// - Returns: what is to be sent.
  mutating func beginAfterReset() -> UInt8 { start(at: Self.firstKnock) }

  private mutating func start(at place: Int) -> UInt8 {
    self = MouseSetup()
    self.place = place
    return Self.script[place]
  }

  /// Looks at a byte that came.
  mutating func take(_ byte: UInt8) -> Reaction {
    switch expected {
    case .acknowledgement: return acknowledge(byte)
    case .selfTest:
      guard byte == MouseCommand.passedSelfTest else { return passOver() }
      expected = .afterSelfTest
      return .wait
    case .afterSelfTest:
      guard byte == MouseCommand.isMouse else { return .failed }
      return goOn(at: Self.firstKnock)
    case .identity:
      // A mouse that knows no knock stays what it was.
      guard let found = MouseKind(rawValue: byte) else { return goOn(at: Self.settings) }
      if found.rawValue > kind.rawValue { kind = found }
      return goOn(at: place == Self.firstIdentity && found != .standard ? place + 1 : Self.settings)
    }
  }

  private mutating func acknowledge(_ byte: UInt8) -> Reaction {
    switch byte {
    case MouseCommand.acknowledgement:
      retriesLeft = Self.retryLimit
      switch place {
      case 0: expected = .selfTest
      case Self.firstIdentity, Self.lastIdentity: expected = .identity
      default: return goOn(at: place + 1)
      }
      return .wait
    case MouseCommand.resend:
      retriesLeft -= 1
      return retriesLeft > 0 ? .send(Self.script[place]) : .failed
    default: return passOver()
    }
  }

  /// Motion that came before the answer.
  private mutating func passOver() -> Reaction {
    strangersLeft -= 1
    return strangersLeft > 0 ? .wait : .failed
  }

  private mutating func goOn(at next: Int) -> Reaction {
    guard next < Self.script.count else { return .done(kind) }
    (place, expected) = (next, .acknowledgement)
    return .send(Self.script[next])
  }
}
