import ACPI
import Foundations
import Logging
import Machine
import Time
import VDSO

extension BootHandlers {
  /// What one measurement takes, in nanoseconds.
  private static let measurement: UInt64 = 10_000_000
  private static let attempts = 8

  /// Finds the counters, measures the time-stamp counter by the best of them, and reads the date.
  static func timers(_ state: inout BootState) -> BootOutcome {
    guard Clock.nanoseconds > 0 else { return .failed("the interval timer does not count") }
    let description = TimeHardware(state.firmware)
    let highPrecision = description.highPrecisionAddress.flatMap(MachineSources.startHighPrecision)
    let powerManagement = description.powerManagementPort.flatMap {
      MachineSources.startPowerManagement(port: $0, width: description.powerManagementWidth)
    }
    if highPrecision == nil, let address = description.highPrecisionAddress {
      KernelLog.add(.warning, .time, "the HPET at \(hex: address) cannot be used: there is none that counts")
    }
    log(highPrecision)
    log(powerManagement)
    let declared = DeclaredRate(ProcessorIdentification())
    guard let summary = tellTime(by: declared, highPrecision, powerManagement) else {
      return .failed("TSC unsteady: no three of \(attempts) measurements agree, and there is no other counter")
    }
    ClockMaintenance.start(reference: highPrecision ?? powerManagement, fallback: highPrecision ?? powerManagement)
    do throws(Errno) {
      try VirtualDSO.start()
    } catch {
      return .failed("no memory for the page that programs read clocks from")
    }
    let before = Clock.nanoseconds
    guard Clock.nanoseconds >= before else { return .failed("the clock runs backwards") }
    KernelLog.add(.info, .time, setDate(description))
    return .done(summary)
  }

  /// Chooses the counter that time is told by.
  ///
  /// - Returns: nil when there is none.
  private static func tellTime(
    by declared: DeclaredRate, _ highPrecision: CounterSource?, _ powerManagement: CounterSource?
  ) -> Message? {
    let reference = highPrecision ?? powerManagement
    let yardstick = reference?.displayName ?? "interval timer"
    let measured = MachineSources.measureTimestamp(by: reference, nanoseconds: measurement, attempts: attempts)
    guard let measured else {
      guard let reference else { return nil }
      KernelLog.add(.warning, .time, "TSC unsteady: no three of \(attempts) measurements agree")
      Clock.change(to: reference)
      return "\(reference.displayName) \(frequency: reference.rate), TSC unsteady"
    }
    guard let exact = declared.exact else {
      Clock.change(to: measured)
      let error = (measured.errorPartsPerBillion + 999) / 1_000
      return "TSC \(frequency: measured.rate) by \(yardstick) ±\(error) ppm"
    }
    // What the CPU declares is exact, unless a hypervisor passes on another machine's.
    guard exact.agrees(with: measured.rate, partsPerBillion: measured.errorPartsPerBillion + 2_000_000) else {
      KernelLog.add(
        .warning, .time, "CPUID says that the TSC has \(frequency: exact), measured are \(frequency: measured.rate)")
      Clock.change(to: measured)
      return "TSC \(frequency: measured.rate) by \(yardstick), against CPUID"
    }
    Clock.change(to: CounterSource(.timestamp, width: 64, rate: exact, errorPartsPerBillion: 100_000))
    return "TSC \(frequency: exact) by CPUID"
  }

  private static func log(_ source: CounterSource?) {
    guard let source else { return }
    KernelLog.add(
      .info, .time,
      "\(source.displayName) \(frequency: source.rate), \(source.mask.nonzeroBitCount) bits, rating \(source.rating)")
  }

  /// Sets CLOCK_REALTIME by the battery-backed clock.
  private static func setDate(_ description: TimeHardware) -> Message {
    do throws(BatteryClockError) {
      let time = try MachineSources.batteryTime(centuryIndex: description.centuryIndex)
      do throws(Errno) {
        try Clock.setRealTime(UInt64(max(time.unixSeconds, 0)) * 1_000_000_000)
      } catch {
        return "the date of the RTC cannot be: \(time)"
      }
      return "RTC \(time)"
    } catch {
      switch error {
      case .absent: return "there is no RTC"
      case .unsteady: return "the RTC is unsteady"
      case .nonsense, .unrepresentable: return "the RTC has no date"
      }
    }
  }
}

/// Where the firmware says that time can be told.
private struct TimeHardware {
  var highPrecisionAddress: UInt64?
  var powerManagementPort: UInt16?
  var powerManagementWidth: UInt64 = 24
  var centuryIndex: UInt8 = 0

  init(_ firmware: borrowing FirmwareTables?) {
    switch firmware {
    case .none: return
    case .some(let tables):
      if let table = tables.table("HPET") {
        do throws(ACPITableError) {
          let address = try HPETDescription(table).address
          if address.space == .systemMemory { highPrecisionAddress = address.address }
        } catch {
          KernelLog.add(.warning, .time, "the table HPET is refused: \(error.reason)")
        }
      }
      guard let table = tables.table("FACP") else { return }
      do throws(ACPITableError) {
        let description = try FADT(table)
        centuryIndex = description.centuryIndex
        guard let timer = description.timer, timer.space == .systemIO else { return }
        powerManagementPort = UInt16(exactly: timer.address)
        powerManagementWidth = description.features.hasExtendedTimer ? 32 : 24
      } catch {
        KernelLog.add(.warning, .time, "the FADT is refused: \(error.reason)")
      }
    }
  }
}

extension CounterSource {
  /// The name for people.
  var displayName: Message {
    switch kind {
    case .timestamp: "TSC"
    case .highPrecision: "HPET"
    case .powerManagement: "ACPI timer"
    case .interval: "interval timer"
    }
  }
}

extension Message.Interpolation {
  /// A rate in megahertz, with its kilohertz.
  mutating func appendInterpolation(frequency rate: CounterRate) {
    let kilohertz = rate.hertz / 1_000
    appendInterpolation(kilohertz / 1_000)
    appendLiteral(".")
    appendPadded(Int(kilohertz % 1_000), width: 3)
    appendLiteral(" MHz")
  }

  /// A date and time, as ISO 8601 has it but for a space.
  mutating func appendInterpolation(_ time: CivilTime) {
    appendPadded(time.year, width: 4)
    appendLiteral("-")
    appendPadded(time.month, width: 2)
    appendLiteral("-")
    appendPadded(time.day, width: 2)
    appendLiteral(" ")
    appendPadded(time.hour, width: 2)
    appendLiteral(":")
    appendPadded(time.minute, width: 2)
    appendLiteral(":")
    appendPadded(time.second, width: 2)
    appendLiteral(" UTC")
  }

  private mutating func appendPadded(_ value: Int, width: Int) {
    var limit = 10
    for _ in 1..<width {
      if value < limit { appendLiteral("0") }
      limit *= 10
    }
    appendInterpolation(value)
  }
}
