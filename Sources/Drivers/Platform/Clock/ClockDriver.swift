import DeviceFiles
public import DriverKit
public import Foundations
import Logging
import Machine
import Registers
import Time

/// The driver of the battery-backed clock of the PC.
public final class ClockDriverType: DriverType {
  private let centuryIndex: UInt8
  private let hasSetSystemTime: Bool

  /// Creates the type.
  ///
  /// - Parameters:
  ///   - bus: `.pnp` for a clock that firmware describes, `.platform` for the one that every PC has.
  ///   - centuryIndex: from the FADT; 0 when there is none.
  ///   - hasSetSystemTime: whether the time of day began with the clock's time.
  public init(_ bus: DeviceBus, centuryIndex: UInt8, hasSetSystemTime: Bool) {
    (self.centuryIndex, self.hasSetSystemTime) = (centuryIndex, hasSetSystemTime)
    super.init(PlatformDriver.clock.linuxName, bus)
  }

  public override func matches(_ device: DeviceNode) -> Bool { device.platformDriver == .clock }

  public override func makeDriver(for device: DeviceNode) throws(Errno) -> Driver {
    ClockDriver(centuryIndex, hasSetSystemTime)
  }
}

/// The battery-backed clock, with its files.
final class ClockDriver: Driver {
  private let centuryIndex: UInt8
  private let hasSetSystemTime: Bool
  private var unit: ClockUnit<PortSpace>?
  private var server: ClockServer?

  init(_ centuryIndex: UInt8, _ hasSetSystemTime: Bool) {
    (self.centuryIndex, self.hasSetSystemTime) = (centuryIndex, hasSetSystemTime)
    super.init()
  }

  override func start(_ context: DriverContext) throws(Errno) {
    guard let place = context.device.firmware.flatMap({ PlatformDriver.clock.ports(of: $0) }) else { throw .ENODEV }
    // Firmware may give it the ports behind its own, which decode the same or nothing.
    let ports = try context.claimPorts(place.first, count: RealTimeClock.length)
    let unit = ClockUnit(ports, centuryIndex: centuryIndex)
    self.unit = unit
    try unit.prepare()
    if let line = context.device.firmware.flatMap({ PlatformDriver.clock.interrupt(of: $0) }) {
      try context.connectLine(line)
      context.noteWakes()
    }
    let (device, hasSetSystemTime) = (context.device, hasSetSystemTime)
    server = try context.outside { () throws(Errno) in
      let new = ClockServer(DriverLink(device), hasSetSystemTime: hasSetSystemTime)
      let publication = DeviceFilePublication(new)
      try publication.add(Self.template)
      return try publication.publish(through: context) as? ClockServer ?? new
    }
    // A clock that shows no time cannot wake anybody, but it can be set.
    do throws(Errno) { try follow(context) } catch { context.log(.warning, "it shows no time") }
  }

  static var template: DeviceFileTemplate {
    var template = DeviceFileTemplate("rtc", .counted(from: 0), .dynamic, driver: "rtc", className: "rtc")
    template.link = "rtc"
    return template
  }

  override func interrupt(_ number: Int, _ context: DriverContext) throws(Errno) {
    guard let unit else { return }
    tell(try unit.takeInterrupts())
  }

  override func timer(_ context: DriverContext) throws(Errno) {
    guard let unit else { return }
    tell(.periodic, count: unit.takePeriods(now: context.nanoseconds))
    arm(context)
  }

  override func serve(_ request: DriverRequest, _ context: DriverContext) throws(Errno) {
    guard let request = request as? ClockRequest, let unit else { return request.complete(.failure(.EINVAL)) }
    do throws(Errno) {
      switch request.order {
      case .readTime: request.complete(.success(try unit.seconds()))
      case .setTime(let time):
        try unit.setTime(time)
        // An alarm may be in the past now.
        try follow(context)
        request.complete(.success(0))
      case .follow:
        try follow(context)
        request.complete(.success(0))
      }
    } catch {
      // The device says so; the driver is well.
      request.complete(.failure(error))
    }
  }

  override func suspend(_ context: DriverContext) throws(Errno) {
    context.arm(after: nil)
    if context.device.wakes { unit?.rest() } else { unit?.quiesce() }
  }

  override func resume(_ context: DriverContext) throws(Errno) {
    // What has woken the machine is an alarm that somebody waits for.
    if let unit { tell(try unit.takeInterrupts()) }
    try follow(context)
  }

  override func reset(_ context: DriverContext) { unit?.quiesce() }

  override func remove(isGone: Bool, _ context: DriverContext) {
    if !isGone { unit?.quiesce() }
  }

  private func follow(_ context: DriverContext) throws(Errno) {
    guard let unit, let server else { return }
    defer { arm(context) }
    tell(try unit.follow(server.wishes, now: context.nanoseconds))
  }

  private func arm(_ context: DriverContext) {
    guard let next = unit?.nextPeriod else { return context.arm(after: nil) }
    let now = context.nanoseconds
    context.arm(after: next > now ? next - now : 0)
  }

  private func tell(_ interrupts: ClockInterrupts, count: UInt32 = 1) {
    guard let server else { return }
    Containment.outside { server.note(interrupts, count: count) }
  }
}
