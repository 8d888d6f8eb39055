import Foundations
import Interrupts
import Logging
import Machine
import Processes
import Scheduler
import Scheduling
import Time
import Waiting

/// Reports CPUs that take no interrupts, and tasks that wait for very long without letting themselves be interrupted.
enum KernelWatch {
  private static let processors = BootCell<ProcessorWatch>()

  /// Starts both.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: once, a thread, when all CPUs are online.
  static func start() throws(Errno) {
    processors.fill(try ProcessorWatch(StuckProcessorReporter()))
    try Thread(StuckTaskWatch()).start()
  }
}

private final class StuckProcessorReporter: ProcessorWatchReporter {
  override func isStuck(_ number: Int, nanoseconds: UInt64) {
    KernelLog.add(.emergency, .cpu, "CPU \(number) has taken no interrupt for \(nanoseconds / 1_000_000_000) s")
  }

  override func beats(_ number: Int) {
    guard let vector = ForgottenEnds.makeUp(isServing: true) else { return }
    KernelLog.add(.warning, .cpu, "CPU \(number): the end of interrupt \(vector) was lost, and is made up for")
  }

  override func goesOn(_ number: Int) { KernelLog.add(.warning, .cpu, "CPU \(number) takes interrupts again") }
}

/// Looks for tasks in state D that stay there. Source: Linux, Documentation/admin-guide/sysctl/kernel.rst,
/// `hung_task_timeout_secs`.
private final class StuckTaskWatch: ThreadBody {
  private static let intervalNanoseconds: UInt64 = 30_000_000_000
  /// Looks that find a task where it was before it is reported: two minutes.
  private static let limit = 4
  /// Of so many at a time there is note taken.
  private static let capacity = 32

  private struct Waiting {
    var number: Int32
    var switches: UInt64
    var looks: Int
  }

  /// Those of the last look, and of this one. The thread's own.
  private var waiting = GrowableArray<Waiting>()
  private var found = GrowableArray<Waiting>()

  override func run() {
    while true {
      // Nothing interrupts a thread of the kernel.
      try? Scheduler.sleep(nanoseconds: Self.intervalNanoseconds)
      look()
    }
  }

  private func look() {
    found = GrowableArray()
    // Locks are held below. Without memory there is a look the next time.
    do throws(Errno) { try found.reserveCapacity(Self.capacity) } catch { return }
    Processes.tree?.forEachProcess { node in
      (node as? Process)?.forEachTask { task in
        note(task)
        return true
      }
      return true
    }
    swap(&waiting, &found)
  }

  private func note(_ task: Task) {
    guard let thread = task.thread, thread.waitInterruption == .nothing, found.count < Self.capacity else { return }
    var new = Waiting(number: task.threadIdentifier, switches: thread.account.voluntarySwitches, looks: 1)
    for index in 0..<waiting.count {
      let old = waiting[index]
      if old.number == new.number, old.switches == new.switches { new.looks = old.looks + 1 }
    }
    // There is room for it.
    try? found.append(new)
    guard new.looks == Self.limit else { return }
    var text: Message = "task \(new.number) ("
    let name = task.name
    text.write(name.bytes)
    text.write(") waits for more than two minutes and cannot be interrupted")
    KernelLog.add(.error, .scheduler, text)
  }
}
