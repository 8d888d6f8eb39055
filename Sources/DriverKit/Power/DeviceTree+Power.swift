public import Foundations
import Logging
import Machine
import PCI
import Time
import Waiting

/// All devices at once: suspended, resumed, and shut down before the machine goes.
extension DeviceTree {
  /// How long a device may take to come or go before the others are looked at, in nanoseconds.
  private static var settling: UInt64 { 5_000_000_000 }
  /// How long one driver may take for its end, in nanoseconds: longer than it takes to notice that it hangs.
  private static var endPatience: UInt64 { 3_000_000_000 }

  /// Lets all devices rest that work, children before what leads to them. Devices neither come nor go afterwards.
  ///
  /// - Throws: why one refuses, `EIO` when its driver fails at it; `ENOMEM`. Then all work again.
  /// - Context: a thread of the kernel's other than the tree's; by one at a time.
  public static func suspendAll() throws(Errno) {
    hold(settling: settling)
    do throws(Errno) {
      let set = try PowerSet()
      try set.suspend()
    } catch {
      goOn()
      throw error
    }
  }

  /// Lets all devices go on that rest, parents before what they lead to.
  ///
  /// - Context: as of `suspendAll`, after it.
  public static func resumeAll() {
    do throws(Errno) { try PowerSet().resume() } catch {
      // Without memory for an order there is one that serves: parents come before their children.
      forEach { device in PowerSet.resume(device) }
    }
    goOn()
  }

  /// Has all devices stop before the machine is turned off or restarted, children before what leads to them: none reaches memory
  /// afterwards. What a driver does not do in time is done without it.
  ///
  /// - Parameter patience: how long all of this may take, in nanoseconds.
  /// - Context: a thread that may wait; once.
  public static func shutDownAll(patience: UInt64 = 10_000_000_000) {
    let deadline = ClockDeadline(after: patience)
    hold(settling: min(settling, patience / 4))
    do throws(Errno) { try PowerSet().shutDown(until: deadline.time, each: endPatience) } catch {
      // Without memory for an order the function is at least kept from memory.
      forEach { $0.function?.setMaster(false) }
    }
  }
}

/// The devices that there are at one moment, with the order of changes of power.
private final class PowerSet {
  private static let patience: UInt64 = 30_000_000_000

  private var devices = GrowableArray<DeviceNode>()
  private var order = GrowableArray<Int>()

  /// - Throws: `ENOMEM`.
  init() throws(Errno) {
    var hasAll = true
    DeviceTree.forEach { device in
      if !add(device) { hasAll = false }
    }
    guard hasAll else { throw .ENOMEM }
    order = try PowerOrder.childrenFirst(try Self.parents(devices))
  }

  private func add(_ device: DeviceNode) -> Bool {
    do throws(Errno) {
      try devices.append(device)
      return true
    } catch {
      return false
    }
  }

  private static func parents(_ devices: borrowing GrowableArray<DeviceNode>) throws(Errno) -> GrowableArray<Int> {
    var parents = GrowableArray<Int>()
    for index in 0..<devices.count { try parents.append(number(of: devices[index].parent, in: devices)) }
    return parents
  }

  private static func number(of device: DeviceNode?, in devices: borrowing GrowableArray<DeviceNode>) -> Int {
    guard let device else { return -1 }
    for index in 0..<devices.count where devices[index] === device { return index }
    return -1
  }

  func suspend() throws(Errno) {
    for index in 0..<devices.count { _ = DeviceTree.settle(devices[index], timeoutNanoseconds: Self.patience) }
    try PowerOrder.suspend(
      order, { (index: Int) throws(Errno) in try Self.suspend(devices[index]) },
      resume: { index in Self.resume(devices[index]) })
  }

  func resume() { PowerOrder.resume(order, first: order.count) { index in Self.resume(devices[index]) } }

  private static func suspend(_ device: DeviceNode) throws(Errno) {
    guard device.state == .running, let host = device.contents.withLock({ $0.host }) else { return }
    do throws(Errno) {
      try host.order(.suspend, timeoutNanoseconds: patience, .nothing)
    } catch {
      // What was not done in time may be done yet, and nobody would have the device go on then.
      if error == .ETIMEDOUT { try? host.order(.resume, timeoutNanoseconds: 0, .nothing) }
      DriverLog.add(.error, device, "it does not let itself be suspended: error \(error.rawValue)")
      throw error
    }
  }

  static func resume(_ device: DeviceNode) {
    guard device.state == .suspended, let host = device.contents.withLock({ $0.host }) else { return }
    do throws(Errno) {
      try host.order(.resume, timeoutNanoseconds: patience, .nothing)
    } catch {
      DriverLog.add(.error, device, "it was not resumed: error \(error.rawValue)")
    }
  }

  func shutDown(until end: UInt64, each patience: UInt64) {
    for place in 0..<order.count {
      let device = devices[order[place]]
      let now = Clock.nanoseconds
      let left = min(end > now ? end - now : 0, patience)
      Self.shutDown(device, left)
    }
  }

  private static func shutDown(_ device: DeviceNode, _ patience: UInt64) {
    guard let host = device.contents.withLock({ $0.host }) else { return }
    do throws(Errno) {
      guard patience > 0 else { throw .ETIMEDOUT }
      try host.order(.shutDown, timeoutNanoseconds: patience, .nothing)
    } catch {
      DriverLog.add(.error, device, "it was not shut down: error \(error.rawValue)")
      // What others drive behind a bridge has been seen to.
      device.function?.setMaster(false)
    }
  }
}
