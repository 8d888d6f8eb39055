import Foundations
import Registers

/// What the battery-backed clock may interrupt for. The bits are those of its registers, and of Linux's /dev/rtc.
public struct ClockInterrupts: OptionSet, Sendable {
  /// The bits.
  public let rawValue: UInt8
  /// The set with the bits of `rawValue`.
  public init(rawValue: UInt8) { self.rawValue = rawValue }
  /// Each second, when the time has changed.
  public static var update: ClockInterrupts { ClockInterrupts(rawValue: 0x10) }
  /// When the time is that of the alarm.
  public static var alarm: ClockInterrupts { ClockInterrupts(rawValue: 0x20) }
  /// So many times a second.
  public static var periodic: ClockInterrupts { ClockInterrupts(rawValue: 0x40) }
}

/// Interrupts of the clock. Source: Motorola MC146818A data sheet, sections Interrupts and Registers.
extension BatteryClock where Space: ~Copyable {
  /// Whether nobody answers.
  public var isAbsent: Bool { registers.statusD.rawValue == .max && registers.statusB.rawValue == .max }

  /// Chooses what it interrupts for. What it did for before is forgotten if it has not been taken.
  public func setInterrupts(_ wanted: ClockInterrupts) {
    var control = registers.statusB
    // Enabled while its flag is set from before, an interrupt would come at once.
    control.updateInterrupt = false
    control.alarmInterrupt = false
    control.periodicInterrupt = false
    registers.statusB = control
    _ = registers.statusC
    guard !wanted.isEmpty else { return }
    control.updateInterrupt = wanted.contains(.update)
    control.alarmInterrupt = wanted.contains(.alarm)
    control.periodicInterrupt = wanted.contains(.periodic)
    registers.statusB = control
  }

  /// What it has interrupted for since the last time; without this it does not interrupt again.
  ///
  /// - Throws: `.absent`.
  public func takeInterrupts() throws(BatteryClockError) -> ClockInterrupts {
    let status = registers.statusC
    if status.rawValue == .max, isAbsent { throw .absent }
    var taken: ClockInterrupts = []
    if status.update { taken.insert(.update) }
    if status.alarm { taken.insert(.alarm) }
    if status.periodic { taken.insert(.periodic) }
    return taken
  }

  /// Sets the time of day of the alarm, which comes each day then.
  public func setAlarm(hour: Int, minute: Int, second: Int) {
    guard (0...23).contains(hour), (0...59).contains(minute), (0...59).contains(second) else { return }
    let format = registers.statusB
    registers.secondsAlarm = encode(second, format)
    registers.minutesAlarm = encode(minute, format)
    registers.hoursAlarm = encodeHour(hour, format)
  }

  /// Sets how often the periodic interrupt comes: 2, 4, 8, … 8,192 times a second.
  ///
  /// - Returns: false for another number; nothing was changed then.
  public func setRate(hertz: Int) -> Bool {
    guard hertz >= 2, hertz <= 8_192, hertz & (hertz - 1) == 0 else { return false }
    // 65,536 Hz divided by 2 to the power of the rate.
    let selection = UInt8(truncatingIfNeeded: 16 - hertz.trailingZeroBitCount)
    var control = registers.statusA
    control.rawValue = control.rawValue & 0x70 | selection
    registers.statusA = control
    return true
  }
}
