import Foundations
import Machine
import Processors
import Scheduler
import Synchronization
import Time
import Waiting

/// The boot step of threads.
extension BootHandlers {
  private static let testLimitNanoseconds: UInt64 = 10_000_000_000

  /// Makes the code that runs a thread, and starts the idle threads of all CPUs.
  static func scheduler(_ state: inout BootState) -> BootOutcome {
    guard LocalInterruptController.isStarted else { return .failed("there is no timer that could end a turn") }
    let saved = KernelProcessors.current(0).extendedState
    // A program may have either form in its memory.
    let byteCount = max(saved.standardSize(of: saved.enabled), saved.compactedSize(of: saved.enabled))
    FPUState.start(
      components: saved.enabled.rawValue, byteCount: Int(byteCount),
      canSaveChanges: KernelProcessors.current(0).features.contains(.xsaveopt))
    ProgramEntry.startHere()
    do throws(Errno) {
      try Scheduler.start()
      Scheduler.open()
      guard try bothRun() else { return .failed("of two threads that never yield only one runs") }
    } catch {
      return .failed("no memory for threads")
    }
    return .done("quantum \(Scheduler.quantum / 1_000_000) ms, \(Processor.onlineCount) CPUs")
  }

  /// Whether two threads that are bound to this CPU and never yield both run, while this thread waits for them.
  private static func bothRun() throws(Errno) -> Bool {
    let (first, second) = (Spinner(), Spinner())
    first.other = second
    second.other = first
    let threads = [try Thread(first), try Thread(second)]
    for thread in threads {
      thread.bind(to: 1 << UInt64(Processor.current))
      thread.start()
    }
    for thread in threads { try thread.join() }
    first.other = nil
    second.other = nil
    return first.hasSeenOther && second.hasSeenOther
  }

  /// Runs until the other has run, too.
  private final class Spinner: ThreadBody {
    private let count = Atomic<Int>(0)
    private let seen = Atomic<Bool>(false)
    var other: Spinner?
    var hasSeenOther: Bool { seen.load(ordering: .acquiring) }

    override func run() {
      guard let other else { return }
      count.store(1, ordering: .releasing)
      let begin = Clock.nanoseconds
      while other.count.load(ordering: .acquiring) == 0 {
        guard Clock.nanoseconds &- begin < testLimitNanoseconds else { return }
        Machine.pause()
      }
      seen.store(true, ordering: .releasing)
    }
  }
}

/// What every CPU needs before it can run programs.
enum ProgramEntry {
  /// Turns on floating point and system calls on the CPU that runs.
  static func startHere() {
    FPUState.startHere()
    ThreadEntry.startHere()
  }
}
