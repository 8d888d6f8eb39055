public import Foundations
import Machine

/// Advisory locks. Source: fcntl(2), flock(2).
extension OpenFile {
  /// Whose a record lock is.
  public enum LockHolder {
    /// All tasks that share these descriptors, told as a process's number. F_SETLK.
    case process(DescriptorTable, number: Int32)
    /// The open file itself. F_OFD_SETLK.
    case openFile
  }

  /// What is done when a lock is in the way.
  public enum LockPatience: Sendable {
    /// `EAGAIN`.
    case none
    /// Waiting until it is gone.
    case waiting
  }

  /// A lock upon the bytes `first...last`.
  public final func recordLock(
    _ kind: RecordLock.Kind, _ first: Int64, _ last: Int64, by holder: LockHolder
  ) -> RecordLock {
    switch holder {
    case .process(let descriptors, let number):
      RecordLock(kind: kind, first: first, last: last, process: number, owner: LockOwner(descriptors))
    case .openFile: RecordLock(kind: kind, first: first, last: last, process: -1, owner: LockOwner(self))
    }
  }

  /// The lock that is in the way of `wanted`; nil when nothing is. F_GETLK.
  public final func conflict(with wanted: RecordLock) -> RecordLock? { inode.locks?.conflict(with: wanted) }

  /// Takes a lock, in place of those that its holder has there. F_SETLK, F_SETLKW.
  ///
  /// - Throws: `EBADF` when the file is not open for what the lock protects, `EAGAIN`, `EDEADLK`, `EINTR`, `ENOLCK`.
  /// - Context: a thread without locks.
  public final func take(_ lock: RecordLock, _ patience: LockPatience) throws(Errno) {
    guard mode.contains(lock.kind == .shared ? .read : .write) else { throw .EBADF }
    let locks = try inode.makeLocks()
    while let blocker = try locks.take(lock) {
      guard patience == .waiting else { throw .EAGAIN }
      try locks.wait(for: lock, blockedBy: blocker)
    }
  }

  /// Gives back what the holder of `lock` has in its range. F_UNLCK.
  ///
  /// - Throws: `ENOLCK`.
  public final func release(_ lock: RecordLock) throws(Errno) { try inode.locks?.clear(lock) }

  /// Takes a lock upon the whole file, in place of the one that this open file has. LOCK_SH, LOCK_EX.
  ///
  /// - Throws: `EAGAIN`, `EINTR`, `ENOLCK`. The old lock is gone then.
  public final func takeWhole(_ kind: RecordLock.Kind, _ patience: LockPatience) throws(Errno) {
    let locks = try inode.makeLocks()
    switch patience {
    case .none: guard try locks.takeWhole(LockOwner(self), kind) else { throw .EAGAIN }
    case .waiting: try locks.waitForWhole(LockOwner(self), kind)
    }
  }

  /// Gives back the lock that this open file has upon the whole file. LOCK_UN.
  public final func releaseWhole() { inode.locks?.releaseWhole(of: LockOwner(self)) }
}
