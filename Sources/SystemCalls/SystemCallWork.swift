/// What is done with a task's calls besides serving them: bits of `Task.callWork`.
public struct SystemCallWork: OptionSet, Sendable {
  /// The bits.
  public let rawValue: UInt32

  /// The work whose bits are set in `rawValue`.
  @inlinable
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Each call is written to the trace.
  @inlinable public static var trace: SystemCallWork { SystemCallWork(rawValue: 1) }
  /// A filter decides which are served.
  @inlinable public static var filter: SystemCallWork { SystemCallWork(rawValue: 2) }
  /// Only a few are served.
  @inlinable public static var strict: SystemCallWork { SystemCallWork(rawValue: 4) }
}
