import DeviceModels
import TestSupport
import Testing

@testable import Time

@Suite("BatteryClock")
struct BatteryClockTests {
  private typealias Model = RealTimeClockModel

  struct Format: CustomStringConvertible, Sendable {
    var isBinary: Bool
    var is24Hour: Bool
    var description: String { "\(isBinary ? "binary" : "BCD"), \(is24Hour ? 24 : 12) hours" }
    static let all = [true, false].flatMap { binary in [true, false].map { Format(isBinary: binary, is24Hour: $0) } }
  }

  private static func model(_ format: Format = Format(isBinary: false, is24Hour: true)) -> DeviceModel {
    let model = DeviceModel(Model.layout)
    model[Model.StatusB.isBinary] = format.isBinary ? 1 : 0
    model[Model.StatusB.is24Hour] = format.is24Hour ? 1 : 0
    model[Model.StatusA.updateInProgress] = 0
    model[Model.StatusD.isValid] = 1
    return model
  }

  private static func set(_ model: DeviceModel, _ values: [(RegisterKey, UInt64)]) {
    for (key, value) in values { model[key] = value }
  }

  @Test("What is written is read again, in each format", arguments: Format.all)
  func roundTrip(_ format: Format) throws {
    var random = SeededGenerator(seed: 6)
    for _ in 0..<150 {
      let model = Self.model(format)
      let clock = BatteryClock(model, centuryIndex: 0x32)
      let seconds = Int.random(in: 0..<7_258_118_400, using: &random)
      let time = try #require(CivilTime(unixSeconds: seconds))
      try clock.write(time)
      #expect(model[Model.StatusB.halt] == 0)
      let read = try clock.read()
      #expect(read == time)
      #expect(model.violations.isEmpty)
    }
  }

  @Test("Noon and midnight in twelve hours")
  func twelveHours() throws {
    let model = Self.model(Format(isBinary: false, is24Hour: false))
    Self.set(model, [(Model.dayOfMonth, 0x01), (Model.month, 0x01), (Model.year, 0x26)])
    for (byte, hour) in [(0x12, 0), (0x01, 1), (0x11, 11), (0x92, 12), (0x81, 13), (0x91, 23)] {
      model[Model.hours] = UInt64(byte)
      let time = try BatteryClock(model, centuryIndex: 0).read()
      #expect(time.hour == hour)
    }
  }

  @Test("Without a century, 70 to 99 are of the twentieth")
  func pivot() throws {
    let model = Self.model()
    Self.set(model, [(Model.dayOfMonth, 0x01), (Model.month, 0x01)])
    for (byte, year) in [(0x70, 1970), (0x99, 1999), (0x00, 2000), (0x69, 2069)] {
      model[Model.year] = UInt64(byte)
      let time = try BatteryClock(model, centuryIndex: 0).read()
      #expect(time.year == year)
    }
  }

  @Test("A time that changes in the middle of a reading is read again")
  func changes() throws {
    let model = Self.model()
    Self.set(
      model,
      [
        (Model.seconds, 0x59), (Model.minutes, 0x59), (Model.hours, 0x23), (Model.dayOfMonth, 0x31),
        (Model.month, 0x12),
        (Model.year, 0x25),
      ])
    var readings = 0
    model.onRead[Model.hours] = { model, _ in
      readings += 1
      guard readings == 1 else { return }
      // Seconds and minutes have been read; now the year ends.
      Self.set(
        model,
        [
          (Model.seconds, 0), (Model.minutes, 0), (Model.hours, 0), (Model.dayOfMonth, 1), (Model.month, 1),
          (Model.year, 0x26),
        ])
    }
    let time = try BatteryClock(model, centuryIndex: 0).read()
    #expect(time == CivilTime(year: 2026, month: 1, day: 1))
  }

  @Test("An update is waited for, but not for ever")
  func update() throws {
    let model = Self.model()
    Self.set(model, [(Model.dayOfMonth, 0x01), (Model.month, 0x01)])
    var readings = 0
    model[Model.StatusA.updateInProgress] = 1
    model.onRead[Model.statusA] = { model, _ in
      readings += 1
      if readings == 50 { model[Model.StatusA.updateInProgress] = 0 }
    }
    let time = try BatteryClock(model, centuryIndex: 0).read()
    #expect(time.year == 2000 && readings >= 50)
  }

  @Test("A clock that is gone, never stands still or has no date is an error")
  func errors() {
    let gone = Self.model()
    gone.isGone = true
    #expect(throws: BatteryClockError.absent) { try BatteryClock(gone, centuryIndex: 0).read() }
    let restless = Self.model()
    restless.onRead[Model.seconds] = { model, _ in model[Model.seconds] = (model[Model.seconds] + 1) % 10 }
    #expect(throws: BatteryClockError.unsteady) { try BatteryClock(restless, centuryIndex: 0).read() }
    let flat = Self.model()
    #expect(throws: BatteryClockError.nonsense) { try BatteryClock(flat, centuryIndex: 0).read() }
    let bad = Self.model()
    Self.set(bad, [(Model.dayOfMonth, 0x1a), (Model.month, 0x01)])
    #expect(throws: BatteryClockError.nonsense) { try BatteryClock(bad, centuryIndex: 0).read() }
    #expect(throws: BatteryClockError.unrepresentable) {
      guard let time = CivilTime(year: 2070, month: 1, day: 1) else { return }
      try BatteryClock(Self.model(), centuryIndex: 0).write(time)
    }
  }
}
