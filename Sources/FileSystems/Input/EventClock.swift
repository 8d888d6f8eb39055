import Input
import LinuxABI

/// By which clock the times of events are told. EVIOCSCLOCKID.
enum EventClock {
  case realTime
  case monotonic
  case bootTime

  /// The clock with a number of clock_gettime(2); nil for one that events are not told by.
  init?(number: UInt32) {
    switch ClockIdentifier(rawValue: Int64(number)) {
    case .CLOCK_REALTIME: self = .realTime
    case .CLOCK_MONOTONIC: self = .monotonic
    case .CLOCK_BOOTTIME: self = .bootTime
    default: return nil
    }
  }

  /// `time` by the clock, in nanoseconds.
  func nanoseconds(_ time: InputTime) -> UInt64 {
    switch self {
    case .realTime: time.realTime
    case .monotonic: time.monotonic
    case .bootTime: time.bootTime
    }
  }
}
