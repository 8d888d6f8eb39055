import Foundations
import Registers

/// The 8254's counter 2 as the yardstick for other clocks: it runs at a rate that every PC shares and needs no interrupt.
///
/// Source: Intel 8254 data sheet; the PC feeds it 1.193182 MHz and gates counter 2 by port 61h.
public struct IntervalTimerReference<TimerSpace: RegisterSpace & ~Copyable, ControlSpace: RegisterSpace & ~Copyable>:
  ~Copyable
{
  /// The timer's input, in hertz: a third of the NTSC colour subcarrier.
  public static var frequencyHertz: UInt64 { 1_193_182 }

  private let timer: PIT8254Registers<TimerSpace>
  private let control: SystemControlRegisters<ControlSpace>
  /// The other clock's value now, in its ticks.
  private let ticks: () -> UInt64

  private static var counter: Int { 2 }

  /// Takes over counter 2.
  public init(
    timer: consuming PIT8254Registers<TimerSpace>, control: consuming SystemControlRegisters<ControlSpace>,
    ticks: @escaping () -> UInt64
  ) {
    self.timer = timer
    self.control = control
    self.ticks = ticks
  }

  /// Measures how often the other clock ticks in a second.
  ///
  /// - Parameter counts: how long to measure, in periods of the timer, 100...60,000; 5,966 are 5 ms.
  /// - Returns: nil when the timer does not count: it is absent or broken.
  public func measure(counts: UInt16) -> UInt64? {
    start()
    guard let first = sample() else { return nil }
    // A counter that stands still must not stop the boot: a million reads take far longer than any measurement.
    for _ in 0..<1_000_000 {
      guard first.count &- count() >= counts else { continue }
      guard let last = sample() else { return nil }
      let elapsed = UInt64(first.count &- last.count)
      let (product, overflowed) = (last.ticks &- first.ticks).multipliedReportingOverflow(by: Self.frequencyHertz)
      guard elapsed > 0, !overflowed, product > 0 else { return nil }
      return product / elapsed
    }
    return nil
  }

  /// Opens the gate, with the speaker off, and lets the counter run down from its maximum.
  private func start() {
    control.modifyStatus { status in
      status.counter2Gate = true
      status.speaker = false
    }
    var word = PIT8254.Control()
    word.counter = UInt8(Self.counter)
    word.accessMode = .lowThenHigh
    word.mode = .interruptOnTerminalCount
    timer.control = word
    timer.writeCounter(0xff, at: Self.counter)
    timer.writeCounter(0xff, at: Self.counter)
  }

  /// The count now.
  private func count() -> UInt16 {
    var latch = PIT8254.LatchCommand()
    latch.counter = UInt8(Self.counter)
    timer.latchCommand = latch
    let low = timer.counter(at: Self.counter)
    return UInt16(low) | UInt16(timer.counter(at: Self.counter)) << 8
  }

  /// Count and ticks of one moment: of several tries the one during which the least time passed, so that an interruption by
  /// firmware or a hypervisor does not count.
  private func sample() -> (count: UInt16, ticks: UInt64)? {
    var best: (count: UInt16, ticks: UInt64)?
    var narrowest = UInt64.max
    for _ in 0..<8 {
      let before = ticks()
      let count = count()
      let width = ticks() &- before
      if width < narrowest {
        narrowest = width
        best = (count, before &+ width / 2)
      }
    }
    return best
  }
}
