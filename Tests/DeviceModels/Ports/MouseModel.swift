/// A PS/2 mouse: what it answers to commands.
public final class MouseModel {
  /// The highest identity that it takes: 0, 3 or 4.
  public let kind: UInt8
  /// What it is now.
  public private(set) var identity: UInt8 = 0
  /// Whether it sends what it does.
  public private(set) var isEnabled = false
  /// What it was sent.
  public private(set) var received: [UInt8] = []
  private var rates: [UInt8] = []
  private var waiting: UInt8?

  /// What it answers instead, as often as there are entries; nil for nothing.
  public var answers: [[UInt8]?] = []

  /// A mouse that can be `kind`.
  public init(kind: UInt8) { self.kind = kind }

  /// Forgets what it was sent.
  public func forget() { received = [] }

  func take(_ byte: UInt8) -> [UInt8] {
    received.append(byte)
    if !answers.isEmpty { return answers.removeFirst() ?? [] }
    if let command = waiting {
      waiting = nil
      if command == 0xf3 { knock(byte) }
      return [0xfa]
    }
    switch byte {
    case 0xff:
      (identity, isEnabled, rates) = (0, false, [])
      return [0xfa, 0xaa, 0x00]
    case 0xf3, 0xe8: waiting = byte
    case 0xf2: return [0xfa, identity]
    case 0xf4: isEnabled = true
    case 0xf5: isEnabled = false
    default: break
    }
    return [0xfa]
  }

  private func knock(_ rate: UInt8) {
    rates.append(rate)
    switch rates.suffix(3) {
    case [200, 100, 80] where kind >= 3: identity = 3
    case [200, 200, 80] where kind >= 4 && identity == 3: identity = 4
    default: break
    }
  }
}
