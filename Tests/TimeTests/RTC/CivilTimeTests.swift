import TestSupport
import Testing
import Time

@Suite("CivilTime")
struct CivilTimeTests {
  @Test("Every day of 1970 to 2200 follows the one before it, and has the next number and day of the week")
  func everyDay() throws {
    var seconds = 0
    var dayOfWeek = 4
    for year in 1970...2200 {
      for month in 1...12 {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let length = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
        for day in 1...length {
          let time = try #require(CivilTime(year: year, month: month, day: day))
          guard time.unixSeconds == seconds, time.dayOfWeek == dayOfWeek, CivilTime(unixSeconds: seconds) == time else {
            Issue.record("\(year)-\(month)-\(day) is \(time.unixSeconds), not \(seconds)")
            return
          }
          seconds += 86_400
          dayOfWeek = (dayOfWeek + 1) % 7
        }
        #expect(CivilTime(year: year, month: month, day: length + 1) == nil)
      }
    }
  }

  @Test("Any second becomes a date and back, also before 1970")
  func roundTrip() throws {
    var random = SeededGenerator(seed: 5)
    for _ in 0..<100_000 {
      let seconds = Int.random(in: -60_000_000_000...60_000_000_000, using: &random)
      let time = try #require(CivilTime(unixSeconds: seconds))
      #expect(time.unixSeconds == seconds)
    }
  }

  @Test("Known moments")
  func known() {
    #expect(CivilTime(year: 2000, month: 2, day: 29, hour: 12)?.unixSeconds == 951_825_600)
    #expect(CivilTime(year: 2038, month: 1, day: 19, hour: 3, minute: 14, second: 7)?.unixSeconds == 2_147_483_647)
    #expect(CivilTime(year: 1969, month: 12, day: 31, hour: 23, minute: 59, second: 59)?.unixSeconds == -1)
    #expect(CivilTime(year: 1600, month: 1, day: 1)?.unixSeconds == -11_676_096_000)
  }

  @Test("What is no date is refused")
  func refused() {
    #expect(CivilTime(year: 2023, month: 2, day: 29) == nil)
    #expect(CivilTime(year: 2100, month: 2, day: 29) == nil)
    #expect(CivilTime(year: 2024, month: 0, day: 1) == nil)
    #expect(CivilTime(year: 2024, month: 13, day: 1) == nil)
    #expect(CivilTime(year: 2024, month: 1, day: 0) == nil)
    #expect(CivilTime(year: 2024, month: 1, day: 1, hour: 24) == nil)
    #expect(CivilTime(year: 2024, month: 1, day: 1, second: 60) == nil)
    #expect(CivilTime(unixSeconds: .max) == nil)
    #expect(CivilTime(unixSeconds: .min) == nil)
  }
}
