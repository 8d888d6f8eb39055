import Foundations
import Registers

/// Why the battery-backed clock gives no time.
public enum BatteryClockError: Error, Equatable, Sendable {
  /// Nothing answers, or an update never ends.
  case absent
  /// No two readings in a row were the same.
  case unsteady
  /// What it says is no date, as after a flat battery.
  case nonsense
  /// The year is none that it can hold.
  case unrepresentable
}

/// The battery-backed clock of the PC.
///
/// Time is taken to be UTC. Source: Motorola MC146818A data sheet; ACPI 6.5, section 5.2.9, CENTURY.
public struct BatteryClock<Space: RegisterSpace & ~Copyable>: ~Copyable {
  let registers: RealTimeClockRegisters<Space>
  /// The index of the byte with the century, or nil.
  private let century: Int?

  /// An update takes 2 ms at most; a reading of a port takes about a microsecond, and never less than a few nanoseconds.
  private static var updateReadings: Int { 1_000_000 }
  private static var attempts: Int { 16 }
  /// The first byte of the memory that has no other meaning.
  private static var firstStorage: Int { 0x0e }
  /// Without a century, years from here on are of the twentieth: the PC is younger, and so is Unix time.
  private static var pivot: Int { 70 }

  /// Takes over the clock.
  ///
  /// - Parameter centuryIndex: from the FADT; 0 when there is none.
  public init(_ space: consuming Space, centuryIndex: UInt8) {
    registers = RealTimeClockRegisters(space)
    let isStorage = (Self.firstStorage..<Self.firstStorage + RealTimeClock.storageCount).contains(Int(centuryIndex))
    century = isStorage ? Int(centuryIndex) : nil
  }

  /// The bytes of the time as the device has them.
  private struct Bytes: Equatable {
    var second: UInt8 = 0
    var minute: UInt8 = 0
    var hour: UInt8 = 0
    var day: UInt8 = 0
    var month: UInt8 = 0
    var year: UInt8 = 0
    var century: UInt8 = 0
  }

  /// The time now, up to a second old.
  ///
  /// - Context: takes up to a few milliseconds.
  public func read() throws(BatteryClockError) -> CivilTime {
    guard registers.statusD.rawValue != .max else { throw .absent }
    var previous: Bytes?
    for _ in 0..<Self.attempts {
      try waitForUpdate()
      let bytes = bytes()
      // An update may have begun meanwhile; bytes that are the same twice are of one moment.
      if !registers.statusA.updateInProgress {
        if bytes == previous { return try decode(bytes, registers.statusB) }
        previous = bytes
      }
    }
    throw .unsteady
  }

  private func waitForUpdate() throws(BatteryClockError) {
    for _ in 0..<Self.updateReadings where !registers.statusA.updateInProgress { return }
    throw .absent
  }

  private func bytes() -> Bytes {
    var bytes = Bytes()
    bytes.second = registers.seconds
    bytes.minute = registers.minutes
    bytes.hour = registers.hours
    bytes.day = registers.dayOfMonth
    bytes.month = registers.month
    bytes.year = registers.year
    if let century { bytes.century = registers.storage(at: century - Self.firstStorage) }
    return bytes
  }

  private func decode(_ bytes: Bytes, _ format: RealTimeClock.StatusB) throws(BatteryClockError) -> CivilTime {
    // Bit 7 of the hour is the afternoon only in the twelve-hour format.
    var hour = try number(format.is24Hour ? bytes.hour : bytes.hour & 0x7f, format)
    if !format.is24Hour {
      guard (1...12).contains(hour) else { throw .nonsense }
      hour = hour % 12 + (bytes.hour & 0x80 != 0 ? 12 : 0)
    }
    let year = try number(bytes.year, format)
    guard year <= 99 else { throw .nonsense }
    var hundreds = year >= Self.pivot ? 19 : 20
    // Firmware that names a byte for the century but keeps none there is known; 19...29 are what a clock can show.
    if century != nil, let stated = decimal(bytes.century, format), (19...29).contains(stated) { hundreds = stated }
    guard
      let time = CivilTime(
        year: hundreds * 100 + year, month: try number(bytes.month, format), day: try number(bytes.day, format),
        hour: hour, minute: try number(bytes.minute, format), second: try number(bytes.second, format))
    else { throw .nonsense }
    return time
  }

  private func number(_ byte: UInt8, _ format: RealTimeClock.StatusB) throws(BatteryClockError) -> Int {
    guard let value = decimal(byte, format) else { throw .nonsense }
    return value
  }

  /// A byte's value, or nil when it should hold two decimal digits and does not.
  private func decimal(_ byte: UInt8, _ format: RealTimeClock.StatusB) -> Int? {
    if format.isBinary { return Int(byte) }
    guard byte & 0xf <= 9, byte >> 4 <= 9 else { return nil }
    return Int(byte >> 4) * 10 + Int(byte & 0xf)
  }

  /// Sets the clock, which goes on from `time`: its next second begins half a second later.
  ///
  /// - Throws: `.unrepresentable` for years outside 1970...2069 where there is no byte for the century, 1900...2999 where there is;
  ///   `.absent`.
  public func write(_ time: CivilTime) throws(BatteryClockError) {
    let years = century == nil ? 1970...2069 : 1900...2999
    guard years.contains(time.year) else { throw .unrepresentable }
    guard registers.statusD.rawValue != .max else { throw .absent }
    var format = registers.statusB
    format.halt = true
    registers.statusB = format
    registers.seconds = encode(time.second, format)
    registers.minutes = encode(time.minute, format)
    registers.hours = encodeHour(time.hour, format)
    registers.dayOfWeek = encode(time.dayOfWeek + 1, format)
    registers.dayOfMonth = encode(time.day, format)
    registers.month = encode(time.month, format)
    registers.year = encode(time.year % 100, format)
    if let century { registers.writeStorage(encode(time.year / 100, format), at: century - Self.firstStorage) }
    format.halt = false
    registers.statusB = format
  }

  func encodeHour(_ hour: Int, _ format: RealTimeClock.StatusB) -> UInt8 {
    guard !format.is24Hour else { return encode(hour, format) }
    let half = hour % 12
    return encode(half == 0 ? 12 : half, format) | (hour >= 12 ? 0x80 : 0)
  }

  func encode(_ value: Int, _ format: RealTimeClock.StatusB) -> UInt8 {
    UInt8(truncatingIfNeeded: format.isBinary ? value : (value / 10) << 4 | value % 10)
  }
}
