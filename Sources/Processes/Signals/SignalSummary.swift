import LinuxABI
import Machine
public import Signals

/// How it stands with the signals of a task, for others to look at. Source: proc(5), `/proc/[pid]/status`.
public struct SignalSummary: Sendable {
  /// How many are queued for its user, and how many may be (`SigQ`).
  public let queued: (count: Int, limit: UInt64)
  /// What is pending for the task alone (`SigPnd`).
  public let pending: SignalSet
  /// What is pending for its process (`ShdPnd`).
  public let processPending: SignalSet
  /// What the task blocks (`SigBlk`).
  public let blocked: SignalSet
  /// What the process ignores (`SigIgn`).
  public let ignored: SignalSet
  /// What the process catches (`SigCgt`).
  public let caught: SignalSet
}

extension Task {
  /// How it stands with its signals.
  ///
  /// - Context: any thread, without locks but the tree's.
  public final var signalSummary: SignalSummary {
    process.state.withLock { state in
      let dispositions = state.signals.dispositions
      return SignalSummary(
        queued: (state.signals.account.count, state.limits[.RLIMIT_SIGPENDING].current),
        pending: signals.pending.set, processPending: state.signals.pending.set, blocked: signals.blocked,
        ignored: dispositions.ignored, caught: dispositions.caught)
    }
  }

  /// Whether it is stopped.
  public final var isStopped: Bool { process.state.withLock { _ in signals.isStopped } }
}
