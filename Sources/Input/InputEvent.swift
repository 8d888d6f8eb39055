import Time

/// Something that happened at an input device, or that it is to do: `struct input_event` without its time.
///
/// Source: Linux Documentation/input/event-codes.rst.
public struct InputEvent: Equatable, Sendable {
  /// What kind of event it is.
  public var type: EventType
  /// What it is about: a key, an axis. Anything, as programs may say what they like.
  public var code: UInt16
  /// What it came to.
  public var value: Int32

  /// Describes an event.
  @inline(__always)
  public init(_ type: EventType, _ code: UInt16, _ value: Int32) {
    (self.type, self.code, self.value) = (type, code, value)
  }

  /// The end of a packet: what came before it happened at one time.
  public static var report: InputEvent { InputEvent(.EV_SYN, EventCode.SYN_REPORT, 0) }

  /// Whether it ends a packet.
  @inline(__always)
  public var isReport: Bool { type == .EV_SYN && code == EventCode.SYN_REPORT }
}

/// When something happened, by each clock that programs may ask for, in nanoseconds.
public struct InputTime: Equatable, Sendable {
  /// By CLOCK_REALTIME.
  public var realTime: UInt64
  /// By CLOCK_MONOTONIC.
  public var monotonic: UInt64
  /// By CLOCK_BOOTTIME.
  public var bootTime: UInt64

  /// Names a time.
  public init(realTime: UInt64, monotonic: UInt64, bootTime: UInt64) {
    (self.realTime, self.monotonic, self.bootTime) = (realTime, monotonic, bootTime)
  }

  /// Now.
  public static var now: InputTime {
    InputTime(realTime: Clock.realTime, monotonic: Clock.nanoseconds, bootTime: Clock.bootTime)
  }
}
