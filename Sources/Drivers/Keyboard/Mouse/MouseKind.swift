/// What a PS/2 mouse is, as it says itself when it was asked to be more than the first ones were.
enum MouseKind: UInt8 {
  /// Two axes and three buttons.
  case standard = 0
  /// And a wheel: what began as Microsoft's IntelliMouse.
  case wheel = 3
  /// And two more buttons: IntelliMouse Explorer.
  case explorer = 4

  /// How many bytes a packet has.
  var packetSize: Int { self == .standard ? 3 : 4 }

  /// The number of the protocol among Linux's. Source: Linux, drivers/input/mouse/psmouse.h, enum psmouse_type.
  var protocolNumber: UInt16 {
    switch self {
    case .standard: 1
    case .wheel: 5
    case .explorer: 6
    }
  }
}

/// What is sent to a mouse, and what it answers. Source: IBM Personal System/2 Hardware Interface Technical Reference, May
/// 1988, mouse.
enum MouseCommand {
  static let setScaling: UInt8 = 0xe6
  static let setResolution: UInt8 = 0xe8
  static let identify: UInt8 = 0xf2
  static let setRate: UInt8 = 0xf3
  static let enable: UInt8 = 0xf4
  static let reset: UInt8 = 0xff
  static let acknowledgement: UInt8 = 0xfa
  static let resend: UInt8 = 0xfe
  static let passedSelfTest: UInt8 = 0xaa
  /// What follows the self test.
  static let isMouse: UInt8 = 0x00
}
