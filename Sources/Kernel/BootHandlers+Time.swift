import ACPI
import Foundations
import Logging
import Machine
import Registers
import Time

extension BootHandlers {
  /// Finds the clock sources, measures the time-stamp counter by the best of them, and reads the date.
  static func timers(_ state: inout BootState) -> BootOutcome {
    let sources = ClockSources(state.firmware)
    guard let rate = sources.timestampRate() else { return .failed("no source of time is steady") }
    Clock.start(ticksPerSecond: rate.ticksPerSecond)
    if let fallback = sources.fallback { Clock.setFallback(fallback) }
    let before = Clock.nanoseconds
    guard Clock.nanoseconds >= before else { return .failed("the clock runs backwards") }
    setDate(sources.centuryIndex)
    return .done("TSC \(rate.ticksPerSecond / 1_000_000) MHz by \(rate.reference), ±\(rate.errorPartsPerMillion) ppm")
  }

  private static func setDate(_ centuryIndex: UInt8) {
    guard let ports = PortSpace.claim(base: RealTimeClock.system, count: RealTimeClock.length),
      let time = BatteryClock(ports, centuryIndex: centuryIndex).read(), time.secondsSince1970 > 0
    else {
      KernelLog.add(.warning, .time, "the battery-backed clock shows no time")
      return
    }
    Clock.setRealTime(UInt64(time.secondsSince1970) * 1_000_000_000)
    var text = Message()
    text.write("the date is \(time.year)-" as Message)
    text.writeTwoDigits(time.month, "-")
    text.writeTwoDigits(time.day, " ")
    text.writeTwoDigits(time.hour, ":")
    text.writeTwoDigits(time.minute, ":")
    text.writeTwoDigits(time.second, " UTC")
    KernelLog.add(.info, .time, text)
  }
}

extension Message {
  /// Writes a number below 100 with both digits, and what follows it.
  fileprivate mutating func writeTwoDigits(_ number: Int, _ text: String) {
    write(byte: 0x30 + UInt8(number / 10 % 10))
    write(byte: 0x30 + UInt8(number % 10))
    write(text)
  }
}

/// The counters of this machine that time can be measured by, the best first.
struct ClockSources: ~Copyable {
  /// The rate of the time-stamp counter, and what it was measured by.
  struct Rate {
    var ticksPerSecond: UInt64
    var errorPartsPerMillion: UInt64
    var reference: String
  }

  private static let milliseconds: UInt64 = 10
  private static let attempts = 8
  private static let tolerancePartsPerMillion: UInt64 = 500

  private var eventTimer: HardwareCounter?
  private var powerTimer: HardwareCounter?
  /// Which byte of the battery-backed clock's memory has the century, or 0.
  private(set) var centuryIndex: UInt8 = 0

  init(_ firmware: borrowing FirmwareTables?) {
    eventTimer = nil
    powerTimer = nil
    switch firmware {
    case .none: break
    case .some(let tables):
      eventTimer = Self.eventTimer(tables)
      guard let table = tables.table("FACP"), let description = try? FADT(table) else { break }
      centuryIndex = description.centuryIndex
      powerTimer = Self.powerTimer(description)
    }
    for counter in [eventTimer, powerTimer] {
      if let counter {
        KernelLog.add(.debug, .time, "\(counter.name) counts at \(counter.frequencyHertz) Hz")
      }
    }
  }

  /// What the clock falls back to when the time-stamp counter proves unsteady.
  var fallback: HardwareCounter? { eventTimer ?? powerTimer }

  private static func eventTimer(_ tables: borrowing FirmwareTables) -> HardwareCounter? {
    guard let table = tables.table("HPET"), let description = try? HPETDescription(table),
      description.address.space == .systemMemory
    else { return nil }
    let base = description.address.address
    do throws(Errno) {
      let space = try DeviceSpace.map(base..<base + UInt64(HPET.length))
      return HPETCounter(HPETRegisters(space))
    } catch {
      KernelLog.add(.warning, .time, "the HPET at \(hex: base) cannot be used: error \(error.rawValue)")
      return nil
    }
  }

  private static func powerTimer(_ description: FADT) -> HardwareCounter? {
    guard let timer = description.timer, timer.space == .systemIO, timer.address < 0xfffd,
      let ports = PortSpace.claim(base: UInt16(timer.address), count: 4)
    else { return nil }
    return PowerManagementTimer(ports, isExtended: description.features.hasExtendedTimer)
  }

  /// The interval timer, taken for a moment.
  static func intervalTimer() -> HardwareCounter? {
    guard let timer = PortSpace.claim(base: PIT8254.system, count: PIT8254.length),
      let control = PortSpace.claim(base: SystemControl.portB, count: SystemControl.length)
    else { return nil }
    return IntervalTimerCounter(timer: PIT8254Registers(timer), control: SystemControlRegisters(control))
  }

  /// The rate of the time-stamp counter: as the CPU tells it, else by the best counter on which two measurements agree.
  borrowing func timestampRate() -> Rate? {
    if let told = Self.toldRate() { return Rate(ticksPerSecond: told, errorPartsPerMillion: 1, reference: "CPUID") }
    for counter in [eventTimer, powerTimer, Self.intervalTimer()] {
      guard let counter else { continue }
      let rate = RateMeasurement.agreed(
        by: counter, milliseconds: Self.milliseconds, attempts: Self.attempts,
        tolerancePartsPerMillion: Self.tolerancePartsPerMillion, ticks: { TimestampCounter.now })
      guard let rate else {
        KernelLog.add(.warning, .time, "no two measurements by \(counter.name) agree")
        continue
      }
      return Rate(
        ticksPerSecond: rate.ticksPerSecond, errorPartsPerMillion: rate.errorPartsPerMillion, reference: counter.name)
    }
    return nil
  }

  /// What CPUID says, on CPUs that know their crystal. Source: Intel SDM vol. 2A, CPUID leaf 15h.
  private static func toldRate() -> UInt64? {
    let registers = CPUIDRegisters(ProcessorIdentification())
    guard registers.hasLeaf(0x15) else { return nil }
    let (crystal, numerator) = (UInt64(registers.crystalFrequencyHertz), UInt64(registers.tscNumerator))
    let denominator = UInt64(registers.tscDenominator)
    guard crystal > 0, numerator > 0, denominator > 0 else { return nil }
    return crystal * numerator / denominator
  }
}
