public import Foundations
import Machine
import Scheduler
import Synchronization
import Time
import Waiting

/// Who is told what happens to devices: what shows them to programs.
open class DeviceObserver {
  /// Creates an observer that does nothing.
  public init() {}

  /// A device has come; its driver has not been looked for.
  open func deviceWasAdded(_ device: DeviceNode) {}

  /// A device has a driver, whatever comes of it, or has none any more.
  open func driverDidChange(_ device: DeviceNode) {}

  /// A device has gone, and all below it before.
  open func deviceWasRemoved(_ device: DeviceNode) {}
}

/// The machine's devices and the drivers that there are.
///
/// Devices come and go on one thread, the tree's own, so that nobody sees half of a change; whoever reports one waits for that or
/// does not. Lock order: the tree's spin lock before a device's own.
public enum DeviceTree {
  private struct Contents: ~Copyable {
    var devices = GrowableArray<DeviceNode>()
    var types = GrowableArray<DriverType>()
    var changes = GrowableArray<DeviceChange>()
    var isAutomatic = true
  }

  private static let contents = SpinLock(Contents())
  private static let changeCame = WaitQueue()
  private static let observer = BootCell<DeviceObserver>()

  /// How long the end of a driver may take before it is abandoned, in nanoseconds.
  private static var patience: UInt64 { 30_000_000_000 }

  // MARK: Beginning

  /// Starts the tree's threads. Only the first observer counts.
  ///
  /// - Parameter hangLimitNanoseconds: how long a driver's call may last without a sign of life.
  /// - Throws: `ENOMEM`.
  /// - Context: once, a thread.
  public static func start(
    _ newObserver: DeviceObserver, hangLimitNanoseconds: UInt64 = 2_000_000_000
  ) throws(Errno) {
    observer.fill(newObserver)
    try Thread(DeviceTreeThread()).start()
    try DriverWatch.start(limitNanoseconds: hangLimitNanoseconds)
  }

  /// Makes a type of drivers known; it takes the devices that it serves and nobody drives.
  ///
  /// - Throws: `ENOMEM`.
  public static func register(_ type: DriverType) throws(Errno) {
    try contents.withLock { contents throws(Errno) in try contents.types.append(type) }
    // A type that comes late finds devices that wait for it.
    bindAll(to: type)
  }

  private static func bindAll(to type: DriverType) {
    var index = 0
    while let device = device(at: index) {
      index += 1
      if device.bus == type.bus, device.driver == nil, type.matches(device) { try? bind(device, type) }
    }
  }

  // MARK: Looking

  /// Runs `body` with each device, in the order in which they came, without locks.
  public static func forEach(_ body: (DeviceNode) -> Void) {
    var index = 0
    while let device = device(at: index) {
      body(device)
      index += 1
    }
  }

  /// How many devices there are.
  public static var count: Int { contents.withLock { $0.devices.count } }

  /// The device of that name.
  public static func find(_ bus: DeviceBus, _ name: Span<UInt8>) -> DeviceNode? {
    var index = 0
    while let device = device(at: index) {
      if device.bus == bus, name.isEqual(to: device.name.bytes) { return device }
      index += 1
    }
    return nil
  }

  /// The type of drivers of that name on a bus.
  public static func findType(_ bus: DeviceBus, _ name: Span<UInt8>) -> DriverType? {
    var index = 0
    while let type = type(at: index) {
      if type.bus == bus, name.isEqual(to: type.name.description) { return type }
      index += 1
    }
    return nil
  }

  private static func device(at index: Int) -> DeviceNode? {
    contents.withLock { index < $0.devices.count ? $0.devices[index] : nil }
  }

  private static func type(at index: Int) -> DriverType? {
    contents.withLock { index < $0.types.count ? $0.types[index] : nil }
  }

  static func forEachHost(_ body: (DriverHost) -> Void) {
    forEach { device in
      if let host = device.contents.withLock({ $0.host }) { body(host) }
    }
  }

  // MARK: Coming and going

  /// Adds a device, and gives it a driver if there is one for it.
  ///
  /// - Throws: `EEXIST`, `ENOMEM`. That no driver could be started is no error of the device's.
  /// - Context: the tree's thread, or boot's before that.
  public static func add(_ device: DeviceNode) throws(Errno) {
    guard find(device.bus, device.name.bytes) == nil else { throw .EEXIST }
    try contents.withLock { contents throws(Errno) in try contents.devices.append(device) }
    observer.withValue { $0.deviceWasAdded(device) }
    guard contents.withLock({ $0.isAutomatic }) else { return }
    try? bindBest(device)
  }

  /// Gives a device a driver of the first type that serves it.
  ///
  /// - Throws: `ENODEV` when there is none, `EBUSY` when it has one, `ENOMEM`.
  public static func bindBest(_ device: DeviceNode) throws(Errno) {
    var index = 0
    while let type = type(at: index) {
      if type.bus == device.bus, type.matches(device) { return try bind(device, type) }
      index += 1
    }
    throw .ENODEV
  }

  /// Gives a device a driver of `type`, which is started in its own thread.
  ///
  /// - Throws: `EBUSY` when it has a driver, `ENOMEM`.
  public static func bind(_ device: DeviceNode, _ type: DriverType) throws(Errno) {
    let host = DriverHost(device, type)
    let isFree = device.contents.withLock { contents in
      guard contents.host == nil else { return false }
      contents.host = host
      return true
    }
    guard isFree else { throw .EBUSY }
    device.setState(.starting)
    do throws(Errno) { try host.startThread() } catch {
      device.contents.withLock { $0.host = nil }
      device.setState(.unbound)
      throw error
    }
    observer.withValue { $0.driverDidChange(device) }
  }

  /// Takes a device's driver from it.
  ///
  /// - Throws: `ENODEV` when it has none; `ETIMEDOUT` when it does not end.
  /// - Context: a thread that may wait.
  public static func unbind(_ device: DeviceNode, isGone: Bool = false) throws(Errno) {
    guard let host = device.contents.withLock({ $0.host }) else { throw .ENODEV }
    try host.order(.remove(isGone: isGone), timeoutNanoseconds: patience)
    device.contents.withLock { contents in
      if contents.host === host { contents.host = nil }
    }
    observer.withValue { $0.driverDidChange(device) }
  }

  /// Removes a device and those below it, after their drivers have let go of them.
  ///
  /// - Parameter isGone: it is not there any more.
  /// - Context: the tree's thread, or a device's own for those below it.
  public static func remove(_ device: DeviceNode, isGone: Bool) {
    while let child = child(of: device) { remove(child, isGone: isGone) }
    try? unbind(device, isGone: isGone)
    let wasThere = contents.withLock { contents in
      for index in 0..<contents.devices.count where contents.devices[index] === device {
        _ = contents.devices.remove(at: index)
        return true
      }
      return false
    }
    device.setState(.gone)
    if wasThere { observer.withValue { $0.deviceWasRemoved(device) } }
  }

  private static func child(of device: DeviceNode) -> DeviceNode? {
    contents.withLock { contents in
      for index in 0..<contents.devices.count where contents.devices[index].parent === device {
        return contents.devices[index]
      }
      return nil
    }
  }

  /// Whether there are devices that hang on `device`.
  static func hasChildren(_ device: DeviceNode) -> Bool { child(of: device) != nil }

  /// Waits until `device` is in one of the states that last: working, without a driver, given up, gone.
  ///
  /// - Returns: whether it was before `timeoutNanoseconds` had passed.
  public static func settle(_ device: DeviceNode, timeoutNanoseconds: UInt64) -> Bool {
    let entry = Blocking.current.entry
    device.changes.add(entry)
    defer { device.changes.remove(entry) }
    do throws(Errno) {
      try TimedWait.wait(until: ClockDeadline(after: timeoutNanoseconds), .nothing) {
        switch device.state {
        case .starting, .recovering: false
        default: true
        }
      }
      return true
    } catch {
      return false
    }
  }

  // MARK: Orders

  /// Has a device's driver do something out of the ordinary.
  ///
  /// - Throws: `ENODEV` without a driver, `EINVAL` in this state, and what became of it.
  public static func order(_ order: DeviceOrder, _ device: DeviceNode) throws(Errno) {
    guard let host = device.contents.withLock({ $0.host }) else { throw .ENODEV }
    switch order {
    case .suspend: try host.order(.suspend, timeoutNanoseconds: patience)
    case .resume: try host.order(.resume, timeoutNanoseconds: patience)
    case .reset: try host.order(.reset, timeoutNanoseconds: patience)
    case .inject(let fault): try host.order(.inject(fault), timeoutNanoseconds: patience)
    }
  }

  // MARK: The tree's thread

  /// Has a device added before long.
  ///
  /// - Context: any thread.
  public static func addSoon(_ device: DeviceNode) { post(DeviceAddition(device)) }

  /// Has `change` run on the tree's thread before long, after all that was asked for before.
  ///
  /// - Returns: false when there is no memory to note it.
  /// - Context: any, interrupts too.
  @discardableResult
  public static func post(_ change: DeviceChange) -> Bool {
    let isNoted = contents.withLock { contents in
      do throws(Errno) {
        try contents.changes.append(change)
        return true
      } catch {
        return false
      }
    }
    changeCame.wakeAll()
    return isNoted
  }

  /// Has `change` run on the tree's thread, and waits until it has.
  ///
  /// - Returns: whether it has.
  /// - Context: a thread other than the tree's.
  public static func perform(_ change: DeviceChange, timeoutNanoseconds: UInt64) -> Bool {
    guard post(change) else { return false }
    return change.wait(timeoutNanoseconds: timeoutNanoseconds)
  }

  /// Does what has been asked for, in that order; waits when there is nothing.
  static func serveChanges() -> Never {
    while true {
      while let change = contents.withLock({ $0.changes.count > 0 ? $0.changes.remove(at: 0) : nil }) { change.make() }
      // No signal reaches a thread of the kernel.
      try? changeCame.wait(.nothing) { contents.withLock { $0.changes.count > 0 } }
    }
  }
}

/// What may be asked of a device's driver besides its work.
public enum DeviceOrder: Equatable, Sendable {
  /// To rest.
  case suspend
  /// To go on.
  case resume
  /// To be replaced, and the device to be reset.
  case reset
  /// To have a fault.
  case inject(DriverFault)
}

/// A change that the tree's thread makes.
open class DeviceChange {
  private final let isMade = Atomic<Bool>(false)
  private final let made = WaitQueue()

  /// Creates a change of nothing.
  public init() {}

  /// Makes the change.
  ///
  /// - Context: the tree's thread; may wait.
  open func run() {}

  final func make() {
    run()
    isMade.store(true, ordering: .releasing)
    made.wakeAll()
  }

  final func wait(timeoutNanoseconds: UInt64) -> Bool {
    let entry = Blocking.current.entry
    made.add(entry)
    defer { made.remove(entry) }
    try? TimedWait.wait(until: ClockDeadline(after: timeoutNanoseconds), .nothing) {
      isMade.load(ordering: .acquiring)
    }
    return isMade.load(ordering: .acquiring)
  }
}

private final class DeviceAddition: DeviceChange {
  private let device: DeviceNode

  init(_ device: DeviceNode) {
    self.device = device
    super.init()
  }

  override func run() { try? DeviceTree.add(device) }
}

private final class DeviceTreeThread: ThreadBody {
  override func run() { DeviceTree.serveChanges() }
}
