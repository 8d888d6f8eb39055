import DeviceFiles
public import DriverKit
public import Foundations
import Logging
import Machine
import PCI

/// The drivers of watchdogs of Intel's 6300ESB, which QEMU has as `i6300esb`.
public final class I6300ESBDriverType: DriverType {
  /// Creates the type.
  public init() { super.init("i6300ESB timer", .pci) }

  public override func matches(_ device: DeviceNode) -> Bool { device.function?.driver == .i6300ESB }

  public override func makeDriver(for device: DeviceNode) throws(Errno) -> Driver { I6300ESBDriver() }
}

/// A watchdog of Intel's 6300ESB, with its files.
final class I6300ESBDriver: Driver {
  private var timer: I6300ESBTimer<DeviceSpace, PCIConfigurationSpace>?
  private var server: WatchdogServer?

  override init() { super.init() }

  override func start(_ context: DriverContext) throws(Errno) {
    guard let function = context.device.function else { throw .ENODEV }
    try context.enable(isMaster: false)
    let timer = I6300ESBTimer(try context.mapRegisters(.bar0), function.space)
    try timer.prepare()
    self.timer = timer
    let hasReset = timer.takeTimeout()
    let server = try WatchdogFiles.publish(Self.traits, through: context)
    self.server = server
    if hasReset { server.noteBoot(.cardReset) }
    // A timer that cannot be stopped counts already, whoever started it.
    if timer.isLocked && timer.isRunning { server.noteStart() }
    try timer.setTimeout(server.timeout)
    // Somebody may have had it count when the driver before this one failed.
    if server.isActive { try timer.start() } else { try timer.stop() }
    context.log(
      .info, "watchdog of \(UInt64(server.timeout)) seconds\(hasReset ? ", which has reset the machine" : "")")
  }

  override func serve(_ request: DriverRequest, _ context: DriverContext) throws(Errno) {
    guard let request = request as? WatchdogRequest, let timer else { return request.complete(.failure(.EINVAL)) }
    request.complete(WatchdogService.outcome(of: request.order, timer))
  }

  override func suspend(_ context: DriverContext) throws(Errno) { try timer?.stop() }

  override func resume(_ context: DriverContext) throws(Errno) {
    guard let timer, let server else { return }
    try timer.prepare()
    try timer.setTimeout(server.timeout)
    if server.isActive { try timer.start() }
  }

  override func reset(_ context: DriverContext) { try? timer?.stop() }

  override func remove(isGone: Bool, _ context: DriverContext) {
    if !isGone { try? timer?.stop() }
  }

  private static var traits: WatchdogTraits {
    WatchdogTraits(
      "i6300ESB timer", [.setTimeout, .keepAlive, .magicClose],
      timeouts: I6300ESBTimer<DeviceSpace, PCIConfigurationSpace>.timeouts, usualTimeout: 30)
  }
}

/// What requests mean to a timer of the 6300ESB.
enum WatchdogService {
  static func outcome<Memory, Configuration>(
    of order: WatchdogRequest.Order, _ timer: I6300ESBTimer<Memory, Configuration>
  ) -> DriverRequest.Outcome where Memory: RegisterSpace & ~Copyable, Configuration: RegisterSpace & ~Copyable {
    do throws(Errno) {
      switch order {
      case .start: try timer.start()
      case .stop: try timer.stop()
      case .keepAlive: try timer.keepAlive()
      case .setTimeout(let seconds): try timer.setTimeout(seconds)
      }
      return .success(0)
    } catch {
      return .failure(error)
    }
  }
}

/// The files of watchdogs: /dev/watchdog0, and /dev/watchdog for the first.
enum WatchdogFiles {
  /// The number that Linux gives the first watchdog besides the dynamic one: WATCHDOG_MINOR. Source: devices.txt, 10 char.
  private static var miscellaneous: (major: UInt32, minor: UInt32) { (10, 130) }

  /// Makes the files of a watchdog.
  ///
  /// - Returns: the server, which may be that of a driver before.
  static func publish(_ traits: WatchdogTraits, through context: DriverContext) throws(Errno) -> WatchdogServer {
    let device = context.device
    return try context.outside { () throws(Errno) in
      let server = WatchdogServer(DriverLink(device), traits)
      let publication = DeviceFilePublication(server)
      try publication.add(template)
      try publication.add(oldTemplate)
      return try publication.publish(through: context) as? WatchdogServer ?? server
    }
  }

  static var template: DeviceFileTemplate {
    DeviceFileTemplate("watchdog", .counted(from: 0), .dynamic, driver: "watchdog", className: "watchdog")
  }

  static var oldTemplate: DeviceFileTemplate {
    var template = DeviceFileTemplate(
      "watchdog", .plain, .fixed(miscellaneous.major), driver: "misc", className: "misc")
    template.firstMinor = miscellaneous.minor
    template.isOptional = true
    return template
  }
}
