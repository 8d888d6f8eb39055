import DeviceFiles
public import DriverKit
public import Foundations
import Machine
import Registers

/// The driver of the PC's speaker.
public final class SpeakerDriverType: DriverType {
  /// The name of the device on the platform's bus that it serves.
  public static var deviceName: StaticString { "pcspkr" }

  /// Creates the type.
  public init() { super.init(Self.deviceName, .platform) }

  public override func matches(_ device: DeviceNode) -> Bool { PlatformIdentity.isNamed(device, Self.deviceName) }

  public override func makeDriver(for device: DeviceNode) throws(Errno) -> Driver { SpeakerDriver() }
}

/// The PC's speaker.
final class SpeakerDriver: Driver {
  private var generator: ToneGenerator<PortSpace, PortSpace>?

  override init() { super.init() }

  override func start(_ context: DriverContext) throws(Errno) {
    // Counter 0 and 1 are nobody's: the kernel's timer is the local APIC's.
    let timer = try context.claimPorts(PIT8254.system, count: PIT8254.length)
    let control = try context.claimPorts(SystemControl.portB, count: SystemControl.length)
    let generator = ToneGenerator(timer, control)
    try generator.prepare()
    self.generator = generator
    let device = context.device
    try context.outside { () throws(Errno) in
      let kept = try context.publish { () throws(Errno) in Speaker(DriverLink(device)) }
      if let speaker = kept as? Speaker { speaker.show() }
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
