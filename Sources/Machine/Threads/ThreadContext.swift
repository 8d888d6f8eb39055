import Boot
public import Foundations
import PageFrames
public import Synchronization

/// A thread as the CPU sees it: a kernel stack, saved registers, and what its program had in registers that the kernel does not
/// use itself.
///
/// Who runs when is the scheduler's affair, whose threads are a subclass. A thread is kept alive by the CPU that it runs on.
open class ThreadContext {
  /// Whether a CPU has its registers or is on its stack; only when not may another CPU switch to it.
  final public let isOnProcessor = Atomic<Bool>(false)
  /// Bits that say that something is to be done before its program runs on: the scheduler's and signals'. The end of a system
  /// call reads it at `APUS_THREAD_WORK`.
  final public let work = Atomic<UInt32>(0)

  /// Whether it runs a program, or will.
  final public var hasProgram: Bool { fpuState != nil }

  /// Where its stack begins, at the highest address; the frame of its program's registers lies right below.
  final let stackTop: UInt64
  final private let ownsStack: Bool
  /// What `ProcessorArea.stackLimit` and `stackGuard` are while it runs.
  final let stackLimit: UInt64
  final var stackGuard: UInt64 = 0
  /// Where its saved registers are, while it does not run. Only the CPU that switches touches it.
  final var savedStackPointer: UInt64 = 0
  /// What serves its program's calls.
  final let callServer: SystemCallServer?
  /// The program's floating-point and vector state, for a thread that has a program.
  final let fpuState: FPUStateBuffer?
  /// The program's FS and GS bases.
  final var segmentBases = SegmentBases()

  /// For a thread that runs contained work: what that has to return to.
  final var containment: ContainmentRecord?
  /// What `ProcessorArea.heap` is while it runs.
  final var heap: UInt = 0

  /// Makes a thread that begins in `run` when it is first switched to.
  ///
  /// - Parameters:
  ///   - hasProgram: whether it will run a program.
  ///   - callServer: what serves its program's calls.
  /// - Throws: `ENOMEM`.
  public init(hasProgram: Bool, _ callServer: SystemCallServer) throws(Errno) {
    self.callServer = callServer
    fpuState = hasProgram ? try FPUStateBuffer() : nil
    guard let top = ThreadStacks.take() else { throw .ENOMEM }
    stackTop = top
    stackLimit = top - UInt64(APUS_THREAD_STACK_SIZE) + UInt64(APUS_STACK_RESERVE)
    ownsStack = true
    prepareStack()
  }

  /// Makes the code that runs a thread, on the stack that it is on: a CPU's first, which never ends.
  ///
  /// - Context: once on each CPU, interrupts off.
  public init(adoptingStack: ()) {
    (stackTop, stackLimit, ownsStack, fpuState, callServer) = (0, 0, false, nil, nil)
    isOnProcessor.store(true, ordering: .relaxed)
    checkLayout()
    // SAFETY: the reference is taken here; nothing else is in the slot, as a CPU has one first thread.
    let address = unsafe UInt(bitPattern: Unmanaged.passRetained(self as ThreadContext).toOpaque())
    ProcessorArea.withCurrent { $0.thread = address }
  }

  deinit {
    guard ownsStack else { return }
    // Nobody refers to it, so it runs on no CPU and nobody is on the stack.
    ThreadStacks.giveBack(stackTop)
  }

  /// What the thread does. It must not return.
  ///
  /// - Context: its own stack, interrupts on.
  open func run() -> Never { fatalError("a thread with nothing to do") }

  /// Does what is to be done before its program goes on: signals, stopping, ending.
  ///
  /// - Parameter registers: the program's, as it will go on.
  /// - Context: the thread itself, interrupts on; may wait. Called again for as long as `work` is not zero.
  open func returnToUser(_ registers: borrowing UserContext) {}

  /// Takes note that the program cannot go on where it is, for `returnToUser` to do something about it.
  ///
  /// - Context: the thread itself, interrupts off; must not wait.
  open func programFault(_ fault: ProgramFault) {}

  /// Fails when assembly would find something else than `work`.
  final private func checkLayout() {
    work.store(.max, ordering: .relaxed)
    // SAFETY: nobody else knows of the object yet; the word lies in it.
    let object = unsafe Unmanaged.passUnretained(self).toOpaque()
    let found = unsafe object.load(fromByteOffset: Int(APUS_THREAD_WORK), as: UInt32.self)
    precondition(found == .max)
    work.store(0, ordering: .relaxed)
  }

  final private func prepareStack() {
    #if os(none)
      // SAFETY: the stack is new and this thread's: its topmost words are the program's frame, zeros; below is what
      // apus_switch_threads pops: six registers, and where it returns to.
      let frame = unsafe UnsafeMutablePointer<UInt64>(bitPattern: UInt(frameAddress)).unsafelyUnwrapped
      unsafe frame.initialize(repeating: 0, count: Int(APUS_TRAP_FRAME_SIZE) / 8)
      let saved = unsafe frame - 7
      unsafe saved.initialize(repeating: 0, count: 6)
      unsafe saved[6] = apus_thread_entry_address()
      savedStackPointer = UInt64(UInt(bitPattern: saved))
    #endif
  }

  /// Where the frame of the program's registers is.
  final var frameAddress: UInt64 { stackTop - UInt64(APUS_TRAP_FRAME_SIZE) }
}

/// Where a program's FS and GS registers point to.
public struct SegmentBases: Equatable, Sendable {
  /// What FS points to: a thread's local variables.
  public var fs: UInt64 = 0
  /// What GS points to.
  public var gs: UInt64 = 0

  /// Both zero.
  public init() {}
}
