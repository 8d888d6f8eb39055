/// Sets the lights of a keyboard and how its keys repeat, a byte at a time, as its answers come: nothing here waits.
///
/// A keyboard that does not answer is asked again when something changes the next time.
struct KeyboardSettings {
  private enum State {
    case idle
    case sentCommand(Setting)
    case sentValue
  }

  private enum Setting {
    case lights
    case rate
  }

  private var state = State.idle
  /// The lights that are on; nil when that is not known.
  private var shown: KeyboardLocks? = []
  private var wanted: KeyboardLocks = []
  private var rate = KeyRate.usual
  private var wantedRate = KeyRate.usual
  private var lastSent: UInt8 = 0
  private var retriesLeft = 0
  /// Bytes that have come since something was sent, and were no answer.
  private var strangerCount = 0

  private static let retryLimit = 3
  private static let strangerLimit = 32

  /// What is to be sent after all of `wishes` are to be followed; nil for nothing.
  mutating func follow(_ wishes: KeyboardWishes) -> UInt8? {
    (wanted, wantedRate) = (wishes.locks, wishes.rate)
    return begin()
  }

  /// What the keyboard shows is not known any more.
  mutating func forgetLights() { shown = nil }

  private mutating func begin() -> UInt8? {
    guard case .idle = state else { return nil }
    if wanted != shown { return begin(.lights, KeyboardCommand.setLights) }
    if wantedRate != rate { return begin(.rate, KeyboardCommand.setRate) }
    return nil
  }

  private mutating func begin(_ setting: Setting, _ command: UInt8) -> UInt8 {
    (state, retriesLeft, strangerCount, lastSent) = (.sentCommand(setting), Self.retryLimit, 0, command)
    return command
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
    guard case .sentCommand(let setting) = state else {
      state = .idle
      // Something may have changed meanwhile.
      return begin().map { .send($0) } ?? .isAnswer
    }
    state = .sentValue
    switch setting {
    case .lights:
      shown = wanted
      lastSent = wanted.rawValue
    case .rate:
      rate = wantedRate
      lastSent = rate.byte
    }
    return .send(lastSent)
  }

  private mutating func resend() -> Reaction {
    retriesLeft -= 1
    guard retriesLeft > 0 else {
      state = .idle
      return .isAnswer
    }
    return .send(lastSent)
  }

  /// What was to be sent could not be.
  mutating func giveUp() { state = .idle }
}

/// How keys of a PS/2 keyboard repeat. Source: IBM Personal System/2 Hardware Interface Technical Reference, May 1988,
/// keyboard, set typematic rate and delay.
struct KeyRate: Equatable {
  /// Quarters of a second before the first repetition, less one: 0 to 3.
  var delay: UInt8
  /// The number of a rate: 0 to 31.
  var period: UInt8

  /// A quarter of a second, and thirty a second: what Linux sets.
  static var usual: KeyRate { KeyRate(delay: 0, period: 0) }

  /// The byte that sets it.
  var byte: UInt8 { delay << 5 | period }

  /// The shortest delay of at least so many milliseconds, or the longest.
  static func delay(atLeast milliseconds: Int32) -> UInt8 {
    var delay: UInt8 = 0
    while delay < 3 && (Int32(delay) + 1) * 250 < milliseconds { delay += 1 }
    return delay
  }

  /// The shortest period of at least so many milliseconds, or the longest.
  static func period(atLeast milliseconds: Int32) -> UInt8 {
    var number: UInt8 = 0
    while number < 31 && Self.period(number) < milliseconds { number += 1 }
    return number
  }

  /// A period in milliseconds: (8 + the low three bits) doubled as often as the high two say, times 4.17 ms.
  static func period(_ number: UInt8) -> Int32 {
    let units = Int32(8 + (number & 7)) << Int32(number >> 3 & 3)
    return units * 417 / 100
  }

  /// The delay in milliseconds.
  var delayMilliseconds: Int32 { (Int32(delay) + 1) * 250 }
}
