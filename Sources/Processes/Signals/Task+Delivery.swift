import Foundations
import LinuxABI
import Machine
import Signals

/// Delivering signals: what is done before a task's program goes on.
extension Task {
  /// What is to be done about a signal, or about a stop.
  private enum Delivery {
    /// Nothing is left.
    case nothing
    /// The task is on its way out.
    case ending
    /// The parent is to be told of a stop.
    case telling
    /// A signal that stops was taken.
    case stop(Signal)
    /// The task stops, which others or itself have begun.
    case stopping
    /// A handler is called; `mask` is blocked again when it returns.
    case handler(SignalInformation, SignalDisposition, mask: SignalSet)
  }

  /// Delivers what signals there are, up to the first that has a handler.
  ///
  /// - Context: the task itself, on the way to its program, without locks.
  final func deliverSignals(_ registers: borrowing UserContext) {
    if let fault = handling.newFault {
      handling.newFault = nil
      if deliver(fault, registers) { return }
    }
    while true {
      switch takeDelivery() {
      case .nothing: return goOnWithoutHandler(registers)
      case .ending: return
      case .telling: tellParent()
      case .stop(let signal):
        // Nobody would let it go on. Only the signal that cannot be caught stops it all the same.
        if signal == .SIGSTOP || !process.tree.isInOrphanedGroup(process) { beginStop(signal) }
      case .stopping: stop()
      case .handler(let information, let disposition, let mask):
        return call(information, disposition, mask: mask, registers)
      }
    }
  }

  @inline(__always)
  private final func takeDelivery() -> Delivery {
    process.state.withLock { state in
      if state.ending != nil || isEnding { return .ending }
      if state.signals.stop.untold != nil { return .telling }
      if signals.isToStop { return .stopping }
      while let (signal, information) = signals.pending.take(blocked: signals.blocked)
        ?? state.signals.pending.take(blocked: signals.blocked)
      {
        let disposition = dispositions.take(signal)
        if disposition.isIgnored { continue }
        if disposition.isCaught {
          var information = information
          process.timers.signalIsTaken(&information)
          return .handler(information, disposition, mask: block(for: signal, disposition, &state))
        }
        switch signal.defaultAction {
        case .ignore, .continue: continue
        case .stop:
          if process.isFirst { continue }
          signals.hasTakenStop = true
          return .stop(signal)
        case .terminate, .dump:
          // The first process gets no signals that it has no use for.
          if process.isFirst { continue }
          state.end(ExitStatus(signal: signal, isDumped: false))
          return .ending
        }
      }
      noteAgain(&state)
      return .nothing
    }
  }

  /// Blocks what is blocked while a handler runs.
  ///
  /// - Returns: what is blocked again afterwards.
  @inline(__always)
  final func block(
    for signal: Signal, _ disposition: SignalDisposition, _ state: inout Process.State
  ) -> SignalSet {
    let before = handling.maskAfterCall ?? signals.blocked
    handling.maskAfterCall = nil
    var blocked = signals.blocked.union(disposition.mask)
    if !disposition.flags.contains(.SA_NODEFER) { blocked.insert(SignalSet(signal)) }
    signals.blocked = blocked
    noteAgain(&state)
    return before
  }

  /// Makes the program go on in a handler; one that there is no stack for cannot go on at all.
  @inline(never)
  final func call(
    _ information: SignalInformation, _ disposition: SignalDisposition, mask: SignalSet,
    _ registers: borrowing UserContext
  ) {
    finishCall(registers, disposition)
    do throws(Errno) {
      try interruptSequence(registers)
      try SignalFrame.build(
        information, disposition, mask: mask, stack: &handling.stack, fault: handling.lastFault, registers)
    } catch {
      setBlockedSignals(mask)
      // A handler for SIGSEGV that cannot be called would not be called the next time either.
      if information.signal == .SIGSEGV { dispositions.reset(.SIGSEGV) }
      force(.kernel(.SIGSEGV))
    }
  }

  @inline(never)
  private final func goOnWithoutHandler(_ registers: borrowing UserContext) {
    repeatCall(registers)
    if let mask = handling.maskAfterCall {
      handling.maskAfterCall = nil
      setBlockedSignals(mask)
    }
  }

  // MARK: Coming back

  /// Makes the program go on where a handler interrupted it. Source: sigreturn(2).
  ///
  /// - Context: the task itself, in its call.
  public final func returnFromHandler(_ registers: borrowing UserContext) {
    handling.waitEnd.interrupted = nil
    do throws(Errno) {
      let restored = try SignalFrame.restore(stack: handling.stack, registers)
      handling.stack = restored.stack
      setBlockedSignals(restored.mask)
    } catch {
      // As on Linux: the mask may have been changed by the frame, but nothing else of it counts.
      registers.forgetSystemCall()
      force(.kernel(.SIGSEGV))
    }
  }
}
