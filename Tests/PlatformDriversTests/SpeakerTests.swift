import DeviceModels
import Foundations
import Testing

@testable import DeviceFiles
@testable import DriverKit
@testable import PlatformDrivers

@Suite("The speaker", .serialized)
struct SpeakerTests {
  /// The timer and port 0x61, and what is heard.
  private final class Box {
    let timer = DeviceModel(PIT8254Model.layout)
    let control = DeviceModel(SystemControlModel.layout)
    private var bytes: [UInt64] = []
    /// The count that counter 2 was given last.
    private(set) var count: UInt64?

    init() {
      timer.onWrite[PIT8254Model.control] = { [unowned self] _, _, _ in bytes = [] }
      timer.onWrite[PIT8254Model.counter] = { [unowned self] _, index, value in
        guard index == 2 else { return }
        bytes.append(value)
        if bytes.count == 2 { count = bytes[0] | bytes[1] << 8 }
      }
    }

    var isOn: Bool {
      control[SystemControlModel.Status.counter2Gate] == 1 && control[SystemControlModel.Status.speaker] == 1
    }

    func makeGenerator() -> ToneGenerator<DeviceModel, DeviceModel> { ToneGenerator(timer, control) }
    var violations: [DeviceModel.Violation] { timer.violations + control.violations }
  }

  @Test("A tone is a square wave of counter 2, and the sources of NMI stay as they are")
  func tones() throws {
    let box = Box()
    box.control[SystemControlModel.Status.ignoresSystemError] = 1
    box.control[SystemControlModel.Status.systemError] = 1
    let generator = box.makeGenerator()
    try generator.prepare()
    #expect(!box.isOn)
    generator.play(hertz: 1_000)
    #expect(box.isOn && box.count == 1_193)
    #expect(box.timer[PIT8254Model.Control.mode] == 3 && box.timer[PIT8254Model.Control.counter] == 2)
    #expect(box.timer[PIT8254Model.Control.accessMode] == 3)
    #expect(box.control[SystemControlModel.Status.ignoresSystemError] == 1)
    generator.play(hertz: 440)
    #expect(box.count == 2_711)
    for silent in [0, 20, 32_767, UInt32.max] {
      generator.play(hertz: 440)
      generator.play(hertz: silent)
      #expect(!box.isOn)
    }
    generator.play(hertz: 21)
    #expect(box.isOn && box.count == 56_818)
    generator.stop()
    #expect(!box.isOn && box.violations.isEmpty)
  }

  @Test("A gate that sticks, and ports where nobody is, are no speaker")
  func faults() {
    for value: UInt64 in [0, 1] {
      let box = Box()
      box.control.stick(SystemControlModel.Status.speaker, at: value)
      box.control.stick(SystemControlModel.Status.counter2Gate, at: value)
      #expect(throws: Errno.ENODEV) { try box.makeGenerator().prepare() }
    }
    let box = Box()
    box.control.isGone = true
    #expect(throws: Errno.ENODEV) { try box.makeGenerator().prepare() }
  }

  @Test("Orders go to the driver one at a time, the latest tone first, and nobody is asked without a speaker")
  func orders() throws {
    #expect(!Speaker.sound(.bell))
    let link = HoldingLink(makeDevice())
    let output = Output()
    let speaker = Speaker(link, output)
    output.error = .ENOMEM
    #expect(throws: Errno.ENOMEM) { try speaker.show() }
    #expect(!Speaker.sound(.bell) && !speaker.continues(as: Speaker(link, output)))
    output.error = nil
    try speaker.show()
    #expect(speaker.continues(as: Speaker(link, output)))
    #expect(output.shown === speaker)
    #expect(Speaker.sound(.bell))
    #expect(Speaker.handleSoundEvent(code: 2, value: 440))
    #expect(link.held.count == 1)
    #expect(speaker.takeOrder() == Speaker.Tone(hertz: 440))
    #expect(Speaker.handleSoundEvent(code: 1, value: 1))
    #expect(link.held.count == 2 && speaker.takeOrder() == Speaker.Tone(hertz: 1_000))
    #expect(Speaker.handleSoundEvent(code: 1, value: 0))
    #expect(speaker.takeOrder() == .silence)
    #expect(Speaker.handleSoundEvent(code: 2, value: -5))
    #expect(speaker.takeOrder().hertz == 0)
    #expect(!Speaker.handleSoundEvent(code: 0, value: 1) && !Speaker.handleSoundEvent(code: 9, value: 1))
    // A driver that takes no orders now does not keep later ones away.
    link.error = .EBUSY
    Speaker.sound(.bell)
    link.error = nil
    Speaker.sound(.bell)
    #expect(link.held.count == 5)
    // Nor does an order that failed.
    link.held[4].complete(.failure(.EIO))
    Speaker.sound(.bell)
    #expect(link.held.count == 6)
    speaker.withdraw()
    #expect(!Speaker.sound(.bell) && output.shown == nil)
  }

  @Test("The console's requests are a period in ticks of the timer, and a time")
  func periods() throws {
    let speaker = Speaker(HoldingLink(makeDevice()))
    try speaker.show()
    defer { speaker.withdraw() }
    Speaker.soundTone(period: 1_193, milliseconds: nil)
    #expect(speaker.takeOrder() == Speaker.Tone(hertz: 1_000))
    Speaker.soundTone(period: 2_711, milliseconds: 250)
    #expect(speaker.takeOrder() == Speaker.Tone(hertz: 440, milliseconds: 250))
    for silence in [(0, nil), (0, 100), (1_193, 0)] as [(UInt16, UInt16?)] {
      Speaker.soundTone(period: 1_193, milliseconds: nil)
      Speaker.soundTone(period: silence.0, milliseconds: silence.1)
      #expect(speaker.takeOrder() == .silence)
    }
    // Beyond what the ear and the timer do is for the generator to refuse.
    Speaker.soundTone(period: 1, milliseconds: 1)
    #expect(speaker.takeOrder().hertz == 1_193_182)
  }

  private final class Output: SpeakerOutput {
    var shown: Speaker?
    var error: Errno?
    override func add(_ speaker: Speaker) throws(Errno) {
      if let error { throw error }
      shown = speaker
    }
    override func remove(_ speaker: Speaker) { if shown === speaker { shown = nil } }
  }
}

/// A driver that serves nothing until a test does.
final class HoldingLink: DriverLink {
  var held: [DriverRequest] = []
  var error: Errno?

  override func submit(_ request: DriverRequest) throws(Errno) {
    if let error { throw error }
    held.append(request)
  }
}
