import DriverKit
import Foundations
import Logging
import Machine
import Processes
import Scheduler
import Synchronization
import SystemFileSystem
import Time
import Waiting

/// Suspending the machine to idle, when a program writes to /sys/power/state.
final class KernelSuspend: SuspendControl {
  private static let isRunning = Atomic<Bool>(false)
  private static let devicesRest = Atomic<Bool>(false)
  private static let freezeTimeout = Atomic<UInt64>(20_000)

  /// Whether devices rest: what the firmware tells wakes the machine then, and is nobody's order.
  static var isResting: Bool { devicesRest.load(ordering: .acquiring) }

  fileprivate static func setResting(_ isResting: Bool) { devicesRest.store(isResting, ordering: .releasing) }

  override func suspend() throws(Errno) {
    guard Self.isRunning.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged
    else { throw .EBUSY }
    defer { Self.isRunning.store(false, ordering: .releasing) }
    // A thread of the kernel's: no signal ends its waits, and it is not frozen.
    let request = SuspendRequest()
    try Thread(SuspendThread(request, Task.current)).start()
    _ = try request.wait(until: nil, .nothing)
  }

  override var wakeCount: UInt64 { WakeEvents.count }
  override func expectNoMore(than count: UInt64) -> Bool { WakeEvents.expectNoMore(than: count) }
  override var freezeTimeoutMilliseconds: UInt64 { Self.freezeTimeout.load(ordering: .relaxed) }

  override func setFreezeTimeout(milliseconds: UInt64) {
    Self.freezeTimeout.store(milliseconds, ordering: .relaxed)
  }

  fileprivate static var freezeNanoseconds: UInt64 { freezeTimeout.load(ordering: .relaxed) &* 1_000_000 }
}

/// What a program waits for that has asked for the machine's rest.
private final class SuspendRequest: DriverRequest {
  init() { super.init(isRepeatable: false) }
}

private final class SuspendThread: ThreadBody {
  private let request: SuspendRequest
  private let caller: Task?

  init(_ request: SuspendRequest, _ caller: Task?) {
    (self.request, self.caller) = (request, caller)
    super.init()
  }

  override func run() {
    KernelLog.add(.info, .kernel, "suspend to idle")
    let outcome = Self.suspend(KernelSuspendSteps(caller))
    WakeEvents.expectAnything()
    KernelLog.flush()
    request.complete(outcome)
  }

  private static func suspend(_ steps: KernelSuspendSteps) -> DriverRequest.Outcome {
    do throws(Errno) {
      try SuspendSequence.run(steps)
      return .success(0)
    } catch {
      KernelLog.add(.warning, .kernel, "not suspended: error \(error.rawValue)")
      return .failure(error)
    }
  }
}

/// The steps, on this machine.
private final class KernelSuspendSteps: SuspendSteps {
  private let caller: Task?
  /// What has happened before: anything that comes afterwards wakes the machine, however far it is.
  private let known: UInt64

  init(_ caller: Task?) {
    self.caller = caller
    known = WakeEvents.count
    super.init()
  }

  override func freezePrograms() throws(Errno) {
    guard let tree = Processes.tree else { return }
    try TaskFreezer.freeze(tree, exempt: caller, patience: KernelSuspend.freezeNanoseconds)
  }

  override func thawPrograms() {
    if let tree = Processes.tree { TaskFreezer.thaw(tree) }
  }

  override func suspendDevices() throws(Errno) {
    KernelLog.flush()
    KernelSuspend.setResting(true)
    do throws(Errno) { try DeviceTree.suspendAll() } catch {
      KernelSuspend.setResting(false)
      throw error
    }
  }

  override func resumeDevices() {
    DeviceTree.resumeAll()
    KernelSuspend.setResting(false)
  }

  override func stopClocks() { StoppedClock.begin(alarm: WakeAlarm()) }
  override func waitForWake() { WakeEvents.wait(beyond: known) }

  override func startClocks() {
    let milliseconds = StoppedClock.end() / 1_000_000
    KernelLog.add(.info, .kernel, "woken after \(milliseconds) ms")
  }

  override var isWakePending: Bool { WakeEvents.isPending }
}

/// A timer that is to wake the machine is due.
private final class WakeAlarm: TimerHandler {
  override func timerExpired(now: UInt64, expirations: UInt64) { WakeEvents.note() }
}
