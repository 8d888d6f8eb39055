public import DriverKit
public import Foundations
import KeyboardDriver
import Logging
import Machine

/// The driver of the controller of a PC's keyboard and mouse, an 8042, with both.
///
/// Firmware describes the keyboard and the mouse as two devices; the keyboard's driver has both, and the mouse's device has none.
/// Source: IBM Personal System/2 Hardware Interface Technical Reference, May 1988, keyboard and auxiliary device controller.
public final class KeyboardPortsDriverType: DriverType {
  private let places: KeyboardPlaces

  /// Creates the type.
  ///
  /// - Parameters:
  ///   - bus: `.pnp` for a controller that firmware describes, `.platform` for the one that nearly every PC has.
  ///   - places: where its ports are shown.
  public init(_ bus: DeviceBus, _ places: KeyboardPlaces) {
    self.places = places
    super.init(bus == .platform ? "i8042" : PlatformDriver.keyboard.linuxName, bus)
  }

  public override func matches(_ device: DeviceNode) -> Bool { device.platformDriver == .keyboard }

  public override func makeDriver(for device: DeviceNode) throws(Errno) -> Driver { KeyboardPortsDriver(places) }
}

/// The controller of a keyboard and a mouse at I/O ports.
final class KeyboardPortsDriver: Driver {
  /// The mouse's line in every PC. Source: Intel 82801EB data sheet, order number 252516, section 5.8.1.
  private static var usualMouseLine: PlatformResources.Interrupt { .init(number: 12, isISA: true) }

  private var work: KeyboardWork<KeyboardPorts>?

  private let places: KeyboardPlaces

  init(_ places: KeyboardPlaces) {
    self.places = places
    super.init()
  }

  override func start(_ context: DriverContext) throws(Errno) {
    guard let firmware = context.device.firmware else { throw .ENODEV }
    let keeper = try KeyboardKeeper.publish(places, through: context)
    let holder: KeyboardPortHolder
    do throws(Errno) {
      holder = try context.outside { () throws(Errno) in try keeper.ports(KeyboardPlace(firmware), context) }
    } catch {
      // Firmware describes it twice.
      context.log(.info, "its ports are in use")
      throw .ENODEV
    }
    let space = KeyboardPorts(holder: holder, pace: KeyboardPace(context))
    let new = try KeyboardWork.begin(space, keeper, context)
    work = new
    try new.start(context) { number in connect(number, firmware, context) }
  }

  private func connect(_ number: Int, _ firmware: FirmwareDevice, _ context: DriverContext) -> Bool {
    var line: PlatformResources.Interrupt? = Self.usualMouseLine
    if number == KeyboardWork<KeyboardPorts>.keyboardInterrupt {
      line = PlatformDriver.keyboard.interrupt(of: firmware)
    }
    guard let line else { return false }
    do throws(Errno) {
      try context.connectLine(line, number: number, label: "i8042")
      return true
    } catch {
      context.log(.warning, "line \(line.number) cannot be had: error \(error.rawValue)")
      return false
    }
  }

  override func interrupt(_ number: Int, _ context: DriverContext) throws(Errno) { try work?.interrupt(context) }

  override func timer(_ context: DriverContext) throws(Errno) { try work?.poll(context) }

  override func serve(_ request: DriverRequest, _ context: DriverContext) throws(Errno) {
    guard request is KeyboardOrder, let work else { return request.complete(.failure(.EINVAL)) }
    work.follow()
    request.complete(.success(0))
  }

  override func suspend(_ context: DriverContext) throws(Errno) { try work?.suspend(context) }

  override func resume(_ context: DriverContext) throws(Errno) { try work?.resume(context) }

  override func reset(_ context: DriverContext) { work?.stopInterrupts() }

  override func health(_ context: DriverContext) -> DriverHealth { work?.checkHealth() ?? .failed }
}
