import DeviceModels
import Foundations
import Registers
import Testing

@testable import Time

/// A timer's one register.
private final class TimerPort: RegisterSpace {
  var values: () -> UInt32
  init(_ values: @escaping () -> UInt32) { self.values = values }
  func read8(at offset: Int) -> UInt8 { .max }
  func read16(at offset: Int) -> UInt16 { .max }
  func read32(at offset: Int) -> UInt32 { offset == 0 ? values() : .max }
  func read64(at offset: Int) -> UInt64 { .max }
  func write8(_ value: UInt8, at offset: Int) {}
  func write16(_ value: UInt16, at offset: Int) {}
  func write32(_ value: UInt32, at offset: Int) {}
  func write64(_ value: UInt64, at offset: Int) {}
}

@Suite("Counters on register models")
struct CounterModelTests {
  private static func highPrecisionModel(period: UInt64, is64Bit: Bool) -> DeviceModel {
    let model = DeviceModel(HPETModel.layout)
    model[HPETModel.Capabilities.periodFemtoseconds] = period
    model[HPETModel.Capabilities.is64Bit] = is64Bit ? 1 : 0
    model[HPETModel.Configuration.replacesLegacy] = 1
    model.onRead[HPETModel.counter] = { model, _ in
      guard model[HPETModel.Configuration.isEnabled] == 1 else { return }
      model[HPETModel.counter] = model[HPETModel.counter] &+ 3
    }
    return model
  }

  @Test("An HPET is started, without taking the interval timer's interrupts, and described")
  func highPrecision() throws {
    let model = Self.highPrecisionModel(period: 10_000_000, is64Bit: true)
    let counter = HighPrecisionCounter(model)
    guard let counter else { throw Errno.ENODEV }
    let source = counter.source
    #expect(source.rate.hertz == 100_000_000 && source.mask == .max && source.kind == .highPrecision)
    #expect(model[HPETModel.Configuration.isEnabled] == 1 && model[HPETModel.Configuration.replacesLegacy] == 0)
    let first = counter.ticks
    let second = counter.ticks
    #expect(second == first + 3 && model.violations.isEmpty)
  }

  @Test("An HPET of 32 bits says so")
  func narrow() throws {
    guard let counter = HighPrecisionCounter(Self.highPrecisionModel(period: 69_841_279, is64Bit: false)) else {
      throw Errno.ENODEV
    }
    let mask = counter.source.mask
    #expect(mask == 0xffff_ffff)
  }

  @Test("An HPET that is gone, stands still or has no possible period is refused", arguments: 0..<4)
  func refused(_ fault: Int) {
    let period: UInt64 = fault == 0 ? 0 : fault == 1 ? 0x05f5_e101 : 10_000_000
    let model = Self.highPrecisionModel(period: period, is64Bit: true)
    if fault == 2 { model.isGone = true }
    if fault == 3 { model.stick(HPETModel.counter, at: 77) }
    let isRefused = HighPrecisionCounter(model) == nil
    #expect(isRefused)
  }

  @Test("A power-management timer of 24 bits ignores the upper byte", arguments: [24 as UInt64, 32])
  func powerManagement(_ width: UInt64) throws {
    var count: UInt32 = 0xabff_fff0
    let counter = PowerManagementCounter(
      TimerPort {
        count &+= 4
        return count
      }, width: width)
    guard let counter else { throw Errno.ENODEV }
    for _ in 0..<10 {
      let ticks = counter.ticks
      #expect(ticks <= counter.source.mask)
      // Of three readings the middle one counts.
      #expect(ticks == UInt64(count &- 4) & (width == 24 ? 0xff_ffff : 0xffff_ffff))
    }
  }

  @Test("A power-management timer that is read while it changes is read again")
  func glitch() throws {
    var count: UInt32 = 0
    var isBad = false
    let counter = PowerManagementCounter(
      TimerPort {
        count += 1
        // Every fifth reading has a bit that is not there.
        isBad = count % 5 == 0
        return isBad ? count | 0x40_0000 : count
      }, width: 24)
    guard let counter else { throw Errno.ENODEV }
    for _ in 0..<1_000 {
      let ticks = counter.ticks
      #expect(ticks < 0x40_0000)
    }
  }

  @Test("A power-management timer that stands still or is not there is refused", arguments: [0 as UInt32, .max])
  func stuck(_ value: UInt32) {
    let isRefused = PowerManagementCounter(TimerPort { value }, width: 24) == nil
    #expect(isRefused)
  }

  /// Counter 2 of an interval timer that loses `step` periods between two latches.
  private final class IntervalTimer {
    let timer = DeviceModel(PIT8254Model.layout)
    let control = DeviceModel(SystemControlModel.layout)
    var count: UInt16 = 0xffff
    var step: UInt16 = 7
    private var latched: [UInt64] = []

    init() {
      timer.onWrite[PIT8254Model.latchCommand] = { [unowned self] _, _, value in
        guard value >> 6 == 2, control[SystemControlModel.Status.counter2Gate] == 1 else { return }
        count &-= step
        latched = [UInt64(count & 0xff), UInt64(count >> 8)]
      }
      timer.onRead[PIT8254Model.counter] = { [unowned self] model, index in
        guard index == 2, !latched.isEmpty else { return }
        model[PIT8254Model.counter, 2] = latched.removeFirst()
      }
    }
  }

  @Test("The interval timer counts upwards, through all of its 16 bits, with the speaker off")
  func interval() throws {
    let device = IntervalTimer()
    guard
      let counter = IntervalCounter(
        timer: PIT8254Registers(device.timer), control: SystemControlRegisters(device.control))
    else { throw Errno.ENODEV }
    var last = counter.ticks
    for _ in 0..<20_000 {
      let next = counter.ticks
      #expect((next &- last) & counter.source.mask == 7)
      last = next
    }
    #expect(device.control[SystemControlModel.Status.speaker] == 0)
  }

  @Test("An interval timer that stands still is refused")
  func intervalStandsStill() {
    let device = IntervalTimer()
    device.step = 0
    let isRefused =
      IntervalCounter(timer: PIT8254Registers(device.timer), control: SystemControlRegisters(device.control)) == nil
    #expect(isRefused)
  }

  private struct Identification: CPUIDSpace {
    var leaves: [UInt32: CPUIDResult]
    func read(leaf: UInt32, subleaf: UInt32) -> CPUIDResult { leaves[leaf] ?? CPUIDResult() }
  }

  @Test("CPUID's rate is the crystal's times the ratio; a leaf past the last is not read")
  func declared() {
    var space = Identification(leaves: [
      0: CPUIDResult(eax: 0x16), 0x15: CPUIDResult(eax: 2, ebx: 168, ecx: 24_000_000),
      0x16: CPUIDResult(eax: 2_000), 0x8000_0000: CPUIDResult(eax: 0x8000_0008),
      0x8000_0007: CPUIDResult(edx: 1 << 8),
    ])
    let full = DeclaredRate(space)
    #expect(full.exact?.hertz == 2_016_000_000 && full.nominal?.hertz == 2_000_000_000 && full.isInvariant)
    space.leaves[0] = CPUIDResult(eax: 0x14)
    space.leaves[0x8000_0000] = CPUIDResult(eax: 0x8000_0006)
    #expect(DeclaredRate(space) == DeclaredRate(Identification(leaves: [:])))
    space.leaves[0] = CPUIDResult(eax: 0x15)
    space.leaves[0x15] = CPUIDResult(eax: 2, ebx: 168, ecx: 0)
    #expect(DeclaredRate(space).exact == nil)
  }
}
