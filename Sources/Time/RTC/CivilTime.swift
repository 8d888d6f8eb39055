/// A date and a time of day in UTC, by the Gregorian calendar.
public struct CivilTime: Equatable, Sendable {
  /// The year, such as 2026.
  public var year: Int
  /// The month, 1...12.
  public var month: Int
  /// The day of the month, 1...31.
  public var day: Int
  /// The hour, 0...23.
  public var hour: Int
  /// The minute, 0...59.
  public var minute: Int
  /// The second, 0...59.
  public var second: Int

  /// Creates a time; `isValid` says whether there is such a one.
  public init(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
    self.year = year
    self.month = month
    self.day = day
    self.hour = hour
    self.minute = minute
    self.second = second
  }

  private static let daysOfEra = 146_097
  /// Days from the first of March of year 0 to 1970.
  private static let daysTo1970 = 719_468

  /// Whether the calendar has this day and the day this second.
  public var isValid: Bool {
    (1...9999).contains(year) && (1...12).contains(month) && day >= 1 && day <= Self.dayCount(year, month)
      && (0...23).contains(hour) && (0...59).contains(minute) && (0...59).contains(second)
  }

  /// How many days a month has.
  static func dayCount(_ year: Int, _ month: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Seconds since the beginning of 1970; negative before.
  ///
  /// - Precondition: `isValid`.
  public var secondsSince1970: Int64 {
    // Years begin in March, so that the leap day is the last of its year.
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let monthFromMarch = (month + 9) % 12
    let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    let days = era * Self.daysOfEra + dayOfEra - Self.daysTo1970
    return Int64(days) * 86_400 + Int64(hour * 3_600 + minute * 60 + second)
  }

  /// The time that is `seconds` after the beginning of 1970, which is in the years 1...9999.
  public init?(secondsSince1970 seconds: Int64) {
    guard (-62_135_596_800...253_402_300_799).contains(seconds) else { return nil }
    let dayNumber = Int(seconds >= 0 ? seconds / 86_400 : -((-seconds + 86_399) / 86_400))
    let rest = Int(seconds) - dayNumber * 86_400
    let days = dayNumber + Self.daysTo1970
    let era = days / Self.daysOfEra
    let dayOfEra = days - era * Self.daysOfEra
    // The divisors take out the leap days that came before in the four, the hundred and the four hundred years.
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    hour = rest / 3_600
    minute = rest / 60 % 60
    second = rest % 60
  }
}
