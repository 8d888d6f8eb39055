public import Foundations
public import Machine
public import Processes

/// A task whose calls are served here.
public final class ProgramTask: Task {
  public override func makeTask(
    _ process: Process, _ identifier: ProcessIdentifier, _ resources: TaskResources
  ) throws(Errno) -> Task { ProgramTask(process, identifier, resources) }

  public override func systemCall(_ number: UInt32, _ registers: borrowing UserContext) -> Int64 {
    SystemCallDispatch.serve(number, registers, SystemCallContext(self))
  }

  public override func trace(_ line: Span<UInt8>) { TraceOutput.write(self, line) }
}

/// Where the lines of traces go.
open class TraceReceiver {
  /// Creates a receiver that drops them.
  public init() {}

  /// Takes a line, without a newline.
  ///
  /// - Context: the thread of `task`; may wait.
  open func receive(_ task: Task, _ line: Span<UInt8>) {}
}

/// The receiver in force.
public enum TraceOutput {
  private static let receiver = BootCell<TraceReceiver>()

  /// Sets it, once.
  public static func start(_ new: TraceReceiver) { receiver.fill(new) }

  static func write(_ task: Task, _ line: Span<UInt8>) { receiver.withValue { $0.receive(task, line) } }
}
