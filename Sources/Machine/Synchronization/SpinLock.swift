import Boot
import Synchronization

/// A value that one CPU at a time may touch, with interrupts off while it does.
///
/// The lock owns its value, so nothing can reach the value without the lock. It is not recursive. Code that holds one must
/// not block and must not do I/O that waits. A global lock whose value is made of constants is a constant itself.
public struct SpinLock<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
  // SAFETY of `@unchecked Sendable`: `value` is reached only inside `withLock`, by the CPU that swapped `isHeld` to true.
  private let isHeld = Atomic<Bool>(false)
  private var value: Value

  /// Creates an open lock around `value`.
  @inline(__always)
  public init(_ value: consuming Value) {
    self.value = value
  }

  /// Runs `body` with the value, after waiting for whoever holds it.
  ///
  /// - Context: any; interrupts are off while `body` runs.
  @inline(__always)
  public borrowing func withLock<Result: ~Copyable, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let wereEnabled = InterruptGuard.disable()
    acquire()
    defer {
      isHeld.store(false, ordering: .releasing)
      InterruptGuard.restore(wereEnabled)
    }
    // SAFETY: `isHeld` is true and this CPU set it, so no other access overlaps.
    return try unsafe body(&address.pointee.value)
  }

  /// Runs `body` with the value as `withLock` does, where it is known that interrupts are on: so nothing has to be remembered.
  ///
  /// - Context: a thread, interrupts on, no spin lock held; interrupts are off while `body` runs.
  @inline(__always)
  public borrowing func withLockInThread<Result: ~Copyable, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    InterruptGuard.disableInThread()
    acquire()
    defer {
      isHeld.store(false, ordering: .releasing)
      InterruptGuard.enableInThread()
    }
    // SAFETY: as in `withLock`.
    return try unsafe body(&address.pointee.value)
  }

  @inline(__always)
  private borrowing func acquire() {
    while !isHeld.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged {
      while isHeld.load(ordering: .relaxed) {
        apus_pause()
        ProcessorMessages.followTranslationRequests()
      }
    }
  }

  /// Runs `body` with the value if the lock is free within `attempts` tries; otherwise returns nil.
  ///
  /// For paths that must not wait for ever, such as the panic report.
  @inline(__always)
  public borrowing func withLockIfAvailable<Result, Failure: Error>(
    attempts: Int = 1, _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result? {
    let wereEnabled = InterruptGuard.disable()
    var remaining = attempts
    while !isHeld.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged {
      remaining -= 1
      guard remaining > 0 else {
        InterruptGuard.restore(wereEnabled)
        return nil
      }
      apus_pause()
    }
    defer {
      isHeld.store(false, ordering: .releasing)
      InterruptGuard.restore(wereEnabled)
    }
    // SAFETY: as in `withLock`.
    return try unsafe body(&address.pointee.value)
  }

  /// Where the lock itself is: it holds an atomic, so it is always in memory and borrowing it never copies it.
  @inline(__always)
  private var address: UnsafeMutablePointer<Self> {
    // SAFETY: the address stays good for as long as `self` is borrowed, which every use of it is within. It goes through an
    // integer because the optimizer takes a `let` of a class for one that never changes, and would keep what it read of
    // the value before the lock was taken; that the address comes from a `let` is nothing it may know.
    unsafe UnsafeMutablePointer(bitPattern: withUnsafePointer(to: self) { UInt(bitPattern: $0) }).unsafelyUnwrapped
  }
}
