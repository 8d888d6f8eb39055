import Boot
import Synchronization

/// What the scheduler does when a thread is to make room: given to Machine once at boot.
open class ThreadHooks {
  /// Creates hooks that do nothing.
  public init() {}

  /// Lets another thread run, if one should.
  ///
  /// - Context: interrupts are off, no lock is held; the thread that runs was asked to make room.
  open func reschedule() {}
}

/// The hooks in force. SAFETY: written once by `ThreadEntry.start`, before any thread is made; after that read only.
nonisolated(unsafe) private var hooks: Unmanaged<ThreadHooks>?

/// How threads come into the kernel and leave it.
public enum ThreadEntry {
  private static let efer: UInt32 = 0xc000_0080
  private static let star: UInt32 = 0xc000_0081
  private static let longStar: UInt32 = 0xc000_0082
  private static let flagMask: UInt32 = 0xc000_0084
  /// TF, IF, DF, IOPL, NT and AC are off when a call begins.
  private static let clearedFlags: UInt64 = 0x4_7700

  /// Makes `newHooks` those of all threads from now on.
  ///
  /// - Context: once, on the boot CPU, before any thread is made.
  public static func start(_ newHooks: ThreadHooks) {
    // SAFETY: nothing reads it yet, as there are no threads.
    unsafe hooks = Unmanaged.passRetained(newHooks)
  }

  /// Lets programs on this CPU make system calls. Source: AMD APM vol. 2, 6.1.1.
  public static func startHere() {
    #if os(none)
      apus_write_msr(star, UInt64(APUS_USER_CODE32_SELECTOR) << 48 | UInt64(APUS_CODE_SELECTOR) << 32)
      apus_write_msr(longStar, apus_system_call_entry_address())
      apus_write_msr(flagMask, clearedFlags)
      apus_write_msr(efer, apus_read_msr(efer) | 1)
    #endif
  }

  /// Asks the thread that runs on this CPU to make room as soon as it can.
  ///
  /// - Context: any; takes effect when the interrupt that is being served ends, or when interrupts are let in by `yieldIfAsked`.
  @inline(__always)
  public static func requestReschedule() {
    ProcessorArea.withCurrent { $0.needsReschedule = true }
  }

  /// Withdraws the request, and tells whether there was one.
  ///
  /// - Context: interrupts are off.
  @inline(__always)
  public static func takeRescheduleRequest() -> Bool {
    ProcessorArea.withCurrent { area in
      defer { area.needsReschedule = false }
      return area.needsReschedule
    }
  }

  /// Makes room now, if that was asked for and could not be done.
  ///
  /// - Context: a thread without locks, interrupts on.
  static func yieldIfAsked() {
    #if os(none)
      let wereEnabled = InterruptGuard.disable()
      if wereEnabled, ProcessorArea.withCurrentQuietly({ $0.needsReschedule }) {
        // SAFETY: as in `leaveInterrupt`.
        unsafe hooks?._withUnsafeGuaranteedRef { $0.reschedule() }
      }
      InterruptGuard.restore(wereEnabled)
    #endif
  }

  /// Notes what an interrupt has interrupted, for those that account for time.
  ///
  /// - Context: the interrupt's handler.
  @inline(__always)
  public static func noteInterrupted(_ frame: borrowing TrapFrame) {
    let isProgram = frame.isUser
    ProcessorArea.withCurrent { $0.hasInterruptedProgram = isProgram }
  }

  /// Whether what `noteInterrupted` noted last on this CPU was a program.
  ///
  /// - Context: the same interrupt.
  public static var hasInterruptedProgram: Bool { ProcessorArea.withCurrent { $0.hasInterruptedProgram } }

  #if os(none)
    /// At the end of an interrupt: makes room for another thread if asked to, and does a program's work.
    ///
    /// - Parameter isOnInterruptedStack: where `frame` is, if the kernel was interrupted.
    @inline(__always)
    static func leaveInterrupt(_ frame: borrowing TrapFrame, isOnInterruptedStack: Bool) {
      if frame.isUser {
        if hasWork { leaveToUser() }
      } else if frame.flags & 1 << 9 != 0 {
        // The interrupted code had interrupts on, so it holds no lock.
        // A stack of the CPU's is in use where the interrupted one has no room; nobody may wait on it.
        guard isOnInterruptedStack else { return Containment.endCrowded(frame) }
        Containment.endIfAsked(frame)
        guard ProcessorArea.withCurrent({ $0.needsReschedule }) else { return }
        // SAFETY: hooks are set before anybody can ask for room, and never released.
        unsafe hooks?._withUnsafeGuaranteedRef { $0.reschedule() }
      }
    }

    /// Whether something is to be done before the program that runs goes on.
    ///
    /// - Context: interrupts are off.
    @inline(__always)
    fileprivate static var hasWork: Bool {
      ProcessorArea.withCurrentQuietly { $0.needsReschedule }
        || ThreadContext.withCurrent { $0.work.load(ordering: .relaxed) != 0 } ?? false
    }

    @inline(never)
    fileprivate static func leaveToUser() {
      // SAFETY: as above; a thread with a program has its frame at its stack's beginning.
      guard let hooks = unsafe hooks, let frame = ThreadContext.current?.userContext else { return }
      while hasWork {
        if ProcessorArea.withCurrent({ $0.needsReschedule }) {
          unsafe hooks._withUnsafeGuaranteedRef { $0.reschedule() }
        } else {
          apus_enable_interrupts()
          _ = ThreadContext.withCurrent { $0.returnToUser(frame) }
          apus_disable_interrupts()
        }
      }
    }
  #endif

  /// Where a thread with a program goes when the kernel's part of its making is over.
  ///
  /// - Context: the thread itself, no lock held.
  public static func enterProgram() -> Never {
    #if os(none)
      apus_disable_interrupts()
      if hasWork { leaveToUser() }
      // Without a reference: nothing would drop it behind a call that does not return.
      guard let address = ThreadContext.withCurrent({ $0.frameAddress }) else { Machine.halt() }
      apus_enter_user(address)
    #else
      Machine.halt()
    #endif
  }
}

#if os(none)
  /// What is to be done at the end of a system call, when there is something. Interrupts are off, and off when it returns.
  @c(apus_leave_to_user)
  func leaveSystemCall() { ThreadEntry.leaveToUser() }
#endif
