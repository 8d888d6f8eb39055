public import LinuxABI

/// What terminals ask about processes, sessions and groups, and tell them. Processes provides it.
///
/// Groups and sessions are named by their numbers; 0 is none. A group's number goes with that of its session, because it may have
/// become another's: what is sent to a group that is not of that session goes nowhere.
open class TerminalJobControl {
  /// Creates the means.
  public init() {}

  /// The process that runs. Without processes, one without a controlling terminal.
  open var caller: TerminalCaller { TerminalCaller(session: 0, group: 0, isSessionLeader: false, terminal: nil) }

  /// Whether the thread that runs blocks `signal`, or its process ignores it.
  open func ignoresOrBlocks(_ signal: Signal) -> Bool { false }

  /// Whether the process that runs is of an orphaned group: none of it has a parent in another group of the session.
  open var isCallerOrphaned: Bool { false }

  /// Whether the process that runs may do what CAP_SYS_ADMIN allows.
  open var isCallerPrivileged: Bool { false }

  /// Sends `signal` to every process of a group.
  ///
  /// - Context: any, interrupts may be off; called without locks of terminals.
  open func signal(_ signal: Signal, group: Int32, session: Int32) {}

  /// The session of `group`, or nil when there is no such group.
  open func session(ofGroup group: Int32) -> Int32? { nil }

  /// Makes `terminal` the controlling terminal of the process that runs, the leader of its session.
  open func setControllingTerminal(_ terminal: Terminal) {}

  /// Takes `terminal` from the process that runs, which does not lead its session.
  open func leave(_ terminal: Terminal) {}

  /// Takes `terminal` from every process of `session`.
  open func dropControllingTerminal(_ terminal: Terminal, session: Int32) {}

  /// Takes `terminal` from every process of `session`, after a hang-up, and sends SIGHUP and SIGCONT to the leader.
  ///
  /// - Parameter foreground: the group that was in the foreground: the leader's end tells it of the hang-up.
  open func hangUp(_ terminal: Terminal, session: Int32, foreground: Int32) {}

  /// The monotonic clock, in nanoseconds, for the times of VTIME.
  open var nanoseconds: UInt64 { 0 }
}

/// The process that runs, as terminals see it.
public struct TerminalCaller {
  /// Its session.
  public var session: Int32
  /// Its group.
  public var group: Int32
  /// Whether it leads its session.
  public var isSessionLeader: Bool
  /// Its controlling terminal.
  public var terminal: Terminal?

  /// Describes a process.
  public init(session: Int32, group: Int32, isSessionLeader: Bool, terminal: Terminal?) {
    (self.session, self.group, self.isSessionLeader, self.terminal) = (session, group, isSessionLeader, terminal)
  }
}
