public import LinuxABI

/// How a process ended, as wait(2) encodes it.
public struct ExitStatus: Equatable, Sendable {
  /// The encoding.
  public let rawValue: Int32

  /// It exited with `code`, of which eight bits count.
  public init(code: Int32) { rawValue = (code & 0xff) << 8 }

  /// A signal ended it.
  public init(signal: Signal, isDumped: Bool) { rawValue = Int32(signal.rawValue) | (isDumped ? 0x80 : 0) }

  /// The signal that ended it.
  public var signal: Signal? { Signal(rawValue: UInt8(rawValue & 0x7f)) }
  /// The code that it exited with, if it did.
  public var code: Int32 { rawValue >> 8 & 0xff }
  /// Whether it left a memory image.
  public var isDumped: Bool { rawValue & 0x80 != 0 }
}

/// A stop, or going on after one.
public enum ChildChange: Equatable, Sendable {
  /// Stopped by a signal.
  case stopped(Signal)
  /// Went on.
  case continued
}

/// What a parent is told of a child. Source: wait(2), sigaction(2).
public struct ChildReport: Equatable, Sendable {
  /// What happened. Source: sigaction(2), `si_code` for `SIGCHLD`.
  public enum Kind: Int32, Sendable {
    /// `CLD_EXITED`.
    case exited = 1
    /// `CLD_KILLED`.
    case killed = 2
    /// `CLD_DUMPED`.
    case dumped = 3
    /// `CLD_STOPPED`.
    case stopped = 5
    /// `CLD_CONTINUED`.
    case continued = 6
  }

  /// What happened.
  public let kind: Kind
  /// The child's number.
  public let number: Int32
  /// The child's real user.
  public let user: UInt32
  /// The exit code, or the signal's number.
  public let detail: Int32
  /// What wait4(2) gives as the status.
  public let status: Int32
  /// What the child used, and its children that it waited for.
  public let usage: ResourceUsage

  init(_ child: ProcessNode, ended status: ExitStatus) {
    kind = status.signal == nil ? .exited : status.isDumped ? .dumped : .killed
    detail = status.signal.map { Int32($0.rawValue) } ?? status.code
    self.status = status.rawValue
    (number, user) = (child.identifier.number, child.realUser)
    usage = child.usage + child.childrenUsage
  }

  init(_ child: ProcessNode, _ change: ChildChange) {
    switch change {
    case .stopped(let signal):
      (kind, detail, status) = (.stopped, Int32(signal.rawValue), Int32(signal.rawValue) << 8 | 0x7f)
    case .continued:
      (kind, detail, status) = (.continued, Int32(Signal.SIGCONT.rawValue), 0xffff)
    }
    (number, user) = (child.identifier.number, child.realUser)
    usage = child.usage + child.childrenUsage
  }
}

/// What a process, or several, have used. Source: getrusage(2).
public struct ResourceUsage: Equatable, Sendable {
  /// Nanoseconds in programs' code.
  public var userNanoseconds: UInt64 = 0
  /// Nanoseconds in the kernel for it.
  public var systemNanoseconds: UInt64 = 0
  /// The most memory that it had at once, in bytes.
  public var largestResidentByteCount: UInt64 = 0
  /// Page faults that needed no input.
  public var minorFaults: UInt64 = 0
  /// Page faults that needed input.
  public var majorFaults: UInt64 = 0
  /// Input operations.
  public var inputBlocks: UInt64 = 0
  /// Output operations.
  public var outputBlocks: UInt64 = 0
  /// Switches because it waited.
  public var voluntarySwitches: UInt64 = 0
  /// Switches because its turn was over.
  public var involuntarySwitches: UInt64 = 0

  /// Nothing.
  public init() {}

  /// Both together; of memory the larger.
  public static func + (left: ResourceUsage, right: ResourceUsage) -> ResourceUsage {
    var sum = left
    sum.userNanoseconds &+= right.userNanoseconds
    sum.systemNanoseconds &+= right.systemNanoseconds
    sum.largestResidentByteCount = max(left.largestResidentByteCount, right.largestResidentByteCount)
    sum.minorFaults &+= right.minorFaults
    sum.majorFaults &+= right.majorFaults
    sum.inputBlocks &+= right.inputBlocks
    sum.outputBlocks &+= right.outputBlocks
    sum.voluntarySwitches &+= right.voluntarySwitches
    sum.involuntarySwitches &+= right.involuntarySwitches
    return sum
  }
}
