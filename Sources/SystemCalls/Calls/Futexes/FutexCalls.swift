import Foundations
import Futexes
import LinuxABI
import Machine
import Processes
import Scheduling
import Synchronization
import Time
import VirtualMemory
import Waiting

/// futex(2).
extension SystemCallContext {
  /// futex(2)
  ///
  /// What the arguments behind the value mean depends on the operation.
  func futex(
    _ word: UserPointer<UInt32>, _ operation: FutexOperation, _ value: UInt32, _ timeout: UInt64,
    _ word2: UserPointer<UInt32>, _ value3: UInt32
  ) throws(Errno) -> Int {
    guard let command = operation.futexCommand else { throw .ENOSYS }
    let sharing: FutexWord.Sharing = operation.contains(.FUTEX_PRIVATE_FLAG) ? .private : .shared
    if operation.contains(.FUTEX_CLOCK_REALTIME) {
      switch command {
      case .FUTEX_WAIT_BITSET, .FUTEX_WAIT_REQUEUE_PI, .FUTEX_LOCK_PI2: break
      default: throw .ENOSYS
      }
    }
    switch command {
    case .FUTEX_WAKE: return try wake(word, sharing, value, mask: .max)
    case .FUTEX_WAIT:
      // With a length it goes on for what is left of it, as its entry says.
      let deadline = try relativeDeadline(timeout)
      return try restarted(deadline == nil ? .afterSignal : .remainingTime) { () throws(Errno) in
        try wait(word, sharing, value, mask: .max, deadline)
      }
    case .FUTEX_WAIT_BITSET:
      let deadline = try absoluteDeadline(timeout, operation)
      return try restarted(deadline == nil ? .afterSignal : .unlessHandled) { () throws(Errno) in
        try wait(word, sharing, value, mask: value3, deadline)
      }
    case .FUTEX_WAKE_BITSET: return try wake(word, sharing, value, mask: value3)
    case .FUTEX_REQUEUE: return try requeue(word, sharing, value, timeout, word2, while: nil)
    case .FUTEX_CMP_REQUEUE: return try requeue(word, sharing, value, timeout, word2, while: value3)
    case .FUTEX_WAKE_OP: return try wakeOperation(word, sharing, value, timeout, word2, value3)
    case .FUTEX_LOCK_PI: return try lock(word, sharing, try absoluteDeadline(timeout, .FUTEX_CLOCK_REALTIME))
    case .FUTEX_LOCK_PI2: return try lock(word, sharing, try absoluteDeadline(timeout, operation))
    case .FUTEX_TRYLOCK_PI:
      try withTable { table throws(Errno) in
        try table.lock(try futexWord(word, sharing), for: task.futexes, .tryOnly, among: directory)
      }
      return 0
    case .FUTEX_UNLOCK_PI:
      try withTable { table throws(Errno) in try table.unlock(try futexWord(word, sharing), of: task.futexes) }
      return 0
    case .FUTEX_WAIT_REQUEUE_PI:
      return try waitForOwned(word, sharing, value, word2, try absoluteDeadline(timeout, operation))
    case .FUTEX_CMP_REQUEUE_PI: return try requeueToOwned(word, sharing, value, timeout, word2, while: value3)
    case .FUTEX_FD: throw .ENOSYS
    }
  }

  // MARK: Arguments

  /// Runs `body` with the machine's futexes.
  @inline(__always)
  func withTable<Value>(_ body: (borrowing FutexTable) throws(Errno) -> Value) throws(Errno) -> Value {
    try Futexes.withTable(body)
  }

  /// The futex of a word in the caller's memory.
  @inline(__always)
  func futexWord(_ word: UserPointer<UInt32>, _ sharing: FutexWord.Sharing) throws(Errno) -> FutexWord {
    guard let memory = task.memory else { throw .EFAULT }
    return try FutexWord(word.address, in: memory.space, sharing)
  }

  private var directory: TaskFutexDirectory { TaskFutexDirectory(task.process.tree) }

  /// When a wait ends that is given a length; nil for none.
  private func relativeDeadline(_ address: UInt64) throws(Errno) -> ClockDeadline? {
    guard address != 0 else { return nil }
    let duration = try UserPointer<Timespec>(address).load().total()
    return ClockDeadline(.monotonic, task.deadline(after: duration))
  }

  /// When a wait ends that is given a time; nil for none.
  private func absoluteDeadline(_ address: UInt64, _ operation: FutexOperation) throws(Errno) -> ClockDeadline? {
    guard address != 0 else { return nil }
    let time = try UserPointer<Timespec>(address).load().total()
    return ClockDeadline(operation.contains(.FUTEX_CLOCK_REALTIME) ? .realTime : .monotonic, time)
  }

  /// A number of threads, which is an int.
  private func count(_ value: UInt64) throws(Errno) -> Int {
    let count = Int32(truncatingIfNeeded: value)
    guard count >= 0 else { throw .EINVAL }
    return Int(count)
  }

  // MARK: Restarts

  /// Runs `body`, after whose interruption the call is made again as `way` says and not as its entry does.
  func restarted<Value>(_ way: SystemCallRestart, _ body: () throws(Errno) -> Value) throws(Errno) -> Value {
    do throws(Errno) {
      return try body()
    } catch {
      if error == .EINTR { task.setRestart(way) }
      throw error
    }
  }

  /// Runs `body`, after whose interruption the call is made again in any case.
  private func restartedAlways(_ body: () throws(Errno) -> Void) throws(Errno) {
    do throws(Errno) {
      try body()
    } catch {
      if error == .EINTR { task.setRestartAlways() }
      throw error
    }
  }

  // MARK: Operations

  private func wait(
    _ word: UserPointer<UInt32>, _ sharing: FutexWord.Sharing, _ expected: UInt32, mask: UInt32,
    _ deadline: ClockDeadline?
  ) throws(Errno) -> Int {
    try withTable { table throws(Errno) in
      try table.wait(task.futexes, at: try futexWord(word, sharing), while: expected, mask: mask, until: deadline)
    }
    return 0
  }

  private func wake(
    _ word: UserPointer<UInt32>, _ sharing: FutexWord.Sharing, _ limit: UInt32, mask: UInt32
  ) throws(Errno) -> Int {
    guard mask != 0 else { throw .EINVAL }
    return try withTable { table throws(Errno) in
      // Linux counts after it has woken one.
      try table.wake(try futexWord(word, sharing), mask: mask, limit: max(1, Int(Int32(bitPattern: limit))))
    }
  }

  private func requeue(
    _ word: UserPointer<UInt32>, _ sharing: FutexWord.Sharing, _ wakeLimit: UInt32, _ moveLimit: UInt64,
    _ word2: UserPointer<UInt32>, while expected: UInt32?
  ) throws(Errno) -> Int {
    let (wakeLimit, moveLimit) = (try count(UInt64(wakeLimit)), try count(moveLimit))
    return try withTable { table throws(Errno) in
      let (woken, moved) = try table.requeue(
        try futexWord(word, sharing), to: try futexWord(word2, sharing), wakeLimit: wakeLimit, moveLimit: moveLimit,
        while: expected)
      return woken + moved
    }
  }

  private func wakeOperation(
    _ word: UserPointer<UInt32>, _ sharing: FutexWord.Sharing, _ limit: UInt32, _ otherLimit: UInt64,
    _ word2: UserPointer<UInt32>, _ encoded: UInt32
  ) throws(Errno) -> Int {
    let operation = try FutexWordOperation(encoded)
    return try withTable { table throws(Errno) in
      try table.wake(
        try futexWord(word, sharing), limit: max(1, Int(Int32(bitPattern: limit))),
        changing: try futexWord(word2, sharing), by: operation,
        otherLimit: max(1, Int(Int32(truncatingIfNeeded: otherLimit))))
    }
  }

  private func lock(
    _ word: UserPointer<UInt32>, _ sharing: FutexWord.Sharing, _ deadline: ClockDeadline?
  ) throws(Errno) -> Int {
    // The C library does not expect that a lock is not taken because of a signal.
    try restartedAlways { () throws(Errno) in
      try withTable { table throws(Errno) in
        try table.lock(try futexWord(word, sharing), for: task.futexes, .wait(deadline), among: directory)
      }
    }
    return 0
  }

  private func waitForOwned(
    _ word: UserPointer<UInt32>, _ sharing: FutexWord.Sharing, _ expected: UInt32, _ word2: UserPointer<UInt32>,
    _ deadline: ClockDeadline?
  ) throws(Errno) -> Int {
    try restartedAlways { () throws(Errno) in
      try withTable { table throws(Errno) in
        try table.wait(
          task.futexes, at: try futexWord(word, sharing), while: expected, thenFor: try futexWord(word2, sharing),
          until: deadline)
      }
    }
    return 0
  }

  private func requeueToOwned(
    _ word: UserPointer<UInt32>, _ sharing: FutexWord.Sharing, _ wakeLimit: UInt32, _ moveLimit: UInt64,
    _ word2: UserPointer<UInt32>, while expected: UInt32
  ) throws(Errno) -> Int {
    // Only one can have the lock. Source: futex(2), FUTEX_CMP_REQUEUE_PI.
    guard wakeLimit == 1 else { throw .EINVAL }
    let moveLimit = try count(moveLimit)
    return try withTable { table throws(Errno) in
      try table.requeue(
        task.futexes, try futexWord(word, sharing), while: expected, toOwned: try futexWord(word2, sharing),
        moveLimit: moveLimit, among: directory)
    }
  }
}
