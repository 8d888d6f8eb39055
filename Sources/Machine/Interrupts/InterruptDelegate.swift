import Boot

/// What runs for every interrupt and exception: the kernel's policy, given to Machine once at boot.
///
/// A class, because a call through it costs one load and one indirect jump and touches no reference count.
open class InterruptDelegate {
  /// Creates a delegate that handles nothing.
  public init() {}

  /// Handles one interrupt.
  ///
  /// - Context: interrupts are off; the stack is the interrupted one or the vector's own from its spec.
  open func handle(_ frame: borrowing TrapFrame) {}
}

/// The delegate in force. SAFETY: written once by `InterruptTable.install` before any vector is expected; after that read only.
nonisolated(unsafe) private var delegate: Unmanaged<InterruptDelegate>?

extension InterruptTable {
  /// Makes `newDelegate` the handler of every vector from now on.
  public static func setDelegate(_ newDelegate: InterruptDelegate) {
    // SAFETY: boot sets it once, on the only CPU that runs, with interrupts off.
    unsafe delegate = Unmanaged.passRetained(newDelegate)
  }
}

/// Where every generated stub ends up.
@c(apus_interrupt)
func interruptEntry(_ storage: UnsafeMutablePointer<apus_trap_frame>) {
  // SAFETY: the entry code passes the frame that it just pushed, and takes it back when this returns.
  let frame = unsafe TrapFrame(storage)
  guard let delegate = unsafe delegate else {
    EarlyConsole.reportUnhandled(frame)
    Machine.halt()
  }
  VectorHandlers.count(frame.vector)
  #if os(none)
    // What handlers allocate is not of the work that they interrupt.
    let isContained = apus_read_heap() != 0
    // Before anybody makes it go on elsewhere.
    let isOnInterruptedStack = frame.isOnInterruptedStack
    if isContained { ProcessorArea.withCurrentQuietly { $0.heap = 0 } }
  #endif
  // SAFETY: the delegate was retained when it was installed and is never released.
  unsafe delegate._withUnsafeGuaranteedRef { $0.handle(frame) }
  #if os(none)
    if isContained { CompartmentHeap.useThreads() }
    ThreadEntry.leaveInterrupt(frame, isOnInterruptedStack: isOnInterruptedStack)
  #endif
}
