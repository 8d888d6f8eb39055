import Foundations
import Logging
import Machine
import Scheduler
import Synchronization
import Time
import Waiting

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
    let entry = Blocking.entry
    made.add(entry)
    defer { made.remove(entry) }
    try? TimedWait.wait(until: ClockDeadline(after: timeoutNanoseconds), .nothing) {
      isMade.load(ordering: .acquiring)
    }
    return isMade.load(ordering: .acquiring)
  }
}

final class DeviceAddition: DeviceChange {
  private let device: DeviceNode

  init(_ device: DeviceNode) {
    self.device = device
    super.init()
  }

  override func run() {
    do throws(Errno) { try DeviceTree.add(device) } catch {
      // What has gone before its turn is missed by nobody.
      guard error != .ENODEV else { return }
      DriverLog.add(.error, device, "it cannot be added: error \(error.rawValue)")
    }
  }
}

final class DeviceTreeThread: ThreadBody {
  override func run() { DeviceTree.serveChanges() }
}
