import LinuxABI
import Machine
import Signals
import Waiting

/// Stopping and going on, of all tasks of a process together. Source: POSIX.1-2017 2.4.3; Linux kernel/signal.c.
extension Task {
  /// Makes all tasks of the process stop, because of `signal`, unless one that continues has come since it was taken.
  final func beginStop(_ signal: Signal) {
    process.state.withLock { state in
      guard signals.hasTakenStop, state.ending == nil, !signals.isToStop else { return }
      if !state.signals.stop.isComplete { state.signals.stop.signal = signal }
      state.signals.stop.remaining = 0
      for index in 0..<state.tasks.count {
        let task = state.tasks[index]
        guard !task.signals.isStopped else { continue }
        task.signals.isToStop = true
        state.signals.stop.remaining += 1
        task.noteSignal(by: self)
      }
    }
  }

  /// Stops until a signal continues or ends the process. The last to stop tells the parent.
  final func stop() {
    let isStopped = process.state.withLock { state in
      guard signals.isToStop, state.ending == nil else { return false }
      state.stopped(self)
      signals.isStopped = true
      return true
    }
    guard isStopped else { return }
    tellParent()
    // What ends the process ends this, too.
    try? process.continuations.wait(.kill) { process.state.withLock { _ in !signals.isStopped } }
  }

  /// Lets it go on. The process's `state` is locked.
  final func goOn() {
    signals.isStopped = false
    process.continuations.wakeAll()
  }

  /// Tells the parent of a stop, or of its end, that it has not been told of.
  final func tellParent() {
    let process = process
    process.tree.note(of: process) { process.state.withLock { $0.signals.stop.untold.take() } }
  }

  /// Leaves to the others what this task was to do about signals, because it ends.
  final func leaveSignals() {
    process.state.withLock { state in
      if signals.isToStop { state.stopped(self) }
      // It takes nothing any more.
      signals.blocked = .all
      state.retarget()
    }
    tellParent()
  }
}

extension Process.State {
  /// Counts a task that has stopped, or ends instead.
  mutating func stopped(_ task: Task) {
    task.signals.isToStop = false
    guard signals.stop.remaining > 0 else { return }
    signals.stop.remaining -= 1
    guard signals.stop.remaining == 0, !signals.stop.isComplete else { return }
    signals.stop.isComplete = true
    signals.stop.untold = .stopped(signals.stop.signal)
  }

  /// Makes a new task stop with the others, if they are about to.
  mutating func join(_ task: Task) {
    guard signals.stop.remaining > 0 else { return }
    task.signals.isToStop = true
    signals.stop.remaining += 1
    task.noteSignal(by: nil)
  }
}
