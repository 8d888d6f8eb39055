/// What a slot is doing.
public enum SlotState: Equatable, Sendable {
  /// Nothing is in it.
  case empty
  /// Something is in it, without power.
  case off
  /// The button was pressed: it is powered when the clock shows `deadline` milliseconds, unless the button is pressed again.
  case waitingOn(deadline: UInt64)
  /// It gets power.
  case poweringOn
  /// What is in it is in use.
  case on
  /// The button was pressed: it is emptied when the clock shows `deadline` milliseconds, unless the button is pressed again.
  case waitingOff(deadline: UInt64)
  /// It loses power.
  case poweringOff
  /// What is in it does not work; it is without power.
  case fault(SlotFailure)
  /// The port itself is gone; nothing more happens.
  case gone

  /// Whether drivers may use what is in it.
  public var isFilled: Bool {
    switch self {
    case .on, .waitingOff: true
    case .empty, .off, .waitingOn, .poweringOn, .poweringOff, .fault, .gone: false
    }
  }

  /// When the wait after a press of the button ends.
  var deadline: UInt64? {
    switch self {
    case .waitingOn(let deadline), .waitingOff(let deadline): deadline
    case .empty, .off, .poweringOn, .on, .poweringOff, .fault, .gone: nil
    }
  }
}

/// Why a slot does not work.
public enum SlotFailure: Error, Equatable, Sendable {
  /// Its power failed.
  case power
  /// The link did not come up.
  case link
  /// The link is up, and nobody answers.
  case silence
  /// The port has no bus number for what is behind it.
  case bus
  /// What was in it was pulled out again.
  case removal
}
