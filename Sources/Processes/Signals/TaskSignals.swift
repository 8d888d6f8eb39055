import LinuxABI
import Machine
import Signals
import Synchronization

/// What a task has of signals that others look at and change. Guarded by the `state` of its process.
///
/// `blocked` is changed by the task itself only, which reads it without the lock.
struct TaskSignals: ~Copyable {
  /// What was sent to this task.
  var pending = PendingSignals()
  /// What is not delivered to it now.
  var blocked: SignalSet = []
  /// What is blocked but for the wait of sigtimedwait(2), in which it is let through.
  var blockedBeforeWait: SignalSet = []
  /// It is to stop with the others.
  var isToStop = false
  /// It has taken a signal that stops, and no signal that continues has come since.
  var hasTakenStop = false
  /// It is stopped.
  var isStopped = false
}

/// What a task has of signals that is nobody else's.
struct SignalHandling {
  /// The stack for handlers that want one.
  var stack = AlternateStack()
  /// What is blocked again when the call is over that it was changed for; nil when there is no such call.
  var maskAfterCall: SignalSet?
  /// The exception that its program cannot go on from.
  var newFault: ProgramFault?
  /// The exception before, for the frames of handlers.
  var lastFault = FaultRecord()
  /// When the wait of a call ends.
  var waitEnd = WaitEnd()
}

/// What is known of calls that wait for some time and are started again. Source: restart_syscall(2).
struct WaitEnd {
  /// When the last wait that began with a length was to end, in nanoseconds of the monotonic clock.
  var last: UInt64 = 0
  /// The call that restart_syscall goes on with, and when its wait ends.
  var interrupted: (number: UInt32, deadline: UInt64)?
  /// Of the call that goes on now, when its wait ends.
  var resumed: UInt64?
  /// How the call that has just been interrupted is started again, where that differs from what its entry says.
  var restart: SystemCallRestart?
  /// Whether the call that has just been interrupted is made again even after a handler.
  var isMadeAgain = false
}

/// What the tasks of a process have of signals in common. Guarded by the process's `state`.
struct ProcessSignals: ~Copyable {
  /// What was sent to the process, for any task.
  var pending = PendingSignals()
  /// What is done about signals.
  var dispositions: SignalDispositions
  /// Counts what is queued for the user of the process.
  var account: SignalAccount
  /// The stop of all tasks together.
  var stop = GroupStop()

  init(_ dispositions: SignalDispositions, _ account: SignalAccount) {
    (self.dispositions, self.account) = (dispositions, account)
  }
}

/// A stop of all tasks of a process. Source: POSIX.1-2017 2.4.3; Linux kernel/signal.c.
struct GroupStop {
  /// What stopped it, or is about to.
  var signal = Signal.SIGSTOP
  /// How many tasks have still to stop.
  var remaining = 0
  /// Whether all tasks have stopped.
  var isComplete = false
  /// What the parent is still to be told; the first task that comes by does it.
  var untold: ChildChange?
}
