public import Foundations
public import LinuxABI
import Machine
public import Signals
import Synchronization
import Waiting

/// Sending signals. Source: kill(2), signal(7); Linux kernel/signal.c.
extension Process {
  /// Sends a signal to the process, or to one of its tasks.
  ///
  /// - Parameters:
  ///   - task: which; nil for whichever does not block it.
  ///   - sender: the task that runs, if it is the one that sends.
  /// - Throws: `EAGAIN` when a real-time signal cannot be queued.
  /// - Context: any, interrupts included, with no lock but the tree's.
  public func send(
    _ signal: Signal, _ information: SignalInformation, to task: Task? = nil, by sender: Task? = nil
  ) throws(Errno) {
    try state.withLock { state throws(Errno) in
      guard let first = state.firstTask, state.ending == nil else { return }
      if signal.defaultAction == .stop || signal == .SIGCONT { state.prepare(signal) }
      let target = task ?? first
      guard !state.ignores(signal, target, isFirst: isFirst) else { return }
      // What nobody can block or ignore needs no queue.
      if signal == .SIGKILL { return state.end(ExitStatus(signal: signal, isDumped: false)) }
      let limit = state.limits[.RLIMIT_SIGPENDING].current
      let account = state.signals.account
      let isNew =
        if let task {
          try task.signals.pending.add(signal, information, account, limit: limit)
        } else {
          try state.signals.pending.add(signal, information, account, limit: limit)
        }
      guard isNew else { return }
      signalEvents.wakeAll([.input, .readNormal])
      guard let chosen = state.choose(for: signal, task) else { return }
      if state.isFatal(signal, chosen) {
        state.end(ExitStatus(signal: signal, isDumped: false))
      } else {
        chosen.noteSignal(by: sender)
      }
    }
  }

  /// Sends a signal of the kernel's that says no more than its number.
  ///
  /// - Context: as above.
  public func sendFromKernel(_ signal: Signal) {
    // Only what programs say of real-time signals can be too much.
    try? send(signal, .kernel(signal))
  }

  /// Whether it is the first process, which signals do not end.
  @inline(__always)
  var isFirst: Bool { number == 1 }
}

extension Process.State {
  /// The oldest task.
  @inline(__always)
  var firstTask: Task? { tasks.isEmpty ? nil : tasks[0] }

  /// Takes back what a signal that stops or continues makes void, and lets the tasks go on that are stopped.
  mutating func prepare(_ signal: Signal) {
    let isContinuation = signal == .SIGCONT
    let void = isContinuation ? SignalSet.stops : SignalSet(.SIGCONT)
    signals.pending.remove(void)
    for index in 0..<tasks.count {
      let task = tasks[index]
      task.signals.pending.remove(void)
      guard isContinuation else { continue }
      (task.signals.isToStop, task.signals.hasTakenStop) = (false, false)
      if task.signals.isStopped { task.goOn() }
    }
    guard isContinuation else { return }
    if signals.stop.isComplete {
      signals.stop.untold = .continued
    } else if signals.stop.remaining > 0 {
      signals.stop.untold = .stopped(signals.stop.signal)
    }
    (signals.stop.isComplete, signals.stop.remaining) = (false, 0)
  }

  /// Whether `signal` has no effect on `target`, and may not even be pending.
  @inline(__always)
  func ignores(_ signal: Signal, _ target: Task, isFirst: Bool) -> Bool {
    if isFirst, !signal.isCatchable { return true }
    // It may not be ignored any more when it is let through.
    if target.signals.blocked.union(target.signals.blockedBeforeWait).contains(signal) { return false }
    if signals.dispositions.discards(signal) { return true }
    return isFirst && !signals.dispositions.caught.contains(signal)
  }

  /// The task that is to take `signal`, if one has to be told.
  @inline(__always)
  func choose(for signal: Signal, _ wanted: Task?) -> Task? {
    if let wanted { return wanted.wants(signal) ? wanted : nil }
    for index in 0..<tasks.count where tasks[index].wants(signal) { return tasks[index] }
    return nil
  }

  /// Whether `signal` ends the process, so that its tasks need not wait until one of them has taken it.
  @inline(__always)
  func isFatal(_ signal: Signal, _ chosen: Task) -> Bool {
    let action = signal.defaultAction
    guard action == .terminate || action == .dump, !chosen.signals.blockedBeforeWait.contains(signal) else {
      return false
    }
    return !signals.dispositions.caught.contains(signal) && !signals.dispositions.ignored.contains(signal)
  }

  /// Decides how the process ends, if nothing has yet, and sends all tasks on their way out.
  mutating func end(_ status: ExitStatus) {
    if ending == nil { ending = status }
    for index in 0..<tasks.count { tasks[index].askToEnd() }
  }

  /// Tells the tasks that may take what is pending for the process, after another will not do it.
  mutating func retarget() {
    guard !signals.pending.set.isEmpty else { return }
    for index in 0..<tasks.count {
      let task = tasks[index]
      if !signals.pending.set.subtracting(task.signals.blocked).isEmpty { task.noteSignal(by: nil) }
    }
  }
}

extension Task {
  /// Whether it would take `signal` soon. The process's `state` is locked.
  @inline(__always)
  final func wants(_ signal: Signal) -> Bool {
    !signals.blocked.contains(signal) && !isEnding && !signals.isStopped && !hasDeliverableSignal
  }

  /// Makes it look for signals before its program goes on. The process's `state` is locked.
  @inline(__always)
  final func noteSignal(by sender: Task?) {
    signalFlag.store(true, ordering: .sequentiallyConsistent)
    if sender === self { askItself(.signals) } else { ask(.signals) }
  }

  /// Makes the task that runs do `work` before its program goes on.
  @inline(__always)
  final func askItself(_ work: TaskWork) {
    _ = ThreadContext.withCurrent { $0.work.bitwiseOr(work.rawValue, ordering: .relaxed) }
  }

  /// Sends a signal to this task.
  ///
  /// - Throws: `EAGAIN` when a real-time signal cannot be queued.
  /// - Context: as for `Process.send`.
  public final func send(
    _ signal: Signal, _ information: SignalInformation, by sender: Task? = nil
  ) throws(Errno) {
    try process.send(signal, information, to: self, by: sender)
  }

  /// Sends a signal to itself that something it did causes, such as SIGPIPE for a write to a pipe that nobody reads.
  ///
  /// - Context: the task itself.
  public final func raise(_ signal: Signal) {
    try? process.send(signal, .kernel(signal), to: self, by: self)
  }
}
