import Foundations
import Registers

/// The PC's speaker: counter 2 of the interval timer makes a square wave, and port 0x61 lets it out.
///
/// Source: Intel 8254 data sheet, mode 3; Intel 82801EB data sheet, section 9.7.1.
///
/// - Context: one caller at a time.
final class ToneGenerator<TimerSpace: RegisterSpace & ~Copyable, ControlSpace: RegisterSpace & ~Copyable> {
  /// How fast the timer counts, in hertz. Source: Intel 82801EB data sheet, section 5.7.
  static var clock: UInt32 { 1_193_182 }
  private static var counter: Int { 2 }
  /// The tones that there are, in hertz: those that Linux lets out.
  static var frequencies: ClosedRange<UInt32> { 21...32_766 }

  private let timer: PIT8254Registers<TimerSpace>
  private let control: SystemControlRegisters<ControlSpace>

  init(_ timer: consuming TimerSpace, _ control: consuming ControlSpace) {
    self.timer = PIT8254Registers(timer)
    self.control = SystemControlRegisters(control)
  }

  /// Makes it silent.
  ///
  /// - Throws: `ENODEV` when the gate does not do what it is told.
  func prepare() throws(Errno) {
    stop()
    guard !isOn else { throw .ENODEV }
    setOutput(isOn: true)
    let hasBegun = isOn
    stop()
    guard hasBegun, !isOn else { throw .ENODEV }
  }

  /// Whether the speaker is connected to the timer.
  private var isOn: Bool {
    let status = control.status
    return status.counter2Gate && status.speaker
  }

  /// Sounds a tone until `stop`; one that it cannot make is silence.
  ///
  /// - Parameter hertz: the frequency.
  func play(hertz: UInt32) {
    guard Self.frequencies.contains(hertz) else { return stop() }
    let count = Self.clock / hertz
    var word = PIT8254.Control()
    word.mode = .squareWave
    word.accessMode = .lowThenHigh
    word.counter = UInt8(Self.counter)
    timer.control = word
    timer.writeCounter(UInt8(truncatingIfNeeded: count), at: Self.counter)
    timer.writeCounter(UInt8(truncatingIfNeeded: count >> 8), at: Self.counter)
    setOutput(isOn: true)
  }

  /// Makes it silent.
  func stop() { setOutput(isOn: false) }

  private func setOutput(isOn: Bool) {
    // The sources of NMI share the port, and stay as they are.
    var status = control.status
    status.counter2Gate = isOn
    status.speaker = isOn
    control.status = status
  }
}
