/// What a mouse says in one packet.
struct MouseReport: Equatable {
  /// To the right.
  var right: Int32 = 0
  /// Upwards.
  var up: Int32 = 0
  /// Of the wheel, towards the user.
  var wheel: Int32 = 0
  /// Left, right, middle, side and extra, from bit 0 on.
  var buttons: UInt8 = 0
}

/// Makes reports of the bytes that a mouse sends.
///
/// Takes any bytes, and finds the beginning of packets again after some were lost: their first byte has bit 3 set, and they
/// come without pauses. Source: IBM Personal System/2 Hardware Interface Technical Reference, May 1988, mouse, data report;
/// Linux, drivers/input/mouse/psmouse-base.c, for pauses and plugging.
struct MouseDecoder {
  enum Result: Equatable {
    case none
    case report(MouseReport)
    /// A mouse was plugged in, and has tested itself.
    case wasPlugged
    /// Nothing that comes is a packet: the mouse is to be set up again.
    case isLost
  }

  /// A pause within a packet, in nanoseconds, after which the rest of it will not come.
  private static let pauseLimit: UInt64 = 500_000_000
  /// Bytes in a row that begin no packet.
  private static let strangerLimit = 20

  private let kind: MouseKind
  private var bytes = InlineArray<4, UInt8>(repeating: 0)
  private var count = 0
  private var lastTime: UInt64 = 0
  private var strangers = 0

  init(_ kind: MouseKind) { self.kind = kind }

  /// Takes a byte that came at the time `now` of the monotonic clock.
  mutating func take(_ byte: UInt8, now: UInt64) -> Result {
    if count > 0 && now &- lastTime > Self.pauseLimit { count = 0 }
    lastTime = now
    if count == 0 && byte & 0x08 == 0 {
      strangers += 1
      guard strangers >= Self.strangerLimit else { return .none }
      strangers = 0
      return .isLost
    }
    bytes[count] = byte
    count += 1
    if count == 2 && bytes[0] == MouseCommand.passedSelfTest && byte == MouseCommand.isMouse {
      count = 0
      return .wasPlugged
    }
    guard count == kind.packetSize else { return .none }
    (count, strangers) = (0, 0)
    return .report(report())
  }

  /// A byte came damaged: what was begun is no packet.
  mutating func lose() { count = 0 }

  private func report() -> MouseReport {
    let first = Int32(bytes[0])
    var report = MouseReport(
      right: Int32(bytes[1]) - (first << 4 & 0x100), up: Int32(bytes[2]) - (first << 3 & 0x100),
      buttons: bytes[0] & 0x07)
    switch kind {
    case .standard: break
    case .wheel: report.wheel = Int32(Int8(bitPattern: bytes[3]))
    case .explorer:
      switch bytes[3] & 0xc0 {
      // Wheels that tilt say so by six bits.
      case 0x80: report.wheel = Self.signed(bytes[3] & 0x3f, width: 6)
      case 0x40: break
      default:
        report.wheel = Self.signed(bytes[3] & 0x0f, width: 4)
        report.buttons |= bytes[3] >> 1 & 0x18
      }
    }
    return report
  }

  private static func signed(_ bits: UInt8, width: Int32) -> Int32 {
    let value = Int32(bits)
    return value & (1 << (width - 1)) == 0 ? value : value - (1 << width)
  }
}
