import Foundations
import Machine
import Time

/// The requests of ioctl(2) to a clock. Source: rtc(4); Linux include/uapi/linux/rtc.h.
enum ClockCall {
  static let alarmOn: UInt32 = 0x7001
  static let alarmOff: UInt32 = 0x7002
  static let updateOn: UInt32 = 0x7003
  static let updateOff: UInt32 = 0x7004
  static let periodicOn: UInt32 = 0x7005
  static let periodicOff: UInt32 = 0x7006
  static let setAlarm: UInt32 = 0x4024_7007
  static let alarm: UInt32 = 0x8024_7008
  static let time: UInt32 = 0x8024_7009
  static let setTime: UInt32 = 0x4024_700a
  static let rate: UInt32 = 0x8008_700b
  static let setRate: UInt32 = 0x4008_700c
  static let epoch: UInt32 = 0x8008_700d
  static let setEpoch: UInt32 = 0x4008_700e
  static let setWakeAlarm: UInt32 = 0x4028_700f
  static let wakeAlarm: UInt32 = 0x8028_7010
}

/// `struct rtc_time`, which is `struct tm` without its end. Source: Linux include/uapi/linux/rtc.h.
struct ClockTimeStructure: UserValue {
  static let userByteCount = 36

  var second: Int32 = 0
  var minute: Int32 = 0
  var hour: Int32 = 0
  var day: Int32 = 0
  /// 0 is January.
  var month: Int32 = 0
  /// Years since 1900.
  var year: Int32 = 0
  var dayOfWeek: Int32 = 0
  var dayOfYear: Int32 = 0
  var isDaylightSaving: Int32 = 0

  init(_ time: CivilTime) {
    (second, minute, hour) = (Int32(time.second), Int32(time.minute), Int32(time.hour))
    (day, month, year) = (Int32(time.day), Int32(time.month - 1), Int32(truncatingIfNeeded: time.year - 1_900))
    dayOfWeek = Int32(time.dayOfWeek)
    var days = time.day - 1
    for month in 1..<time.month { days += CivilTime.length(ofMonth: month, year: time.year) }
    dayOfYear = Int32(days)
  }

  init(userBytes: Span<UInt8>) {
    second = userBytes.load(Int32.self, at: 0)
    minute = userBytes.load(Int32.self, at: 4)
    hour = userBytes.load(Int32.self, at: 8)
    day = userBytes.load(Int32.self, at: 12)
    month = userBytes.load(Int32.self, at: 16)
    year = userBytes.load(Int32.self, at: 20)
    dayOfWeek = userBytes.load(Int32.self, at: 24)
    dayOfYear = userBytes.load(Int32.self, at: 28)
    isDaylightSaving = userBytes.load(Int32.self, at: 32)
  }

  func write(toUserBytes bytes: inout MutableSpan<UInt8>) { write(to: &bytes, at: 0) }

  func write(to bytes: inout MutableSpan<UInt8>, at start: Int) {
    bytes.store(second, at: start)
    bytes.store(minute, at: start + 4)
    bytes.store(hour, at: start + 8)
    bytes.store(day, at: start + 12)
    bytes.store(month, at: start + 16)
    bytes.store(year, at: start + 20)
    bytes.store(dayOfWeek, at: start + 24)
    bytes.store(dayOfYear, at: start + 28)
    bytes.store(isDaylightSaving, at: start + 32)
  }

  /// The moment; the days of the week and the year do not count. nil when there is none, or it is before 1970.
  var civil: CivilTime? {
    let year = Int(year) + 1_900
    guard year >= 1_970 else { return nil }
    return CivilTime(
      year: year, month: Int(month) + 1, day: Int(day), hour: Int(hour), minute: Int(minute), second: Int(second))
  }

  /// The moment on the day of `today`, or the next time that it is this late.
  func nextMoment(after today: CivilTime) -> CivilTime? {
    guard
      let time = CivilTime(
        year: today.year, month: today.month, day: today.day, hour: Int(hour), minute: Int(minute),
        second: Int(second))
    else { return nil }
    return time.unixSeconds < today.unixSeconds ? CivilTime(unixSeconds: time.unixSeconds + 86_400) : time
  }
}

/// `struct rtc_wkalrm`. Source: Linux include/uapi/linux/rtc.h.
struct WakeAlarmStructure: UserValue {
  static let userByteCount = 4 + ClockTimeStructure.userByteCount

  var isEnabled: Bool
  var isPending = false
  var time: ClockTimeStructure

  init(_ time: CivilTime, isEnabled: Bool) {
    (self.isEnabled, self.time) = (isEnabled, ClockTimeStructure(time))
  }

  init(userBytes: Span<UInt8>) {
    isEnabled = userBytes[0] != 0
    isPending = userBytes[1] != 0
    time = ClockTimeStructure(userBytes: userBytes.extracting(4..<Self.userByteCount))
  }

  func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    bytes[0] = isEnabled ? 1 : 0
    bytes[1] = isPending ? 1 : 0
    time.write(to: &bytes, at: 4)
  }
}
