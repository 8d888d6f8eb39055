import DeviceFiles
public import DriverKit
public import Foundations
import Machine
import Registers

/// The driver of the PC's speaker.
public final class SpeakerDriverType: DriverType {
  private let output: SpeakerOutput

  /// Creates the type, whose speaker `output` shows to programs.
  public init(_ output: SpeakerOutput) {
    self.output = output
    super.init(PlatformDriver.speaker.linuxName, .platform)
  }

  public override func matches(_ device: DeviceNode) -> Bool { device.platformDriver == .speaker }

  public override func makeDriver(for device: DeviceNode) throws(Errno) -> Driver { SpeakerDriver(output) }
}

/// The PC's speaker.
final class SpeakerDriver: Driver {
  private let output: SpeakerOutput
  private var generator: ToneGenerator<PortSpace, PortSpace>?

  init(_ output: SpeakerOutput) {
    self.output = output
    super.init()
  }

  override func start(_ context: DriverContext) throws(Errno) {
    // Counter 0 and 1 are nobody's: the kernel's timer is the local APIC's.
    let timer = try context.claimPorts(PIT8254.system, count: PIT8254.length)
    let control = try context.claimPorts(SystemControl.portB, count: SystemControl.length)
    let generator = ToneGenerator(timer, control)
    try generator.prepare()
    self.generator = generator
    let (device, output) = (context.device, output)
    try context.outside { () throws(Errno) in
      let new = Speaker(DriverLink(device), output)
      let kept = try context.publish { () throws(Errno) in new }
      if kept === new { try new.show() }
    }
  }

  override func serve(_ request: DriverRequest, _ context: DriverContext) throws(Errno) {
    guard let request = request as? SpeakerRequest, let generator else { return request.complete(.failure(.EINVAL)) }
    let tone = request.speaker.takeOrder()
    generator.play(hertz: tone.hertz)
    context.arm(after: tone.hertz == 0 ? nil : tone.milliseconds.map { UInt64($0) * 1_000_000 })
    request.complete(.success(0))
  }

  override func timer(_ context: DriverContext) throws(Errno) { generator?.stop() }

  override func suspend(_ context: DriverContext) throws(Errno) { generator?.stop() }

  override func reset(_ context: DriverContext) { generator?.stop() }

  override func remove(isGone: Bool, _ context: DriverContext) { generator?.stop() }
}
