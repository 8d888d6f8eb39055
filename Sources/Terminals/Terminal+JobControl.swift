import Foundations
import LinuxABI
import Machine

extension Terminal {
  /// Lets only the foreground do what `signal` stops in the background. POSIX.1-2017, 11.1.4.
  ///
  /// - Throws: `EINTR` after the signal was sent to the caller's group, `EIO` where it would stop a group that nobody can continue, and
  ///   for SIGTTIN where it would do nothing.
  func checkForeground(_ signal: Signal) throws(Errno) {
    let caller = jobControl.caller
    guard caller.terminal === self else { return }
    let foreground = foregroundGroup
    guard foreground != 0, foreground != caller.group else { return }
    if jobControl.ignoresOrBlocks(signal) {
      guard signal == .SIGTTIN else { return }
      throw .EIO
    }
    guard !jobControl.isCallerOrphaned else { throw .EIO }
    jobControl.signal(signal, group: caller.group, session: caller.session)
    throw .EINTR
  }

  /// Becomes the controlling terminal of the caller's session, if the caller leads one without and this has none.
  func becomeControlling() {
    let caller = jobControl.caller
    guard caller.isSessionLeader, caller.terminal == nil, claim(for: caller, from: 0) else { return }
    jobControl.setControllingTerminal(self)
  }

  private func claim(for caller: TerminalCaller, from session: Int32) -> Bool {
    state.withLock { state in
      guard state.session == session else { return false }
      (state.session, state.foreground) = (caller.session, caller.group)
      return true
    }
  }

  // MARK: Requests

  /// TIOCSCTTY.
  func setControlling(steals: Bool, canRead: Bool) throws(Errno) {
    let caller = jobControl.caller
    let owner = session
    if caller.isSessionLeader && caller.session == owner { return }
    guard caller.isSessionLeader, caller.terminal == nil else { throw .EPERM }
    let isPrivileged = jobControl.isCallerPrivileged
    if owner != 0 {
      guard steals, isPrivileged else { throw .EPERM }
    }
    guard canRead || isPrivileged else { throw .EPERM }
    if owner != 0 { jobControl.dropControllingTerminal(self, session: owner) }
    guard claim(for: caller, from: owner) else { throw .EPERM }
    jobControl.setControllingTerminal(self)
  }

  /// TIOCNOTTY: a leader gives the terminal up for its session.
  func giveUp() throws(Errno) {
    let caller = jobControl.caller
    guard caller.terminal === self else { throw .ENOTTY }
    if caller.isSessionLeader { endSession(caller.session, isExit: false) } else { jobControl.leave(self) }
  }

  /// Ends the control over `session`, whose leader gives the terminal up or ends.
  ///
  /// The leader's end hangs a real terminal up; otherwise the foreground gets SIGHUP, and SIGCONT unless the leader ends.
  ///
  /// - Context: a thread, without locks.
  public func endSession(_ session: Int32, isExit: Bool) {
    let (owner, foreground) = state.withLock { ($0.session, $0.foreground) }
    guard owner == session, session != 0 else { return }
    if isExit && !isPseudo {
      hangUp()
      if foreground != 0 { jobControl.signal(.SIGHUP, group: foreground, session: session) }
      return
    }
    if foreground != 0 {
      jobControl.signal(.SIGHUP, group: foreground, session: session)
      if !isExit { jobControl.signal(.SIGCONT, group: foreground, session: session) }
    }
    state.withLock { state in
      guard state.session == session else { return }
      (state.session, state.foreground) = (0, 0)
    }
    jobControl.dropControllingTerminal(self, session: session)
  }

  /// TIOCSPGRP.
  func setForeground(_ group: Int32) throws(Errno) {
    guard group >= 0 else { throw .EINVAL }
    let caller = jobControl.caller
    guard caller.terminal === self, session == caller.session else { throw .ENOTTY }
    guard let owner = jobControl.session(ofGroup: group) else { throw .ESRCH }
    guard owner == caller.session else { throw .EPERM }
    try state.withLock { state throws(Errno) in
      guard state.session == caller.session else { throw .ENOTTY }
      state.foreground = group
    }
  }
}
