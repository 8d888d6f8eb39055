import Machine
import Synchronization

/// The handlers that `Specs/interrupts.json` names for the processor's exceptions.
///
/// What a program raises is its own affair: its thread is told. Contained work, a driver's, is ended. Else in the kernel every
/// exception is a bug and ends in a report, but for page faults in copies from and to programs and a breakpoint that a test of
/// the interrupt table raises itself.
enum FaultHandlers {
  /// Exceptions that need no more than that.
  static func exception(_ frame: borrowing TrapFrame, _ vector: InterruptVector) {
    if ProgramFault.report(frame) || ContainedFault.handle(frame, vector) { return }
    FatalFault.report(frame, vector)
  }

  /// Vectors that the architecture reserves. One arriving means that something is very wrong.
  static func reserved(_ frame: borrowing TrapFrame, _ vector: InterruptVector) {
    FatalFault.report(frame, vector)
  }

  /// A program's watchpoint or single step; in the kernel nobody asks for one.
  static func debug(_ frame: borrowing TrapFrame, _ vector: InterruptVector) {
    if frame.isUser, ProgramFault.report(frame, address: ProgramFault.takeDebugStatus()) { return }
    FatalFault.report(frame, vector)
  }

  /// Memory or bus errors, a watchdog, or another CPU that ends the kernel and found this one deaf to interrupts.
  static func nonMaskable(_ frame: borrowing TrapFrame, _ vector: InterruptVector) {
    if ProcessorMessages.isStopping { ProcessorMessages.receiveStop() }
    FatalFault.report(frame, vector)
  }

  /// `int3`: counted and resumed while a round trip is being tested.
  static func breakpoint(_ frame: borrowing TrapFrame, _ vector: InterruptVector) {
    if ProgramFault.report(frame) { return }
    guard BreakpointProbe.count() else { FatalFault.report(frame, vector) }
  }

  /// An undefined instruction: in the kernel most often one of Swift's own checks.
  static func invalidOpcode(_ frame: borrowing TrapFrame, _ vector: InterruptVector) {
    if ProgramFault.report(frame) || ContainedFault.handle(frame, vector) { return }
    FatalFault.report(frame, vector)
  }

  /// A fault while delivering another: most often a stack that ran into its guard page, which contained work may do.
  static func doubleFault(_ frame: borrowing TrapFrame, _ vector: InterruptVector) {
    if KernelStack.guardPage(containing: PageFaults.address) != nil, ContainedFault.handle(frame, vector) { return }
    FatalFault.report(frame, vector)
  }

  /// A breach of protection that no other exception covers; also registers that the CPU does not take from a program's memory.
  static func generalProtection(_ frame: borrowing TrapFrame, _ vector: InterruptVector) {
    if ProgramFault.report(frame) || FPUState.handleRefusal(frame) || ContainedFault.handle(frame, vector) { return }
    FatalFault.report(frame, vector)
  }

  /// An address that the page tables do not translate, or not for this use: a page that a program has yet to get, an address
  /// that a program passed and a copy stumbled over, or an error.
  static func pageFault(_ frame: borrowing TrapFrame, _ vector: InterruptVector) {
    let address = PageFaults.address
    let answer = PageFaults.handle(frame, at: address)
    if answer == .resolved || ProgramFault.report(frame, address: address, answer: answer) { return }
    if ContainedFault.handle(frame, vector) { return }
    FatalFault.report(frame, vector)
  }

  /// The hardware found itself broken.
  static func machineCheck(_ frame: borrowing TrapFrame, _ vector: InterruptVector) {
    FatalFault.report(frame, vector)
  }
}

/// Raises a breakpoint and sees it come back: the whole path from the gate to the handler and back.
public enum BreakpointProbe {
  private static let expected = Atomic<Bool>(false)
  private static let arrivals = Atomic<Int>(0)

  /// Whether one breakpoint reached its handler exactly once and execution went on behind it.
  public static func roundTrip() -> Bool {
    takes(1) {
      Machine.breakpoint()
      return true
    }
  }

  /// Whether a breakpoint gives back every general register.
  public static func keepsRegisters() -> Bool {
    takes(1) { RegisterProbe.survivesBreakpoint() }
  }

  /// Whether `body` raises `count` breakpoints and is content itself.
  private static func takes(_ count: Int, _ body: () -> Bool) -> Bool {
    let before = arrivals.load(ordering: .relaxed)
    expected.store(true, ordering: .relaxed)
    let isContent = body()
    expected.store(false, ordering: .relaxed)
    return isContent && arrivals.load(ordering: .relaxed) == before + count
  }

  /// Counts a breakpoint, if one is expected.
  static func count() -> Bool {
    guard expected.load(ordering: .relaxed) else { return false }
    arrivals.add(1, ordering: .relaxed)
    return true
  }
}
