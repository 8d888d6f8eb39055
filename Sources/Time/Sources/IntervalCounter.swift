import Foundations
import Registers

/// Counter 2 of the interval timer: it runs at a rate that every PC shares and needs no interrupt.
///
/// Source: Intel 8254 data sheet; the PC feeds it 1.193182 MHz and gates counter 2 by port 61h.
public struct IntervalCounter<TimerSpace: RegisterSpace & ~Copyable, ControlSpace: RegisterSpace & ~Copyable>:
  ~Copyable
{
  /// The timer's input, in hertz: a third of the NTSC colour subcarrier.
  public static var frequencyHertz: UInt64 { 1_193_182 }

  private let timer: PIT8254Registers<TimerSpace>
  private let control: SystemControlRegisters<ControlSpace>
  /// What it is.
  public let source: CounterSource

  private static var counter: Int { 2 }
  private static var errorPartsPerBillion: UInt64 { 100_000 }

  /// Takes over counter 2: opens its gate, with the speaker off, and lets it run down from its maximum, again and again.
  ///
  /// - Returns: nil when the counter stands still.
  public init?(timer: consuming PIT8254Registers<TimerSpace>, control: consuming SystemControlRegisters<ControlSpace>) {
    self.timer = timer
    self.control = control
    source = CounterSource(
      .interval, width: 16, rate: CounterRate(known: Self.frequencyHertz),
      errorPartsPerBillion: Self.errorPartsPerBillion)
    start()
    let first = ticks
    for _ in 0..<10_000 where ticks != first { return }
    return nil
  }

  private func start() {
    control.modifyStatus { status in
      status.counter2Gate = true
      status.speaker = false
    }
    var word = PIT8254.Control()
    word.counter = UInt8(Self.counter)
    word.accessMode = .lowThenHigh
    // Mode 0 goes on below zero, through all 65,536 values.
    word.mode = .interruptOnTerminalCount
    timer.control = word
    timer.writeCounter(0xff, at: Self.counter)
    timer.writeCounter(0xff, at: Self.counter)
  }

  /// How many periods have passed, in 16 bits: the timer itself counts down.
  public var ticks: UInt64 {
    var latch = PIT8254.LatchCommand()
    latch.counter = UInt8(Self.counter)
    timer.latchCommand = latch
    let low = timer.counter(at: Self.counter)
    let count = UInt16(low) | UInt16(timer.counter(at: Self.counter)) << 8
    return UInt64(~count)
  }
}
