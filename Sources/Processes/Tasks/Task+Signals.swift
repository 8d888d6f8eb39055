public import LinuxABI
import Machine

/// Signals of a task.
extension Task {
  /// Whether a signal is there that its program is to be told of.
  var hasDeliverableSignal: Bool { false }

  /// Sends a signal to itself that something it did causes, such as SIGPIPE for a write to a pipe that nobody reads.
  ///
  /// - Context: the task itself.
  public final func raise(_ signal: Signal) {}

  /// Delivers what signals there are.
  func deliverSignals(_ registers: borrowing UserContext) {}
}

extension Task {
  /// Gives a new task what it has of this one's signals. Source: clone(2), fork(2).
  func prepareSignals(of child: Task, _ flags: CloneFlags) {}

  /// Makes signals what a new program begins with: handlers go. Source: execve(2).
  func resetSignalsForExecution() {}
}
