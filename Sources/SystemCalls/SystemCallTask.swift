public import Synchronization

/// A task, as far as system calls need one.
open class SystemCallTask {
  /// What is to be done with its calls besides serving them: bits of `SystemCallWork`.
  public final let callWork = Atomic<UInt32>(0)

  /// Creates a task whose calls are served and nothing else.
  public init() {}

  /// The number of its process, which all its threads share.
  open var processIdentifier: Int32 { fatalError("a task without a process") }
  /// Its own number.
  open var threadIdentifier: Int32 { fatalError("a task without a number") }
  /// The number of its process's parent, or 0.
  open var parentIdentifier: Int32 { fatalError("a task without a parent") }

  /// Takes a line of the trace of its calls, without a newline.
  ///
  /// - Context: the task's thread, which may wait.
  open func trace(_ line: Span<UInt8>) {}
}

/// What is done with a task's calls besides serving them.
public struct SystemCallWork: OptionSet, Sendable {
  /// The bits.
  public let rawValue: UInt32

  /// The work whose bits are set in `rawValue`.
  @inlinable
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Each call is written to the trace.
  @inlinable public static var trace: SystemCallWork { SystemCallWork(rawValue: 1) }
}
