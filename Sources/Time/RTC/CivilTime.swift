/// A date and a time of day in UTC, by the Gregorian calendar, also before it was introduced.
public struct CivilTime: Equatable, Sendable {
  /// The year, -32,768...32,767 with a year 0.
  public var year: Int
  /// The month, 1...12.
  public var month: Int
  /// The day of the month, 1...31.
  public var day: Int
  /// The hour, 0...23.
  public var hour: Int
  /// The minute, 0...59.
  public var minute: Int
  /// The second, 0...59: Unix time knows no leap second.
  public var second: Int

  /// A moment; nil when there is no such day or time.
  public init?(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
    guard (-32_768...32_767).contains(year), (1...12).contains(month),
      (1...Self.length(ofMonth: month, year: year)).contains(day), (0...23).contains(hour), (0...59).contains(minute),
      (0...59).contains(second)
    else { return nil }
    self.year = year
    self.month = month
    self.day = day
    self.hour = hour
    self.minute = minute
    self.second = second
  }

  /// Whether February has 29 days.
  public static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

  /// The days of a month, 1...12.
  public static func length(ofMonth month: Int, year: Int) -> Int {
    switch month {
    case 2: isLeap(year) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  private static var secondsPerDay: Int { 86_400 }
  /// The days of 400 years, after which the calendar repeats.
  private static var daysPerEra: Int { 146_097 }
  /// The days from 1 March of year 0 to 1 January 1970.
  private static var epoch: Int { 719_468 }

  /// Seconds since 1970.
  public var unixSeconds: Int { days * Self.secondsPerDay + (hour * 60 + minute) * 60 + second }

  /// Days since 1 January 1970.
  ///
  /// Years that begin with March have their leap day at the end, and their months' first days follow 153 days in 5 months.
  private var days: Int {
    let shifted = month > 2 ? year : year - 1
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * Self.daysPerEra + dayOfEra - Self.epoch
  }

  /// The day of the week, 0 being Sunday.
  public var dayOfWeek: Int {
    // 1 January 1970 was a Thursday.
    let remainder = (days + 4) % 7
    return remainder < 0 ? remainder + 7 : remainder
  }

  /// The moment `seconds` after 1970 began; nil when its year does not fit.
  public init?(unixSeconds seconds: Int) {
    guard seconds.magnitude < 1 << 40 else { return nil }
    var days = seconds / Self.secondsPerDay
    var rest = seconds % Self.secondsPerDay
    if rest < 0 {
      rest += Self.secondsPerDay
      days -= 1
    }
    let shifted = days + Self.epoch
    let era = (shifted >= 0 ? shifted : shifted - (Self.daysPerEra - 1)) / Self.daysPerEra
    let dayOfEra = shifted - era * Self.daysPerEra
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    self.init(
      year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month: month,
      day: dayOfYear - (153 * shiftedMonth + 2) / 5 + 1, hour: rest / 3_600, minute: rest / 60 % 60, second: rest % 60)
  }
}
