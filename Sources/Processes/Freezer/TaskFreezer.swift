public import Foundations
import Machine
import Scheduler
import Synchronization
import Time
import Waiting

/// Keeps all programs from going on while the machine is suspended, without their noticing.
///
/// A task that runs its program stops before it would go on with it. One that waits in a way that something may end stays where it
/// is: what it waits for may come, but it goes on only when all do. So no wait ends early, and signals stay pending. One that waits
/// for what is sure to come soon, in the middle of something, is waited for.
/// Source: Linux Documentation/power/freezing-of-tasks.rst.
public enum TaskFreezer {
  /// How long tasks may take, by default, in nanoseconds. Source: Linux, `/sys/power/pm_freeze_timeout`.
  public static var usualPatience: UInt64 { 20_000_000_000 }

  private static let freezing = Atomic<Bool>(false)

  /// Whether no program is to go on.
  @inline(__always)
  static var isFreezing: Bool { freezing.load(ordering: .sequentiallyConsistent) }

  /// Freezes all tasks of `tree`.
  ///
  /// - Parameters:
  ///   - exempt: a task that is not frozen: the one that has asked for this, and waits for its end.
  ///   - patience: how long tasks may take, in nanoseconds.
  /// - Throws: `EBUSY` when one does not stop in time; then all go on.
  /// - Context: a thread of the kernel; by one at a time.
  public static func freeze(_ tree: ProcessTree, exempt: Task?, patience: UInt64 = usualPatience) throws(Errno) {
    freezing.store(true, ordering: .sequentiallyConsistent)
    var progress = FreezeProgress(start: Clock.nanoseconds, patience: patience)
    while true {
      switch progress.next(left: askAll(tree, exempt: exempt), now: Clock.nanoseconds) {
      case .done: return
      case .giveUp:
        thaw(tree)
        throw .EBUSY
      case .again(let delay):
        // Nothing interrupts a thread of the kernel.
        try? Scheduler.sleep(nanoseconds: delay)
      }
    }
  }

  /// Lets all tasks of `tree` go on.
  ///
  /// - Context: a thread.
  public static func thaw(_ tree: ProcessTree) {
    freezing.store(false, ordering: .sequentiallyConsistent)
    forEachTask(tree) { $0.endHold() }
  }

  /// Asks those that still run to stop.
  ///
  /// - Returns: how many there are.
  private static func askAll(_ tree: ProcessTree, exempt: Task?) -> Int {
    var left = 0
    forEachTask(tree) { task in
      guard task !== exempt, !task.isAtRest else { return }
      task.ask(.freezing)
      left += 1
    }
    return left
  }

  private static func forEachTask(_ tree: ProcessTree, _ body: (Task) -> Void) {
    tree.forEachProcess { node in
      (node as? Process)?.forEachTask { task in
        body(task)
        return true
      }
      return true
    }
  }
}

/// How freezing goes on: looks at ever longer intervals, until all are frozen or time is up.
struct FreezeProgress {
  /// What to do next.
  enum Step: Equatable {
    /// All are frozen.
    case done
    /// To look again after so many nanoseconds.
    case again(UInt64)
    /// Time is up.
    case giveUp
  }

  private static var shortest: UInt64 { 1_000_000 }
  private static var longest: UInt64 { 16_000_000 }

  private let start: UInt64
  private let patience: UInt64
  private var delay = Self.shortest

  /// Begins at `start`.
  init(start: UInt64, patience: UInt64) { (self.start, self.patience) = (start, patience) }

  /// What to do when `left` are not frozen at `now`.
  mutating func next(left: Int, now: UInt64) -> Step {
    guard left > 0 else { return .done }
    guard now &- start < patience else { return .giveUp }
    defer { delay = min(delay * 2, Self.longest) }
    return .again(delay)
  }
}

extension Task {
  /// Whether its program does not go on before it is thawed.
  ///
  /// - Context: any; `TaskFreezer.isFreezing` was set before.
  final var isAtRest: Bool {
    if isHeld.load(ordering: .sequentiallyConsistent) { return true }
    // One that has not begun begins by a look at what it is asked; one that has ended does nothing.
    guard let thread else { return true }
    return thread.sleepInterruption.map { $0 != .nothing } ?? false
  }

  /// Stays here for as long as programs are frozen.
  ///
  /// - Context: the task itself, without locks.
  final func hold() {
    guard TaskFreezer.isFreezing, let thread else { return }
    isHeld.store(true, ordering: .sequentiallyConsistent)
    thread.hold { TaskFreezer.isFreezing }
    isHeld.store(false, ordering: .sequentiallyConsistent)
  }

  /// Lets it go on; `TaskFreezer.isFreezing` is not set any more.
  fileprivate final func endHold() {
    if isHeld.load(ordering: .sequentiallyConsistent) { thread?.wake() }
  }
}
