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

  /// The driver of a device works for the first time.
  open func driverDidStart(_ device: DeviceNode) {}

  /// The interrupts of a device have been connected, or are not any more: see `DeviceNode.interrupts`.
  open func interruptsDidChange(_ device: DeviceNode) {}

  /// A device has gone, and all below it before.
  open func deviceWasRemoved(_ device: DeviceNode) {}

  /// The only driver that programs let `device` have; nil for any.
  ///
  /// - Context: a thread without spin locks.
  open func driverOverride(of device: DeviceNode) -> Message? { nil }
}

/// The machine's devices and the drivers that there are.
///
/// Devices come and go on one thread, the tree's own, so that nobody sees half of a change; whoever reports one waits for that or
/// does not. Those that a driver has added go with that driver, on its device's thread. Lock order: the sleeping lock around what the
/// observer is told, the tree's spin lock, a device's own.
public enum DeviceTree {
  /// A device, and its number among all that ever came, from 1.
  private struct Entry {
    let device: DeviceNode
    let number: UInt64
  }

  /// Where a walk through the devices is. Those behind it may go meanwhile, and none that stays is passed over.
  private struct Walk {
    var index = 0
    var lastNumber: UInt64 = 0
  }

  private struct Contents: ~Copyable {
    /// In the order in which they came.
    var devices = GrowableArray<Entry>()
    var lastNumber: UInt64 = 0
    var types = GrowableArray<DriverType>()
    var changes = GrowableArray<DeviceChange>()
    /// Buses whose devices get drivers only when somebody asks, one bit each.
    var manualBuses: UInt8 = 0
    /// Whether no changes are made for now.
    var isHeld = false
    /// Whether one is being made.
    var isChanging = false

    var hasChange: Bool { !isHeld && changes.count > 0 }
  }

  /// Has no change made from now on, after those that were asked for, and returns when none is under way; also when that is not so after
  /// `settling` nanoseconds.
  static func hold(settling: UInt64) {
    let deadline = ClockDeadline(after: settling)
    _ = perform(DeviceChange(), timeoutNanoseconds: settling)
    contents.withLock { $0.isHeld = true }
    // Another may have begun in between.
    let entry = Blocking.entry
    changeEnded.add(entry)
    defer { changeEnded.remove(entry) }
    try? TimedWait.wait(until: deadline, .nothing) { contents.withLock { !$0.isChanging } }
  }

  /// Has changes made again.
  static func goOn() {
    contents.withLock { $0.isHeld = false }
    changeCame.wakeAll()
  }

  private static let contents = SpinLock(Contents())
  private static let changeCame = WaitQueue()
  private static let changeEnded = WaitQueue()
  /// Held while the observer is told that a device has come or has gone, or who drives it, so that it hears of all that in this order.
  private static let showing = SleepLock()
  static let observer = BootCell<DeviceObserver>()

  /// How long the end of a driver may take before it is abandoned, in nanoseconds.
  static var patience: UInt64 { 30_000_000_000 }

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
    guard bindsByItself(type.bus) else { return }
    forEach { device in
      if refusal(of: device, by: type) == nil { try? bind(device, type, .thenOthers) }
    }
  }

  /// Whether devices that come to `bus` get drivers without anybody asking.
  ///
  /// - Context: any.
  public static func bindsByItself(_ bus: DeviceBus) -> Bool {
    contents.withLock { $0.manualBuses & 1 << bus.rawValue == 0 }
  }

  /// Says whether devices that come to `bus` get drivers without anybody asking.
  ///
  /// - Context: any.
  public static func setBindsByItself(_ bus: DeviceBus, _ does: Bool) {
    contents.withLock { contents in
      contents.manualBuses = contents.manualBuses & ~(1 << bus.rawValue) | (does ? 0 : 1 << bus.rawValue)
    }
  }

  // MARK: Looking

  /// Runs `body` with each device, in the order in which they came, without locks. It may remove devices, and others may.
  public static func forEach(_ body: (DeviceNode) -> Void) {
    var walk = Walk()
    while let device = next(&walk) { body(device) }
  }

  /// How many devices there are.
  public static var count: Int { contents.withLock { $0.devices.count } }

  /// The device of that name.
  public static func find(_ bus: DeviceBus, _ name: Span<UInt8>) -> DeviceNode? {
    var walk = Walk()
    while let device = next(&walk) {
      if device.bus == bus, name.isEqual(to: device.name.bytes) { return device }
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

  private static func next(_ walk: inout Walk) -> DeviceNode? {
    contents.withLock { contents in
      var index = min(walk.index, contents.devices.count)
      while index > 0, contents.devices[index - 1].number > walk.lastNumber { index -= 1 }
      guard index < contents.devices.count else { return nil }
      let entry = contents.devices[index]
      walk = Walk(index: index + 1, lastNumber: entry.number)
      return entry.device
    }
  }

  static func type(at index: Int) -> DriverType? {
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
  /// - Throws: `EEXIST`, `ENOMEM`, `ENODEV` when it has been removed before: what led to it was faster than the tree's thread. That no
  ///   driver could be started is no error of the device's.
  /// - Context: the tree's thread, or boot's before that.
  public static func add(_ device: DeviceNode) throws(Errno) {
    guard find(device.bus, device.name.bytes) == nil else { throw .EEXIST }
    try showing.withLock { () throws(Errno) in
      try contents.withLock { contents throws(Errno) in
        // Under the lock: whoever removes it looks for it afterwards.
        if device.contents.withLock({ $0.isLeaving }) { throw .ENODEV }
        try contents.devices.append(Entry(device: device, number: contents.lastNumber + 1))
        contents.lastNumber += 1
      }
      observe { $0.deviceWasAdded(device) }
    }
    guard bindsByItself(device.bus) else { return }
    try? bindBest(device)
  }

  /// Lets the observer see something.
  static func observe(_ body: (DeviceObserver) -> Void) { observer.withValue { body($0) } }

  /// Tells the observer that a device has another driver, or none. Who that is the observer sees for itself: what it sees when it is told
  /// last is how it is.
  ///
  /// - Context: a thread without locks.
  static func tellDriver(of device: DeviceNode) {
    showing.withLock { observe { $0.driverDidChange(device) } }
  }

  /// What the observer says.
  static func driverOverride(of device: DeviceNode) -> Message? {
    let chosen: Message?? = observer.withValue { $0.driverOverride(of: device) }
    return chosen ?? nil
  }

  /// Removes a device and those below it, after their drivers have let go of them.
  ///
  /// - Parameter isGone: it is not there any more.
  /// - Context: the tree's thread, or a device's own for those below it.
  public static func remove(_ device: DeviceNode, isGone: Bool) {
    // From now on nobody gives it a driver.
    device.contents.withLock { $0.isLeaving = true }
    while let child = child(of: device) { remove(child, isGone: isGone) }
    try? unbind(device, isGone: isGone)
    showing.withLock {
      let wasThere = takeOut(device)
      device.setState(.gone)
      if wasThere { observe { $0.deviceWasRemoved(device) } }
    }
  }

  private static func takeOut(_ device: DeviceNode) -> Bool {
    contents.withLock { contents in
      for index in 0..<contents.devices.count where contents.devices[index].device === device {
        _ = contents.devices.remove(at: index)
        return true
      }
      return false
    }
  }

  private static func child(of device: DeviceNode) -> DeviceNode? {
    contents.withLock { contents in
      for index in 0..<contents.devices.count where contents.devices[index].device.parent === device {
        return contents.devices[index].device
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
    let entry = Blocking.entry
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
  /// - Returns: false when there is no memory to note it.
  /// - Context: any thread.
  public static func addSoon(_ device: DeviceNode) -> Bool { post(DeviceAddition(device)) }

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

  /// What is to be done next; `endChange` is called when it has been. nil when there is nothing, or nothing is to be done for now.
  static func beginChange() -> DeviceChange? {
    contents.withLock { contents in
      guard contents.hasChange else { return nil }
      contents.isChanging = true
      return contents.changes.remove(at: 0)
    }
  }

  static func endChange() {
    contents.withLock { $0.isChanging = false }
    changeEnded.wakeAll()
  }

  /// Does what has been asked for, in that order; waits when there is nothing.
  static func serveChanges() -> Never {
    while true {
      while let change = beginChange() {
        change.make()
        endChange()
      }
      // No signal reaches a thread of the kernel.
      try? changeCame.wait(.nothing) { contents.withLock { $0.hasChange } }
    }
  }
}
