public import Processes

/// What a system call works on: the task that makes it, and its registers.
///
/// Each family of calls is an extension of this type, in a file of `Calls`. A method has the name that the call's entry in
/// `Specs/syscalls.json` gives, takes the decoded arguments in the order of the entry, and throws `Errno`; the generated
/// `Dispatch.swift` calls it on the thread of the task, with interrupts on, and it may wait.
public struct SystemCallContext {
  /// The task.
  public let task: Task

  /// The context of calls that `task` makes.
  @inline(__always)
  public init(_ task: Task) { self.task = task }
}
