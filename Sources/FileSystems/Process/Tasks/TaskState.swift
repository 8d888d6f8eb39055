import Foundations
import LinuxABI
import Machine
import Processes
import Scheduler
import Scheduling
import SyntheticFiles
import Waiting

/// What a process or a task does, in the letters of proc(5), `/proc/pid/stat`, field 3.
enum TaskState: UInt8 {
  case running = 0x52
  case sleeping = 0x53
  case waiting = 0x44
  case stopped = 0x54
  case zombie = 0x5a
  case dead = 0x58

  /// As `/proc/pid/status` names it.
  var name: StaticString {
    switch self {
    case .running: "R (running)"
    case .sleeping: "S (sleeping)"
    case .waiting: "D (disk sleep)"
    case .stopped: "T (stopped)"
    case .zombie: "Z (zombie)"
    case .dead: "X (dead)"
    }
  }

  init(_ task: Task?, _ relations: ProcessRelations) {
    guard let task else {
      self = relations.life == .zombie ? .zombie : .dead
      return
    }
    // Without a thread it is at its very beginning or end.
    guard let interruption = task.thread?.waitInterruption else {
      self = .running
      return
    }
    self = task.isStopped ? .stopped : interruption == .nothing ? .waiting : .sleeping
  }
}

/// A process or task, looked at once for a file about it.
struct TaskView {
  let process: Process
  let relations: ProcessRelations
  /// The task; nil for a zombie.
  let task: Task?
  let memory: ProgramMemory?
  let state: TaskState
  /// What it has used: a process all its tasks, a task itself.
  let usage: ResourceUsage

  /// - Throws: `ESRCH`.
  init(_ subject: Subject) throws(Errno) {
    process = try subject.process()
    task = try subject.task()
    relations = process.tree.relations(of: process)
    memory = task?.resourcesForOthers.memory
    state = TaskState(task, relations)
    switch subject.scope {
    case .process: usage = process.usage
    case .task: usage = task?.usage ?? ResourceUsage()
    }
  }

  var name: TaskName { task?.name ?? process.name }
}

/// The names of tasks: `comm`.
enum TaskNames {
  static func write(_ subject: Subject, to text: inout TextBuffer) throws(Errno) {
    let name: TaskName
    if let task = try subject.task() { name = task.name } else { name = try subject.process().name }
    text.write(name.bytes)
    text.write("\n")
  }

  /// Names the task, for a task of the same process.
  ///
  /// - Throws: `EINVAL` for another's.
  static func set(_ subject: Subject, _ name: Span<UInt8>) throws(Errno) {
    let task = try subject.livingTask()
    if let caller = subject.system.caller(), caller.process !== task.process { throw .EINVAL }
    task.name = TaskName(name)
  }
}
