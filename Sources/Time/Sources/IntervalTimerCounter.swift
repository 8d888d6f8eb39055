public import Foundations
public import Registers

/// The 8254's counter 2: it runs at a rate that every PC shares and needs no interrupt.
///
/// Source: Intel 8254 data sheet; the PC feeds it 1.193182 MHz and gates counter 2 by port 61h.
public final class IntervalTimerCounter<
  TimerSpace: RegisterSpace & ~Copyable, ControlSpace: RegisterSpace & ~Copyable
>: HardwareCounter {
  private let timer: PIT8254Registers<TimerSpace>
  private let control: SystemControlRegisters<ControlSpace>

  private static var counter: Int { 2 }

  /// Takes over counter 2: opens the gate, with the speaker off, and lets it run down from its maximum, again and again.
  public init(
    timer: consuming PIT8254Registers<TimerSpace>, control: consuming SystemControlRegisters<ControlSpace>
  ) {
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
    self.timer = timer
    self.control = control
    super.init(name: "pit", frequencyHertz: 1_193_182, bitCount: 16)
  }

  public override func read() -> UInt64 {
    var latch = PIT8254.LatchCommand()
    latch.counter = UInt8(Self.counter)
    timer.latchCommand = latch
    let low = timer.counter(at: Self.counter)
    let count = UInt16(low) | UInt16(timer.counter(at: Self.counter)) << 8
    // It counts down.
    return UInt64(~count)
  }
}
