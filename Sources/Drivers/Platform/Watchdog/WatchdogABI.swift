import Foundations
import Machine

/// The requests of ioctl(2) to a watchdog. Source: Linux include/uapi/linux/watchdog.h.
enum WatchdogCall {
  static let support: UInt32 = 0x8028_5700
  static let status: UInt32 = 0x8004_5701
  static let bootStatus: UInt32 = 0x8004_5702
  static let setOptions: UInt32 = 0x8004_5704
  static let keepAlive: UInt32 = 0x8004_5705
  static let setTimeout: UInt32 = 0xc004_5706
  static let timeout: UInt32 = 0x8004_5707
  static let setPretimeout: UInt32 = 0xc004_5708
  static let pretimeout: UInt32 = 0x8004_5709
  static let timeLeft: UInt32 = 0x8004_570a
}

/// What a watchdog can do, and what has happened. Source: as `WatchdogCall`, WDIOF_.
public struct WatchdogFlags: OptionSet, Sendable {
  /// The bits.
  public let rawValue: UInt32
  /// The set with the bits of `rawValue`.
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  /// It has reset the machine.
  public static var cardReset: WatchdogFlags { WatchdogFlags(rawValue: 0x20) }
  /// Its time can be set.
  public static var setTimeout: WatchdogFlags { WatchdogFlags(rawValue: 0x80) }
  /// Closing stops it only after a `V`.
  public static var magicClose: WatchdogFlags { WatchdogFlags(rawValue: 0x100) }
  /// It can be kept from ending without a write; as a status, it was since the last time that somebody asked.
  public static var keepAlive: WatchdogFlags { WatchdogFlags(rawValue: 0x8000) }
}

/// What WDIOC_SETOPTIONS asks for. Source: as `WatchdogCall`, WDIOS_.
enum WatchdogOptions {
  static let disable: UInt32 = 1
  static let enable: UInt32 = 2
}

/// What a watchdog is like.
public struct WatchdogTraits: Sendable {
  /// Its name for programs, 31 bytes at most.
  public var identity: StaticString
  /// The revision of its firmware, or 0.
  public var firmwareVersion: UInt32 = 0
  /// What it can do.
  public var options: WatchdogFlags
  /// How long it may be left alone, in seconds.
  public var timeouts: ClosedRange<UInt32>
  /// How long it is left alone until somebody sets that, in seconds.
  public var usualTimeout: UInt32

  /// Describes a watchdog.
  public init(
    _ identity: StaticString, _ options: WatchdogFlags, timeouts: ClosedRange<UInt32>, usualTimeout: UInt32
  ) {
    (self.identity, self.options) = (identity, options)
    (self.timeouts, self.usualTimeout) = (timeouts, usualTimeout)
  }
}

/// `struct watchdog_info`. Source: Linux include/uapi/linux/watchdog.h.
struct WatchdogInfo: UserValue {
  static let identityLimit = 32
  static let userByteCount = 8 + identityLimit

  var options: UInt32
  var firmwareVersion: UInt32
  var identity = InlineArray<32, UInt8>(repeating: 0)

  init(_ traits: WatchdogTraits) {
    options = traits.options.rawValue
    firmwareVersion = traits.firmwareVersion
    var count = 0
    // The last byte stays zero.
    for byte in traits.identity.description.utf8 where count < Self.identityLimit - 1 {
      identity[count] = byte
      count += 1
    }
  }

  init(userBytes: Span<UInt8>) {
    options = userBytes.load(UInt32.self, at: 0)
    firmwareVersion = userBytes.load(UInt32.self, at: 4)
    for index in 0..<Self.identityLimit { identity[index] = userBytes[8 + index] }
  }

  func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    bytes.store(options, at: 0)
    bytes.store(firmwareVersion, at: 4)
    for index in 0..<Self.identityLimit { bytes[8 + index] = identity[index] }
  }
}
