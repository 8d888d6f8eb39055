public import Foundations
import Registers

/// The PC's battery-backed clock, read as a whole although it may change meanwhile.
///
/// Source: Motorola MC146818A data sheet, Update Cycle; ACPI 6.5, section 5.2.9 (CENTURY).
public struct BatteryClock<Space: RegisterSpace & ~Copyable>: ~Copyable {
  private let registers: RealTimeClockRegisters<Space>
  /// Which byte of the clock's memory has the century, or 0.
  private let centuryIndex: UInt8

  /// How often an update in progress is waited for: it takes 2 ms, a look about 1 µs.
  private static var updateLooks: Int { 10_000 }
  private static var attempts: Int { 8 }
  /// Without a century byte, years below this are of the century after 1900's.
  private static var pivotYear: Int { 70 }
  private static var firstStorage: Int { 14 }

  /// A clock behind its two ports.
  ///
  /// - Parameter centuryIndex: what the FADT says, 0 for none.
  public init(_ space: consuming Space, centuryIndex: UInt8) {
    registers = RealTimeClockRegisters(space)
    self.centuryIndex = centuryIndex
  }

  /// The bytes of the clock, as they are.
  private struct Reading: Equatable {
    var second, minute, hour, day, month, year, century: UInt8
  }

  /// The time that the clock shows.
  ///
  /// - Returns: nil when there is no clock, its battery is dead, or what it shows is no time.
  public func read() -> CivilTime? {
    guard registers.statusD.isValid else { return nil }
    for _ in 0..<Self.attempts {
      // Two readings that agree, neither during an update.
      guard let first = reading(), let second = reading() else { return nil }
      guard first == second else { continue }
      return time(first)
    }
    return nil
  }

  private func reading() -> Reading? {
    var looks = Self.updateLooks
    while registers.statusA.updateInProgress {
      looks -= 1
      guard looks > 0 else { return nil }
    }
    return Reading(
      second: registers.seconds, minute: registers.minutes, hour: registers.hours, day: registers.dayOfMonth,
      month: registers.month, year: registers.year, century: century)
  }

  private var century: UInt8 {
    let index = Int(centuryIndex) - Self.firstStorage
    guard index >= 0, index < RealTimeClock.storageCount else { return 0 }
    return registers.storage(at: index)
  }

  private func time(_ reading: Reading) -> CivilTime? {
    let status = registers.statusB
    let isBinary = status.isBinary
    func number(_ byte: UInt8) -> Int? {
      if isBinary { return Int(byte) }
      guard byte & 15 < 10, byte >> 4 < 10 else { return nil }
      return Int(byte >> 4) * 10 + Int(byte & 15)
    }
    let isAfternoon = !status.is24Hour && reading.hour & 0x80 != 0
    guard let second = number(reading.second), let minute = number(reading.minute),
      var hour = number(status.is24Hour ? reading.hour : reading.hour & 0x7f), let day = number(reading.day),
      let month = number(reading.month), let year = number(reading.year), year < 100
    else { return nil }
    if !status.is24Hour {
      guard (1...12).contains(hour) else { return nil }
      hour = hour % 12 + (isAfternoon ? 12 : 0)
    }
    var hundreds = year < Self.pivotYear ? 20 : 19
    // A century byte that makes no sense is somebody else's.
    if let found = number(reading.century), (19...29).contains(found) { hundreds = found }
    let time = CivilTime(
      year: hundreds * 100 + year, month: month, day: day, hour: hour, minute: minute, second: second)
    return time.isValid ? time : nil
  }
}
