import Foundations
import LinuxABI
import Machine
import Processes
import Signals
import VFS

/// What is done about the caller's signals.
extension SystemCallContext {
  /// Bytes of a set of signals, which every call is told.
  private static let setByteCount: UInt64 = 8

  private func check(setSize: UInt64) throws(Errno) {
    guard setSize == Self.setByteCount else { throw .EINVAL }
  }

  private func signal(_ number: Int32) throws(Errno) -> Signal {
    // Both ends at once; a signal is of eight bits.
    guard UInt32(bitPattern: number &- 1) < UInt32(Signal.last),
      let signal = Signal(rawValue: UInt8(truncatingIfNeeded: number))
    else { throw .EINVAL }
    return signal
  }

  /// sigaction(2)
  @inline(__always)
  func rtSigaction(
    _ number: Int32, _ action: UserPointer<KernelSigaction>, _ oldAction: UserPointer<KernelSigaction>,
    _ setSize: UInt64
  ) throws(Errno) {
    try check(setSize: setSize)
    guard !action.isNull, oldAction.isNull else { return try tellAction(number, action, oldAction) }
    try action.withWords { words throws(Errno) in try task.setDisposition(try signal(number), words: words) }
  }

  /// The same where somebody wants to know what was done before, or nothing changes.
  @inline(never)
  private func tellAction(
    _ number: Int32, _ action: UserPointer<KernelSigaction>, _ oldAction: UserPointer<KernelSigaction>
  ) throws(Errno) {
    let old: SignalDisposition
    if action.isNull {
      old = task.dispositions[try signal(number)]
    } else {
      let new = try action.load()
      old = try task.exchangeDisposition(try signal(number), new)
    }
    if !oldAction.isNull { try oldAction.store(old) }
  }

  /// sigprocmask(2)
  func rtSigprocmask(
    _ how: Int64, _ set: UserPointer<UInt64>, _ oldSet: UserPointer<UInt64>, _ setSize: UInt64
  ) throws(Errno) {
    try check(setSize: setSize)
    let old = task.blockedSignals
    // Without a set nobody looks at how it would be used.
    if !set.isNull {
      let given = SignalSet(rawValue: try set.load())
      switch SignalMaskOperation(rawValue: how) {
      case .SIG_BLOCK: task.setBlockedSignals(old.union(given))
      case .SIG_UNBLOCK: task.setBlockedSignals(old.subtracting(given))
      case .SIG_SETMASK: task.setBlockedSignals(given)
      case nil: throw .EINVAL
      }
    }
    if !oldSet.isNull { try oldSet.store(old.rawValue) }
  }

  /// sigreturn(2)
  func rtSigreturn(_ registers: borrowing UserContext) throws(Errno) { task.returnFromHandler(registers) }

  /// sigpending(2)
  func rtSigpending(_ set: UserPointer<UInt64>, _ setSize: UInt64) throws(Errno) {
    // Smaller sets were allowed before there were real-time signals, and still are.
    guard setSize <= Self.setByteCount else { throw .EINVAL }
    let pending = task.pendingSignals.intersection(task.blockedSignals).rawValue
    guard setSize < Self.setByteCount else { return try set.store(pending) }
    let bytes = UserPointer<UInt8>(set.address)
    for index in 0..<Int(setSize) {
      try bytes.store(UInt8(truncatingIfNeeded: pending >> UInt64(index * 8)), at: index)
    }
  }

  /// sigaltstack(2)
  func sigaltstack(_ stack: UserPointer<Stack>, _ oldStack: UserPointer<Stack>) throws(Errno) {
    let stackPointer = task.stackPointer
    let old = task.alternateStack(stackPointer: stackPointer)
    if !stack.isNull { try task.setAlternateStack(try stack.load(), stackPointer: stackPointer) }
    if !oldStack.isNull { try oldStack.store(old) }
  }

  // MARK: Waiting

  /// pause(2)
  func pause(_ registers: borrowing UserContext) throws(Errno) { try task.pause() }

  /// sigsuspend(2)
  func rtSigsuspend(
    _ set: UserPointer<UInt64>, _ setSize: UInt64, _ registers: borrowing UserContext
  ) throws(Errno) {
    try check(setSize: setSize)
    try task.suspend(blocking: SignalSet(rawValue: try set.load()))
  }

  /// sigtimedwait(2)
  func rtSigtimedwait(
    _ set: UserPointer<UInt64>, _ information: UserPointer<Siginfo>, _ timeout: UserPointer<Timespec>,
    _ setSize: UInt64
  ) throws(Errno) -> Int32 {
    try check(setSize: setSize)
    let wanted = SignalSet(rawValue: try set.load())
    var deadline: UInt64?
    if !timeout.isNull { deadline = task.deadline(after: try timeout.load().total()) }
    let taken = try task.waitForSignal(wanted, deadline: deadline)
    if !information.isNull { try taken.store(information) }
    return taken.number
  }

  /// restart_syscall(2)
  func restartSyscall() throws(Errno) -> Int {
    guard let number = task.beginRestart() else { throw .EINTR }
    defer { task.endRestart() }
    return task.withRegisters { registers in Int(SystemCallDispatch.callAgain(number, self, registers)) }
  }

  /// signalfd(2)
  func signalfd(_ descriptor: Int32, _ mask: UserPointer<UInt64>, _ maskSize: UInt64) throws(Errno) -> Int32 {
    try signalfd4(descriptor, mask, maskSize, [])
  }

  /// signalfd4(2)
  func signalfd4(
    _ descriptor: Int32, _ mask: UserPointer<UInt64>, _ maskSize: UInt64, _ flags: DescriptorFlags
  ) throws(Errno) -> Int32 {
    try check(setSize: maskSize)
    let wanted = SignalSet(rawValue: try mask.load())
    guard descriptor == -1 else {
      guard let file = try task.files.file(Descriptor(rawValue: descriptor)) as? SignalDescriptor else { throw .EINVAL }
      file.signals = wanted
      return descriptor
    }
    let file = try SignalDescriptors.make(task.credentials, wanted, OpenFlags(rawValue: flags.rawValue))
    return try task.files.add(
      file, limit: task.process.limit(.RLIMIT_NOFILE), closesOnExecution: flags.contains(.O_CLOEXEC)
    ).rawValue
  }
}
