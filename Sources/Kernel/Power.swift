import DriverKit
import Foundations
import Logging
import Machine
import PlatformDrivers
import Scheduler
import Synchronization
import Waiting

/// The end of the machine's work, by the best means that it has.
enum Power {
  /// Turns the machine off; where that cannot be done, stops it.
  static func off() -> Never {
    _ = PanicReports.send(.shutdown)
    Firmware.withCurrent { $0.powerOff() }
    Machine.halt()
  }

  /// Restarts the machine: by the firmware's reset register, else by the keyboard controller or a triple fault.
  static func restart() -> Never {
    Firmware.withCurrent { $0.reset() }
    Machine.reset()
  }

  private static let isEnding = Atomic<Bool>(false)

  /// Has all devices stop, so that none reaches memory of what comes next; takes ten seconds at most, however drivers are.
  ///
  /// - Context: a thread that may wait. Only the first call does anything.
  static func shutDownDevices() {
    guard Scheduler.isOpen, KernelDevices.areStarted,
      isEnding.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged
    else { return }
    DeviceTree.shutDownAll()
    KernelLog.flush()
  }

  private static let restartIsWanted = Atomic<Bool>(false)

  /// Has the machine restarted soon.
  ///
  /// - Context: any, interrupts may be off.
  static func requestRestart() {
    restartIsWanted.store(true, ordering: .releasing)
    Firmware.workQueue.wake()
  }

  private static var hasWork: Bool { Firmware.hasWork || restartIsWanted.load(ordering: .acquiring) }

  /// What the boot thread does when boot is over: it serves what the firmware's events leave to be done.
  static func idle() -> Never {
    while true {
      if restartIsWanted.load(ordering: .acquiring) {
        KernelLog.add(.notice, .kernel, "restart")
        KernelLog.flush()
        shutDownDevices()
        restart()
      }
      if Firmware.hasWork {
        Firmware.withCurrent { $0.serve() }
        KernelLog.flush()
      } else if Scheduler.isOpen {
        do throws(Errno) { try Firmware.workQueue.wait(.nothing) { hasWork } } catch {}
      } else {
        Processor.withoutInterrupts { if !hasWork { Processor.waitForInterrupt() } }
      }
    }
  }
}

/// `test=power-off` and `test=restart`: the runner sees whether QEMU ends by itself.
struct PowerTest {
  private let isOff: Bool

  /// - Returns: nil when the request is another.
  init?(_ request: Span<UInt8>) {
    let selection = NameSelection(request)
    if selection.isOnly("power-off") {
      isOff = true
    } else if selection.isOnly("restart") {
      isOff = false
    } else {
      return nil
    }
  }

  func run() -> Never { isOff ? Power.off() : Power.restart() }
}
