import Foundations
public import LinuxABI
import Machine
import Scheduler
import Security
import Terminals
import VFS
import Waiting

/// Ends of tasks and processes. Source: _exit(2), exit_group(2).
extension Task {
  /// Ends the task when its call returns. exit(2).
  ///
  /// - Context: the task itself.
  public final func exit(code: Int32) {
    process.noteExit(ExitStatus(code: code))
    askToEnd()
  }

  /// Ends the task when its call returns, as if `signal` had ended it alone: with the process, if it is the only one.
  ///
  /// - Context: the task itself.
  public final func end(by signal: Signal) {
    process.noteExit(ExitStatus(signal: signal, isDumped: false))
    askToEnd()
  }

  /// Ends the process: all of its tasks, as soon as they can. exit_group(2), or a signal that ends it.
  ///
  /// - Context: any thread.
  public final func exitProcess(_ status: ExitStatus) { process.end(status) }

  /// Ends the task: gives back all that it has, and its process's rest if it is the last.
  ///
  /// - Context: the task's thread, about to return to its program: nothing on the stack owns anything.
  final func end() -> Never {
    giveBack()
    Scheduler.exit()
  }

  /// Its own function, so that the stack that is left owns no reference.
  @inline(never)
  private final func giveBack() {
    leaveFutexes(.end)
    leaveSignals()
    let usage = usage
    let user = credentials.users.real
    exchangeMemory(nil)?.endUse()
    completion?.finish()
    completion = nil
    files.endUse()
    let isLast = process.remove(self, usage: usage)
    UserAccounts.release(user)
    process.tree.remove(self)
    if isLast {
      process.timers.close()
      process.finish()
    }
    setThread(nil)
  }
}

extension Process {
  /// Notes how a task ended: with the last one so does the process, if nothing else decides it.
  func noteExit(_ status: ExitStatus) { state.withLock { $0.lastExit = status } }

  /// Sends all tasks on their way out. What was decided first counts.
  ///
  /// - Context: any thread, without locks but the tree's.
  public func end(_ status: ExitStatus) {
    state.withLock { $0.end(status) }
  }

  /// Whether all tasks are on their way out.
  public var isEnding: Bool { state.withLock { $0.ending != nil } }

  /// The end, when no task is left.
  func finish() {
    let (status, terminal, formerForeground) = state.withLock { state in
      let terminal = state.terminal
      state.terminal = nil
      return (state.ending ?? state.lastExit, terminal, state.formerForeground)
    }
    if let session, session.leader === self {
      if let terminal {
        terminal.endSession(session.identifier.number, isExit: true)
      } else if formerForeground != 0 {
        tellOfHangUp(formerForeground)
      }
    }
    guard number != 1 else { TaskEndHooks.firstProcessEnded(status) }
    tree.end(self, status)
    // Who waits for it by a handle.
    taskEnds.wakeAll()
  }

  /// Tells the group that was in the foreground of a terminal that is gone. Source: Linux drivers/tty/tty_jobctrl.c,
  /// `disassociate_ctty`.
  private func tellOfHangUp(_ group: Int32) {
    tree.forEachMember(ofGroup: group) { member in
      guard let member = member as? Process else { return }
      member.sendFromKernel(.SIGHUP)
      member.sendFromKernel(.SIGCONT)
    }
  }

  /// Ends all tasks but `task`, which executes a program, and waits until they are gone.
  ///
  /// - Throws: `EINTR` when the process is ended meanwhile, `EAGAIN` when another task executes a program.
  func endOthers(than task: Task) throws(Errno) {
    let isAlone = try state.withLock { state throws(Errno) in
      guard state.ending == nil else { throw .EINTR }
      guard state.executing == nil else { throw .EAGAIN }
      if state.tasks.count == 1 { return true }
      state.executing = task
      for index in 0..<state.tasks.count where state.tasks[index] !== task { state.tasks[index].askToEnd() }
      return false
    }
    if isAlone { return }
    defer { state.withLock { $0.executing = nil } }
    try taskEnds.wait(.kill) { taskCount == 1 }
    tree.makeLeader(task)
  }
}

/// What is done when the first process ends, by modules above.
open class TaskEndHook {
  /// Creates a hook.
  public init() {}

  /// Called when the first process has ended: nothing is left to do.
  open func firstProcessEnded(_ status: ExitStatus) -> Never { Machine.halt() }
}

/// The hooks in force.
public enum TaskEndHooks {
  private static let hook = BootCell<TaskEndHook>()

  /// Sets them, once.
  public static func start(_ new: TaskEndHook) { hook.fill(new) }

  static func firstProcessEnded(_ status: ExitStatus) -> Never {
    hook.withValue { $0.firstProcessEnded(status) }
    Machine.halt()
  }
}
