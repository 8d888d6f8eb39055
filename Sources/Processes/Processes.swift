public import Foundations
import LinuxABI
import Machine
import Scheduler
import Security
import Signals

/// The machine's processes.
public enum Processes {
  private static let shared = BootCell<ProcessTree>()

  /// The tree of all processes; nil before `start`.
  public static var tree: ProcessTree? { shared.withValue { $0 } }

  /// Makes the tree.
  ///
  /// - Context: once, before the first process.
  public static func start(_ provider: ProgramProvider) {
    ProgramEnvironment.start(provider)
    shared.fill(ProcessTree())
  }

  /// Makes the first process with its task, and starts it.
  ///
  /// - Parameters:
  ///   - beginning: what it does first: executing a program.
  ///   - makeTask: makes a task of the class that serves calls.
  /// - Throws: `ENOMEM`.
  public static func startFirst(
    _ resources: TaskResources, _ beginning: TaskBeginning,
    makeTask: (Process, ProcessIdentifier, TaskResources) throws(Errno) -> Task
  ) throws(Errno) -> Task {
    guard let tree else { throw .EINVAL }
    let identifier = try tree.makeIdentifier()
    let user = resources.credentials.users.real
    try UserAccounts.charge(user, limit: .max)
    let account = UserAccounts.signals(of: user) ?? SignalAccount()
    let process = try Process(identifier, in: tree, exitSignal: .SIGCHLD, account: account)
    let task = try makeTask(process, identifier, resources)
    let thread = try Thread(task, hasProgram: true)
    task.setThread(thread)
    task.beginning = beginning
    try process.add(task)
    tree.addFirst(process)
    tree.add(task)
    thread.start()
    return task
  }
}
