public import Foundations
public import LinuxABI
public import Machine
import Scheduler
public import Signals
import Synchronization
import Waiting

/// What a task blocks, and what is done about its signals. All of it by the task itself.
extension Task {
  /// What it blocks.
  @inline(__always)
  public final var blockedSignals: SignalSet { signals.blocked }

  /// What is pending for it: sent to itself or to its process.
  public final var pendingSignals: SignalSet {
    process.state.withLock { signals.pending.set.union($0.signals.pending.set) }
  }

  /// Blocks `mask`, but for what cannot be blocked, and nothing else.
  @inline(__always)
  public final func setBlockedSignals(_ mask: SignalSet) {
    let new = mask.catchable
    guard new != signals.blocked else { return }
    process.state.withLock { state in
      let added = new.subtracting(signals.blocked)
      signals.blocked = new
      noteAgain(&state)
      // Another must take what was for this task as for any.
      if !added.isDisjoint(with: state.signals.pending.set) { state.retarget() }
    }
  }

  /// Finds out anew whether there is something to be done about signals. The process's `state` is locked.
  ///
  /// - Parameter state: not changed, but the compiler copies it whole to the stack when it is borrowed.
  @inline(__always)
  final func noteAgain(_ state: inout Process.State) {
    let deliverable = signals.pending.set.union(state.signals.pending.set).subtracting(signals.blocked)
    let isNeeded = !deliverable.isEmpty || signals.isToStop || state.signals.stop.untold != nil
    signalFlag.store(isNeeded, ordering: .relaxed)
    // The work may have been asked for without a signal: by a fault, or for a mask that is to be put right.
    _ = ThreadContext.withCurrent { thread in
      let isAsked = thread.work.load(ordering: .relaxed) & TaskWork.signals.rawValue != 0
      guard isNeeded != isAsked else { return }
      if isNeeded {
        thread.work.bitwiseOr(TaskWork.signals.rawValue, ordering: .relaxed)
      } else {
        thread.work.bitwiseAnd(~TaskWork.signals.rawValue, ordering: .relaxed)
      }
    }
  }

  /// Sets what is done about `signal`, and returns what was done before.
  ///
  /// - Throws: `EINVAL` for one that cannot be caught.
  @inline(__always)
  public final func exchangeDisposition(
    _ signal: Signal, _ disposition: SignalDisposition
  ) throws(Errno) -> SignalDisposition {
    let old = try withDispositions { table throws(Errno) in try table.set(signal, to: disposition) }
    if !disposition.isCaught { discardUncaught(signal, disposition) }
    return old
  }

  /// Sets what is done about `signal`: what the words of a structure say.
  ///
  /// - Throws: `EINVAL` for one that cannot be caught.
  @inline(__always)
  public final func setDisposition(_ signal: Signal, words: Span<UInt64>) throws(Errno) {
    try withDispositions { table throws(Errno) in try table.replace(signal, with: words) }
    let disposition = SignalDisposition(words: words)
    if !disposition.isCaught { discardUncaught(signal, disposition) }
  }

  /// Drops what is pending of `signal`, which has no handler, if it has no effect either. POSIX.1-2017 2.4.3: what comes to be
  /// ignored is not pending any more.
  @inline(never)
  private final func discardUncaught(_ signal: Signal, _ disposition: SignalDisposition) {
    guard disposition.discards(signal) else { return }
    let discarded = SignalSet(signal)
    process.state.withLock { state in
      state.signals.pending.remove(discarded)
      for index in 0..<state.tasks.count { state.tasks[index].signals.pending.remove(discarded) }
    }
  }

  // MARK: For the time of a call

  /// Runs `body`, the waiting part of a call, with `mask` blocked instead of what is blocked. Source: ppoll(2).
  ///
  /// When a signal interrupts it (`EINTR`), `mask` stays until that signal has been delivered.
  ///
  /// - Parameter mask: nil to change nothing.
  public final func withBlockedSignals<Value: ~Copyable>(
    _ mask: SignalSet?, _ body: () throws(Errno) -> Value
  ) throws(Errno) -> Value {
    guard let mask else { return try body() }
    let old = signals.blocked
    setBlockedSignals(mask)
    do throws(Errno) {
      let value = try body()
      setBlockedSignals(old)
      return value
    } catch {
      if error == .EINTR { restoreAfterCall(old) } else { setBlockedSignals(old) }
      throw error
    }
  }

  /// Waits with `mask` blocked until a signal has been handled. Source: sigsuspend(2).
  ///
  /// - Throws: `EINTR`, always.
  public final func suspend(blocking mask: SignalSet) throws(Errno) {
    try withBlockedSignals(mask) { () throws(Errno) in try pause() }
  }

  /// Waits until a signal has been handled. Source: pause(2).
  ///
  /// - Throws: `EINTR`, always.
  public final func pause() throws(Errno) {
    try process.signalEvents.wait { false }
  }

  private final func restoreAfterCall(_ mask: SignalSet) {
    handling.maskAfterCall = mask
    // Whatever interrupted the call, the mask is put right on the way out.
    askItself(.signals)
  }

  // MARK: Registers and stacks

  /// Where its program's stack is, in a call.
  ///
  /// - Context: the task itself.
  public final var stackPointer: UInt64 { withRegisters { $0.stackPointer } }

  /// Runs `body` with its program's registers.
  ///
  /// - Context: the task itself, in a call.
  public final func withRegisters<Value>(_ body: (borrowing UserContext) -> Value) -> Value {
    guard let registers = Thread.running?.userContext else { fatalError("a call of a task without a program") }
    return body(registers)
  }

  /// The stack for handlers, as its program is told of it.
  public final func alternateStack(stackPointer: UInt64) -> AlternateStack {
    handling.stack.described(stackPointer: stackPointer)
  }

  /// Sets the stack for handlers. Source: sigaltstack(2).
  ///
  /// - Throws: `EPERM` while it is in use, `EINVAL`, `ENOMEM` when it is too small.
  public final func setAlternateStack(_ stack: AlternateStack, stackPointer: UInt64) throws(Errno) {
    handling.stack = try handling.stack.replaced(by: stack, stackPointer: stackPointer)
  }
}
