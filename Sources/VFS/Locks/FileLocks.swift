import Foundations
import Machine
import Waiting

/// The advisory locks upon a file, from the first that there was on.
final class FileLocks {
  private struct State: ~Copyable {
    var records = RecordLocks()
    var wholes = GrowableArray<WholeLock>()
  }

  private struct WholeLock {
    let owner: LockOwner
    let kind: RecordLock.Kind
  }

  private let state = SpinLock(State())
  private let queue = WaitQueue()

  // MARK: Records

  /// The lock that keeps somebody from having `wanted`.
  func conflict(with wanted: RecordLock) -> RecordLock? { state.withLock { $0.records.conflict(with: wanted) } }

  /// Takes `lock` if nothing is in its way.
  ///
  /// - Returns: what is in its way.
  /// - Throws: `ENOLCK`.
  func take(_ lock: RecordLock) throws(Errno) -> RecordLock? {
    let blocker: RecordLock? = try state.withLock { state throws(Errno) in
      if let blocker = state.records.conflict(with: lock) { return blocker }
      try state.records.set(lock)
      return nil
    }
    // A lock that was exclusive may be shared now.
    if blocker == nil && lock.kind == .shared { queue.wakeAll() }
    return blocker
  }

  /// Waits until `blocker` is not in the way of `lock` any more; something else may be.
  ///
  /// - Throws: `EINTR`; `EDEADLK` when its owner waits for the owner of `lock`.
  func wait(for lock: RecordLock, blockedBy blocker: RecordLock) throws(Errno) {
    // Open files wait for nothing: who shares one is not known.
    let isOfProcess = lock.process >= 0
    if isOfProcess { try LockWaits.begin(lock.owner, for: blocker.owner) }
    defer { if isOfProcess { LockWaits.end(lock.owner, for: blocker.owner) } }
    try queue.wait { conflict(with: lock)?.owner != blocker.owner }
  }

  /// Gives a range back.
  ///
  /// - Throws: `ENOLCK`.
  func clear(_ lock: RecordLock) throws(Errno) {
    try state.withLock { state throws(Errno) in try state.records.clear(lock) }
    queue.wakeAll()
  }

  // MARK: Whole files

  /// Takes a lock upon the whole file, after giving back the one that its owner has. Source: flock(2).
  ///
  /// - Throws: `ENOLCK`.
  /// - Returns: whether nothing was in its way.
  func takeWhole(_ owner: LockOwner, _ kind: RecordLock.Kind) throws(Errno) -> Bool {
    var wasReleased = false
    let isTaken = try state.withLock { state throws(Errno) in
      for index in 0..<state.wholes.count where state.wholes[index].owner == owner {
        if state.wholes[index].kind == kind { return true }
        _ = state.wholes.remove(at: index)
        wasReleased = true
        break
      }
      for index in 0..<state.wholes.count where kind == .exclusive || state.wholes[index].kind == .exclusive {
        return false
      }
      do throws(Errno) { try state.wholes.append(WholeLock(owner: owner, kind: kind)) } catch { throw .ENOLCK }
      return true
    }
    if wasReleased { queue.wakeAll() }
    return isTaken
  }

  /// Takes a lock upon the whole file, and waits for it if need be.
  ///
  /// - Throws: `EINTR`, `ENOLCK`.
  func waitForWhole(_ owner: LockOwner, _ kind: RecordLock.Kind) throws(Errno) {
    var failure: Errno?
    try queue.wait {
      do throws(Errno) {
        return try takeWhole(owner, kind)
      } catch {
        failure = error
        return true
      }
    }
    if let failure { throw failure }
  }

  /// Gives back the lock of an owner upon the whole file.
  func releaseWhole(of owner: LockOwner) {
    state.withLock { state in
      for index in 0..<state.wholes.count where state.wholes[index].owner == owner {
        _ = state.wholes.remove(at: index)
        break
      }
    }
    queue.wakeAll()
  }

  /// Takes all record locks from an owner.
  func releaseRecords(of owner: LockOwner) {
    state.withLock { $0.records.removeAll(of: owner) }
    queue.wakeAll()
  }
}

/// Which processes wait for which because of record locks, so that none waits for itself.
private enum LockWaits {
  private struct Wait {
    let waiter: LockOwner
    let holder: LockOwner
  }

  private struct State: ~Copyable {
    var waits = GrowableArray<Wait>()

    func holder(for waiter: LockOwner) -> LockOwner? {
      for index in 0..<waits.count where waits[index].waiter == waiter { return waits[index].holder }
      return nil
    }
  }

  private static let state = BootCell<SpinLock<State>>()
  /// How long a chain of processes is followed.
  private static let chainLimit = 10

  /// - Throws: `EDEADLK` when `holder` waits for `waiter`, directly or not; `ENOLCK`.
  static func begin(_ waiter: LockOwner, for holder: LockOwner) throws(Errno) {
    if !state.isFilled { state.fill(SpinLock(State())) }
    try state.withValue { lock throws(Errno) in
      try lock.withLock { state throws(Errno) in
        var next: LockOwner? = holder
        var steps = 0
        while let current = next, steps < chainLimit {
          if current == waiter { throw .EDEADLK }
          next = state.holder(for: current)
          steps += 1
        }
        do throws(Errno) { try state.waits.append(Wait(waiter: waiter, holder: holder)) } catch { throw .ENOLCK }
      }
    }
  }

  static func end(_ waiter: LockOwner, for holder: LockOwner) {
    state.withValue { lock in
      lock.withLock { state in
        for index in 0..<state.waits.count
        where state.waits[index].waiter == waiter && state.waits[index].holder == holder {
          _ = state.waits.remove(at: index)
          break
        }
      }
    }
  }
}
