/// A thread that a CPU is about to run: the reference to it that will be the CPU's own.
///
/// It is counted once, when the thread is chosen, and then moves to the CPU: choosing and switching count nothing more, and the stack
/// that is left owns nothing.
@safe
@frozen
public struct NextThread<Thread: ThreadContext>: ~Copyable {
  // SAFETY (section): `reference` owns a reference from `init` until `deinit` or `take`, of which there is only one.
  private let reference: Unmanaged<Thread>

  /// Takes a reference to `thread`.
  @inline(__always)
  public init(_ thread: Thread) { unsafe reference = Unmanaged.passRetained(thread) }

  deinit { unsafe reference.release() }

  /// Runs `body` with the thread, which is there meanwhile.
  @inline(__always)
  public borrowing func use<Result>(_ body: (Thread) -> Result) -> Result {
    unsafe reference._withUnsafeGuaranteedRef { body($0) }
  }

  /// Where the thread is; the reference is the caller's.
  @inline(__always)
  consuming func take() -> UInt {
    let address = unsafe UInt(bitPattern: reference.toOpaque())
    discard self
    return address
  }
}
