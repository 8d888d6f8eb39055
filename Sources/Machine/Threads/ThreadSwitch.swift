import Boot
import Synchronization

extension ThreadContext {
  // SAFETY (section): a CPU's slot holds a retained reference to the thread that it runs, from the switch to it until the
  // switch away from it is over, so the object is there while its code runs. Interrupts are off while slots change.

  /// The thread that runs, or nil before this CPU has one.
  @inline(__always)
  public static var current: ThreadContext? {
    #if os(none)
      guard let pointer = unsafe UnsafeRawPointer(bitPattern: UInt(apus_read_thread())) else { return nil }
      return unsafe Unmanaged<ThreadContext>.fromOpaque(pointer).takeUnretainedValue()
    #else
      return nil
    #endif
  }

  /// Runs `body` with the thread that runs, without counting a reference.
  @inline(__always)
  public static func withCurrent<Result>(_ body: (ThreadContext) -> Result) -> Result? {
    #if os(none)
      guard let pointer = unsafe UnsafeRawPointer(bitPattern: UInt(apus_read_thread())) else { return nil }
      return unsafe Unmanaged<ThreadContext>.fromOpaque(pointer)._withUnsafeGuaranteedRef { body($0) }
    #else
      return nil
    #endif
  }

  /// Runs `body` with the thread that runs, as one of the scheduler's class, without counting a reference.
  ///
  /// - Returns: nil when there is none, or another's.
  @inline(__always)
  public static func withScheduled<Thread: ThreadContext, Result>(_ body: (Thread) -> Result) -> Result? {
    #if os(none)
      guard let pointer = unsafe UnsafeRawPointer(bitPattern: UInt(apus_read_thread())) else { return nil }
      // Asked first: what a cast answers with would be counted.
      let isOne = unsafe Unmanaged<ThreadContext>.fromOpaque(pointer)._withUnsafeGuaranteedRef { $0 is Thread }
      guard isOne else { return nil }
      return unsafe Unmanaged<Thread>.fromOpaque(pointer)._withUnsafeGuaranteedRef { body($0) }
    #else
      return nil
    #endif
  }

  /// Goes on with `next` on this CPU; returns when somebody switches back to the thread that called.
  ///
  /// Waits while another CPU still has `next`'s registers, so `next` must be on its way off there.
  ///
  /// - Context: interrupts are off, no lock is held; they are off when it returns, perhaps on another CPU.
  ///   `next` is another thread than the one that runs.
  public static func `switch`<Thread: ThreadContext>(to next: consuming NextThread<Thread>) {
    #if os(none)
      unsafe finishSwitch(change(to: next.take()))
    #endif
  }

  /// Goes on with `next` on this CPU, never to come back: the thread that calls has ended.
  ///
  /// What the thread's stack still owns is never given back, so nothing on it may own anything.
  ///
  /// - Context: as `switch`.
  public static func leave<Thread: ThreadContext>(to next: consuming NextThread<Thread>) -> Never {
    #if os(none)
      _ = unsafe change(to: next.take())
    #endif
    Machine.halt()
  }

  #if os(none)
    /// Changes stacks, to that of the thread at `address`, whose reference it takes over.
    ///
    /// - Returns: on the stack of the thread that called, the thread that was left for it.
    @inline(__always)
    private static func change(to address: UInt) -> UnsafeMutableRawPointer {
      guard let next = unsafe UnsafeMutableRawPointer(bitPattern: address),
        let previous = unsafe UnsafeMutableRawPointer(bitPattern: UInt(apus_read_thread()))
      else { Machine.halt() }
      return unsafe Unmanaged<ThreadContext>.fromOpaque(previous)._withUnsafeGuaranteedRef { leaving in
        unsafe Unmanaged<ThreadContext>.fromOpaque(next)._withUnsafeGuaranteedRef { coming in
          while coming.isOnProcessor.load(ordering: .acquiring) { apus_pause() }
          coming.isOnProcessor.store(true, ordering: .relaxed)
          leaving.saveProgramState()
          coming.enter(address)
          return unsafe withUnsafeMutablePointer(to: &leaving.savedStackPointer) {
            unsafe apus_switch_threads($0, coming.savedStackPointer, previous)
          }
        }
      }
    }

    /// Lets go of the thread that was left, now that this CPU is not on its stack any more.
    fileprivate static func finishSwitch(_ from: UnsafeMutableRawPointer) {
      let left = unsafe Unmanaged<ThreadContext>.fromOpaque(from).takeRetainedValue()
      left.isOnProcessor.store(false, ordering: .releasing)
    }

    private final func saveProgramState() {
      if let fpuState { FPUState.save(fpuState, of: self) }
    }

    private final func enter(_ address: UInt) {
      // SAFETY: the thread keeps it, as the CPU keeps the thread.
      let server = callServer.map { unsafe UInt(bitPattern: Unmanaged.passUnretained($0).toOpaque()) } ?? 0
      ProcessorArea.withCurrent { area in
        area.thread = address
        area.kernelStack = stackTop
        area.callServer = server
        area.heap = heap
        area.stackLimit = stackLimit
        area.stackGuard = stackGuard
      }
      guard hasProgram else { return }
      SegmentTable.setStack(stackTop)
      restoreProgramState()
      SegmentBases.load(segmentBases)
    }

    // By itself, so that the state is not counted as used beyond it.
    @inline(__always)
    private final func restoreProgramState() {
      if let fpuState { FPUState.restore(fpuState, of: self) }
    }
  #endif
}

#if os(none)
  /// The first Swift code of a thread, on its own stack, interrupts off.
  @c(apus_thread_begin)
  func beginThread(_ from: UnsafeMutableRawPointer) {
    // SAFETY: what apus_switch_threads passed on: the reference of the thread that was left.
    unsafe ThreadContext.finishSwitch(from)
    apus_enable_interrupts()
    _ = ThreadContext.withCurrent { $0.run() }
    Machine.halt()
  }
#endif

extension SegmentBases {
  private static let fsRegister: UInt32 = 0xc000_0100
  /// The GS base that the next SWAPGS brings: the program's, while the kernel runs.
  private static let swappedRegister: UInt32 = 0xc000_0102

  static func load(_ bases: SegmentBases) {
    apus_write_msr(fsRegister, bases.fs)
    apus_write_msr(swappedRegister, bases.gs)
  }
}
