import Foundations
public import Futexes
import Machine
import Scheduler
public import Scheduling
import Synchronization
import VirtualMemory

/// A task, as futexes see it.
public final class TaskFutexes: FutexThread {
  private let ownNumber: Atomic<UInt32>
  private let link = SpinLock<Thread?>(nil)

  init(number: Int32) {
    ownNumber = Atomic(UInt32(bitPattern: number))
    super.init()
  }

  public override var number: UInt32 { ownNumber.load(ordering: .relaxed) }

  public override var urgency: Urgency { link.withLock { $0 }?.urgency ?? super.urgency }

  public override func lend(_ urgency: Urgency) { link.withLock { $0 }?.lend(urgency) }

  /// Takes another number, with its task.
  func setNumber(_ number: Int32) { ownNumber.store(UInt32(bitPattern: number), ordering: .relaxed) }

  /// Sets the thread, from its start to its end.
  func setThread(_ thread: Thread?) {
    let old = link.withLock { link in
      let old = link
      link = thread
      return old
    }
    _ = consume old
  }
}

/// Leads from the numbers in futex words to tasks.
public final class TaskFutexDirectory: FutexThreads {
  private let tree: ProcessTree

  /// Leads to the tasks of `tree`.
  public init(_ tree: ProcessTree) {
    self.tree = tree
    super.init()
  }

  public override func thread(numbered number: UInt32) -> FutexThread? {
    tree.task(Int32(bitPattern: number))?.futexes
  }
}

extension Task {
  /// Releases the futexes that the task holds, and tells those that wait for its end, as it leaves its memory.
  ///
  /// - Context: the task itself, with its memory still there.
  final func leaveFutexes(_ occasion: FutexDeparture) {
    guard let memory else { return }
    try? Futexes.withTable { table throws(Errno) in
      table.releaseRobust(futexes, in: memory.space)
      switch occasion {
      case .end: table.end(futexes)
      case .execution: table.leaveMemory(futexes)
      }
      let address = clearedAddress
      clearedAddress = 0
      // Nobody is there who could look at it. Source: Linux kernel/fork.c, `mm_release`.
      guard address != 0, memory.userCount > 1 else { return }
      table.clear(address, in: memory.space)
    }
  }

  /// Tells those that it lends its urgency to that its own was changed.
  ///
  /// - Context: any; the process's `state` may be locked.
  public final func urgencyChanged() {
    try? Futexes.withTable { table throws(Errno) in table.urgencyChanged(of: futexes) }
  }

  /// Why a task leaves its memory.
  enum FutexDeparture {
    /// It ends.
    case end
    /// It executes another program.
    case execution
  }
}
