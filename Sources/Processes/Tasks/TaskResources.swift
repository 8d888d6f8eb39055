import Machine
public import Security
public import VFS

/// What a task has, each of which it may share with others by a flag of clone(2).
public struct TaskResources {
  /// The program's memory; nil for a task of the kernel, and at its end.
  public var memory: ProgramMemory?
  /// Open files.
  public var files: DescriptorTable
  /// Root, working directory, mask.
  public var context: FileSystemContext
  /// The tree of mounts.
  public var namespace: MountNamespace
  /// As whom it acts.
  public var credentials: Credentials

  /// Resources of a task without a program.
  public init(
    files: DescriptorTable, context: FileSystemContext, namespace: MountNamespace, credentials: Credentials
  ) {
    (self.files, self.context, self.namespace, self.credentials) = (files, context, namespace, credentials)
  }
}

/// What is to be done before a task's program goes on: bits of `ThreadContext.work`.
public struct TaskWork: OptionSet, Sendable {
  /// The bits.
  public let rawValue: UInt32
  /// The work whose bits are set in `rawValue`.
  @inlinable
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// A signal may have to be delivered, or the task stopped.
  @inlinable public static var signals: TaskWork { TaskWork(rawValue: 1) }
  /// The task ends.
  @inlinable public static var ending: TaskWork { TaskWork(rawValue: 2) }
  /// The program is to be told which CPU it is on.
  @inlinable public static var sequence: TaskWork { TaskWork(rawValue: 4) }
  /// The program is not to go on while the machine is suspended.
  @inlinable public static var freezing: TaskWork { TaskWork(rawValue: 8) }
}
