public import DriverKit
public import Foundations
import Machine
import Time

/// The driver of power and sleep buttons of ACPI.
public final class PowerButtonDriverType: DriverType {
  private let output: PowerButtonOutput

  /// Creates the type.
  ///
  /// - Parameter output: where keys go.
  public init(_ output: PowerButtonOutput) {
    self.output = output
    super.init(PlatformDriver.powerButton.linuxName, .acpi)
  }

  public override func matches(_ device: DeviceNode) -> Bool { PowerButton.Kind(device) != nil }

  public override func makeDriver(for device: DeviceNode) throws(Errno) -> Driver {
    guard let kind = PowerButton.Kind(device) else { throw .ENODEV }
    return PowerButtonDriver(kind, output)
  }
}

/// A button. The firmware part of the kernel owns the registers; what is left to drive is the key.
final class PowerButtonDriver: Driver {
  private let kind: PowerButton.Kind
  private let output: PowerButtonOutput
  private var button: PowerButton?

  init(_ kind: PowerButton.Kind, _ output: PowerButtonOutput) {
    (self.kind, self.output) = (kind, output)
    super.init()
  }

  override func start(_ context: DriverContext) throws(Errno) {
    let (kind, output, device) = (kind, output, context.device)
    button = try context.outside { () throws(Errno) in
      let new = PowerButton(kind, device, output)
      let kept = try context.publish { () throws(Errno) in new }
      if kept === new { try new.show() }
      return kept as? PowerButton
    }
  }

  override func serve(_ request: DriverRequest, _ context: DriverContext) throws(Errno) {
    guard request is PowerButtonPress, let button else { return request.complete(.failure(.EINVAL)) }
    let isTaken = Containment.outside { button.press() }
    request.complete(.success(isTaken ? 1 : 0))
  }
}

/// Moments from now on.
enum Deadline {
  /// The moment `nanoseconds` from now, by the monotonic clock.
  static func after(_ nanoseconds: UInt64) -> UInt64 { Clock.nanoseconds &+ nanoseconds }
}
