public import Foundations
import Logging
import Machine
import Waiting

/// What a driver that does not take its device after all is followed by.
enum DriverSearch: Equatable, Sendable {
  /// By none: a program asked for this one.
  case thisOnly
  /// By the next type that serves the device.
  case thenOthers
}

/// Who drives what.
extension DeviceTree {
  /// Gives a device a driver of the first type that serves it; of the next one when that does not take it after all.
  ///
  /// - Throws: `ENODEV` when there is none, `EBUSY` when it has one, `ENOMEM`.
  public static func bindBest(_ device: DeviceNode) throws(Errno) {
    guard let type = nextType(for: device, after: nil) else { throw .ENODEV }
    try bind(device, type, .thenOthers)
  }

  /// Gives a device a driver of `type`, which is started in its own thread.
  ///
  /// - Throws: `EBUSY` when it has a driver, `ENODEV` when it is being removed, `ENOMEM`.
  public static func bind(_ device: DeviceNode, _ type: DriverType) throws(Errno) {
    try bind(device, type, .thisOnly)
  }

  static func bind(_ device: DeviceNode, _ type: DriverType, _ search: DriverSearch) throws(Errno) {
    try begin(DriverHost(device, type, search), insteadOf: nil)
  }

  /// Gives a device a driver of `type` as a program asks for it, and waits until that works.
  ///
  /// Source: Linux Documentation/ABI/testing/sysfs-bus-pci, `bind`.
  ///
  /// - Throws: `ENODEV` when the type does not serve it, `EBUSY` when it has a driver, why the driver did not start, and then the
  ///   device has none; `ETIMEDOUT` when that takes longer than `timeoutNanoseconds`; `ENOMEM`.
  /// - Context: a thread that may wait.
  public static func attach(_ device: DeviceNode, _ type: DriverType, timeoutNanoseconds: UInt64) throws(Errno) {
    if let refusal = refusal(of: device, by: type) { throw refusal }
    try bind(device, type, .thisOnly)
    guard settle(device, timeoutNanoseconds: timeoutNanoseconds) else { throw .ETIMEDOUT }
    guard device.state != .running else { return }
    let failure = device.failure ?? .ENODEV
    // One that was given up is nobody's any more: a program may try another.
    if device.state == .failed { try? unbind(device) }
    throw failure
  }

  /// Gives all devices without a driver that `type` serves a driver of it, and waits until those work or do not.
  ///
  /// - Context: a thread that may wait.
  public static func attachAll(to type: DriverType, timeoutNanoseconds: UInt64) {
    forEach { device in
      guard refusal(of: device, by: type) == nil else { return }
      try? attach(device, type, timeoutNanoseconds: timeoutNanoseconds)
    }
  }

  /// Takes a device's driver from it.
  ///
  /// - Throws: `ENODEV` when it has none; `ETIMEDOUT`, `EINTR` when it has not ended yet: the device is free once it does.
  /// - Context: a thread that may wait.
  public static func unbind(_ device: DeviceNode, isGone: Bool = false) throws(Errno) {
    guard let host = device.contents.withLock({ $0.host }) else { throw .ENODEV }
    try host.order(.remove(isGone: isGone), timeoutNanoseconds: patience)
  }

  /// The driver of `host` has ended as it was told to: its device is free, also when nobody waits for that any more.
  ///
  /// - Context: the thread of `host`, which is over.
  static func didEnd(_ host: DriverHost, _ state: DeviceNode.State) {
    guard release(host.device, from: host, state) else { return }
    tellDriver(of: host.device)
  }

  /// Why a driver of `type` cannot be given to `device`; nil when it can. Whether one serves it is asked first, as on Linux.
  static func refusal(of device: DeviceNode, by type: DriverType) -> Errno? {
    guard device.bus == type.bus, type.serves(device, override: driverOverride(of: device)) else { return .ENODEV }
    return device.driver == nil ? nil : .EBUSY
  }

  /// The first type behind `last`, or of all, that serves `device`.
  private static func nextType(for device: DeviceNode, after last: DriverType?) -> DriverType? {
    let override = driverOverride(of: device)
    var index = 0
    var isBehind = last == nil
    while let type = type(at: index) {
      index += 1
      if isBehind, type.bus == device.bus, type.serves(device, override: override) { return type }
      if type === last { isBehind = true }
    }
    return nil
  }

  /// Makes `host` its device's, in place of `old`, and starts it.
  private static func begin(_ host: DriverHost, insteadOf old: DriverHost?) throws(Errno) {
    let device = host.device
    let refusal: Errno? = device.contents.withLock { contents in
      if contents.isLeaving { return .ENODEV }
      guard contents.host === old else { return .EBUSY }
      (contents.host, contents.state, contents.failure) = (host, .starting, nil)
      return nil
    }
    if let refusal { throw refusal }
    device.changes.wakeAll()
    // Before the driver can work, which is told next.
    tellDriver(of: device)
    do throws(Errno) { try host.startThread() } catch {
      _ = release(device, from: host, .unbound)
      tellDriver(of: device)
      throw error
    }
  }

  /// Takes `host` from its device, which is in `state` from then on; both at once, for another may be given to it at any moment.
  ///
  /// - Returns: false when that has it no more.
  private static func release(_ device: DeviceNode, from host: DriverHost, _ state: DeviceNode.State) -> Bool {
    let isFree = device.contents.withLock { contents in
      guard contents.host === host else { return false }
      contents.host = nil
      // One that was removed before its driver had ended stays what it is.
      if contents.state != .gone { contents.state = state }
      return true
    }
    if isFree { device.changes.wakeAll() }
    return isFree
  }

  /// The driver of `host` has not taken its device after all: another may, or it has none.
  ///
  /// - Context: the thread of `host`, which is over.
  static func didDecline(_ host: DriverHost) {
    let device = host.device
    if host.search == .thenOthers, let next = nextType(for: device, after: host.type) {
      do throws(Errno) {
        return try begin(DriverHost(device, next, .thenOthers), insteadOf: host)
      } catch {
        // What has begun and failed has left no host.
        DriverLog.add(.warning, device, "cannot be given to \(next.name.description): error \(error.rawValue)")
      }
    }
    guard release(device, from: host, .unbound) else { return }
    tellDriver(of: device)
  }
}
