import DeviceFiles
public import DriverKit
public import Foundations
import Machine

/// The speaker as the kernel knows it, whoever drives it.
///
/// Source: Linux drivers/input/misc/pcspkr, include/uapi/linux/input-event-codes.h for codes; console_codes(4) for the bell.
public final class Speaker: Publication {
  /// A tone, or silence.
  public struct Tone: Equatable, Sendable {
    /// Its frequency, 21...32,766 Hz; 0 for silence.
    public var hertz: UInt32
    /// When it ends, in milliseconds from its beginning; nil for when another is ordered.
    public var milliseconds: UInt32?

    /// A tone.
    public init(hertz: UInt32, milliseconds: UInt32? = nil) {
      (self.hertz, self.milliseconds) = (hertz, milliseconds)
    }

    /// No tone.
    public static var silence: Tone { Tone(hertz: 0) }
    /// What the console does for BEL. Source: console_codes(4): 750 Hz for an eighth of a second.
    public static var bell: Tone { Tone(hertz: 750, milliseconds: 125) }
  }

  private struct Order {
    var tone = Tone.silence
    var isWaiting = false
  }

  /// Its name for programs.
  public static var name: StaticString { "PC Speaker" }
  /// Where it is, for programs.
  public static var physicalPath: StaticString { "isa0061/input0" }
  /// Its vendor, product and version on the bus BUS_ISA.
  public static var identity: (vendor: UInt16, product: UInt16, version: UInt16) { (0x1f, 1, 0x100) }
  /// SND_BELL and SND_TONE: the codes of the type EV_SND that it knows.
  public static var codes: (bell: UInt16, tone: UInt16) { (1, 2) }

  private let output: SpeakerOutput
  private let link: DriverLink
  private let order = SpinLock(Order())
  private var isShown = false

  private struct Current {
    var speaker: Speaker?
  }

  private static let current = SpinLock(Current())

  /// The device.
  public var device: DeviceNode { link.device }

  /// The speaker of the device at the end of `link`.
  init(_ link: DriverLink, _ output: SpeakerOutput = SpeakerOutput()) {
    (self.link, self.output) = (link, output)
    super.init()
  }

  /// Has `tone` sounded by the machine's speaker, instead of the one before.
  ///
  /// - Returns: whether there is a speaker.
  /// - Context: any without spin locks of drivers' frameworks; does not wait.
  @discardableResult
  public static func sound(_ tone: Tone) -> Bool {
    guard let speaker = current.withLock({ $0.speaker }) else { return false }
    speaker.sound(tone)
    return true
  }

  /// Does what an event of the type EV_SND says: SND_BELL (1) a tone of 1,000 Hz, SND_TONE (2) one of `value` Hz; 0 is silence.
  ///
  /// - Returns: whether there is a speaker that knows such an event.
  /// - Context: as `sound`.
  @discardableResult
  public static func handleSoundEvent(code: UInt16, value: Int32) -> Bool {
    switch code {
    case codes.bell: sound(value == 0 ? .silence : Tone(hertz: 1_000))
    case codes.tone: sound(Tone(hertz: UInt32(max(0, value))))
    default: false
    }
  }

  /// Does what the requests KIOCSOUND and KDMKTONE of ioctl_console(2) say.
  ///
  /// - Parameters:
  ///   - period: of the tone, in ticks of the interval timer's 1,193,182 Hz; 0 for silence.
  ///   - milliseconds: when it ends; nil for when another is ordered.
  /// - Context: as `sound`. Without a speaker nothing happens, as on Linux.
  public static func soundTone(period: UInt16, milliseconds: UInt16?) {
    guard period > 0, milliseconds != 0 else {
      sound(.silence)
      return
    }
    sound(
      Tone(
        hertz: ToneGenerator<PortSpace, PortSpace>.clock / UInt32(period), milliseconds: milliseconds.map(UInt32.init)))
  }

  private func sound(_ tone: Tone) {
    let isNew = order.withLock { order in
      defer { order = Order(tone: tone, isWaiting: true) }
      return !order.isWaiting
    }
    // An order that waits takes the latest tone: bells do not queue up.
    guard isNew else { return }
    do throws(Errno) { try link.submit(SpeakerRequest(self)) } catch { order.withLock { $0.isWaiting = false } }
  }

  /// The tone that was ordered last.
  func takeOrder() -> Tone {
    order.withLock { order in
      order.isWaiting = false
      return order.tone
    }
  }

  /// An order was dropped.
  func noteEnd() { order.withLock { $0.isWaiting = false } }

  // MARK: Coming and going

  /// Makes it the machine's speaker, and shows it to programs.
  func show() throws(Errno) {
    try output.add(self)
    isShown = true
    Self.current.withLock { $0.speaker = self }
  }

  public override func withdraw() {
    isShown = false
    output.remove(self)
    Self.current.withLock { current in
      if current.speaker === self { current.speaker = nil }
    }
  }

  public override func continues(as successor: Publication) -> Bool { isShown && successor is Speaker }
}

/// Where speakers are shown: the kernel's input devices.
open class SpeakerOutput {
  /// Creates one that nobody sees.
  public init() {}

  /// A speaker has come: registers its input device, which hands events of the type EV_SND to `Speaker.handleSoundEvent`.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: the device's thread.
  open func add(_ speaker: Speaker) throws(Errno) {}

  /// A speaker has gone.
  ///
  /// - Context: the device's thread.
  open func remove(_ speaker: Speaker) {}
}

/// To sound what was ordered last.
final class SpeakerRequest: DriverRequest {
  let speaker: Speaker

  init(_ speaker: Speaker) {
    self.speaker = speaker
    super.init(isRepeatable: true)
  }

  override func didEnd() { speaker.noteEnd() }
}
