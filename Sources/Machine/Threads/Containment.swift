import Boot
public import Foundations
import Synchronization

/// Work of a part of the kernel that may fail without the rest: of a driver.
open class ContainedCall {
  /// Creates work that does nothing.
  public init() {}

  /// The work.
  ///
  /// - Context: the thread that asked for it, interrupts on. It may be ended between any two instructions: what its stack owned
  ///   is then never given back, and what it had begun stays half done.
  open func run() {}
}

/// Runs work so that an exception that it raises, or an order from outside, ends the work and not the kernel.
///
/// Only code that holds no lock is ended: an exception with interrupts off, or inside `outside`, is the kernel's own failure.
public enum Containment {
  /// How contained work came to its end.
  public enum Outcome: Equatable, Sendable {
    /// It returned.
    case returned
    /// It raised an exception, with this vector.
    case faulted(UInt8)
    /// It was told to end, and had not by itself.
    case abandoned
  }

  /// Runs `call`.
  ///
  /// - Parameter number: by which an order to end it names it; not 0, and another for each call of a thread.
  /// - Context: a thread, interrupts on, no lock held; contained work does not contain more.
  public static func run(_ call: ContainedCall, number: UInt64) -> Outcome {
    #if os(none)
      // SAFETY (function): the record is the running thread's own, and the thread stays while it runs. The call is retained for
      // as long as it may run. Frames that are skipped belong to contained work, whose references leak but are not used again.
      guard let record = ThreadContext.current?.containment else { return .returned }
      record.begin(number)
      useHeap(UInt(bitPattern: record.heap + 1))
      let call = unsafe Unmanaged.passRetained(call)
      defer { unsafe call.release() }
      let wasEnded = unsafe withUnsafeMutablePointer(to: &record.stackPointer) {
        unsafe apus_contain($0, call.toOpaque())
      }
      useHeap(0)
      record.finish()
      guard wasEnded != 0 else { return .returned }
      // The interrupt that has ended it may have had no room for another thread.
      ThreadEntry.yieldIfAsked()
      return record.vector.map { .faulted($0) } ?? .abandoned
    #else
      call.run()
      return .returned
    #endif
  }

  /// Runs `body`, the kernel's own work for contained work, which is not ended meanwhile.
  ///
  /// - Context: any.
  @inline(__always)
  public static func outside<Result: ~Copyable, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    enter()
    defer { leave() }
    return try body()
  }

  @inline(never)
  private static func enter() {
    #if os(none)
      guard let record = ThreadContext.current?.containment else { return }
      if record.isEndable { checkStack() }
      if record.depth.wrappingAdd(1, ordering: .relaxed).oldValue == 0 { useHeap(0) }
    #endif
  }

  @inline(never)
  private static func leave() {
    #if os(none)
      guard let record = ThreadContext.current?.containment else { return }
      if record.depth.load(ordering: .relaxed) == 1, record.stackPointer != 0 {
        useHeap(UInt(bitPattern: record.heap + 1))
      }
      record.depth.wrappingSubtract(1, ordering: .relaxed)
    #endif
  }

  /// Ends contained work that has used up its stack, before the kernel does something for it that must not end halfway.
  ///
  /// - Context: contained work, outside of `outside`.
  @inline(never)
  static func checkStack() {
    #if os(none)
      guard let top = ThreadContext.withCurrent({ $0.stackTop }), top != 0 else { return }
      let bottom = top - UInt64(APUS_THREAD_STACK_SIZE)
      let pointer = apus_read_stack_pointer()
      guard pointer < bottom + UInt64(APUS_STACK_RESERVE) || pointer > top else { return }
      // The guard page's exception is what the work itself would have raised soon.
      _ = apus_load_byte(bottom - 8)
    #endif
  }

  /// Makes the running thread allocate from heap `number`, 1 and up, or from the kernel's for 0.
  private static func useHeap(_ number: UInt) {
    _ = ThreadContext.withCurrent { thread in
      ProcessorArea.withCurrent { area in
        thread.heap = number
        area.heap = number
      }
    }
  }

  /// Gives contained work of the running thread a new heap; what the old one holds is given back when nobody refers to it.
  ///
  /// - Context: the thread, outside of contained work.
  public static func renewHeap() {
    #if os(none)
      guard let record = ThreadContext.current?.containment else { return }
      record.retireHeap()
      record.heap = CompartmentHeap.make() ?? -1
      if let domain = record.domain { CompartmentHeap.setDomain(domain, number: record.heap) }
      clearStack()
    #endif
  }

  /// Sets what the device of the running thread's contained work may reach: nil for everything. It holds for the memory that the
  /// work shares from now on, also from heaps that `renewHeap` gives it.
  ///
  /// - Throws: `ENOMEM` when the work has no heap of its own, so that what it shares could not be told from the kernel's.
  /// - Context: the thread, outside of contained work.
  public static func setDomain(_ domain: DMADomain?) throws(Errno) {
    #if os(none)
      guard let record = ThreadContext.current?.containment else { throw .ENOMEM }
      record.domain = domain
      guard record.heap >= 0 else {
        if domain == nil { return }
        throw .ENOMEM
      }
      CompartmentHeap.setDomain(domain, number: record.heap)
    #endif
  }

  /// What the device of the running thread's contained work may reach; nil for everything.
  ///
  /// - Context: a thread, inside of the work too.
  public static var domain: DMADomain? {
    #if os(none)
      return ThreadContext.current?.containment?.domain
    #else
      return nil
    #endif
  }

  /// Gives back what ended work has left, as far as nobody refers to it.
  ///
  /// - Returns: how many bytes are still kept.
  /// - Context: a thread without locks, which runs no contained work itself. All CPUs stand still for some milliseconds.
  public static func collect() -> Int { CompartmentHeap.collect() }

  /// Overwrites what ended calls have left on the running thread's stack, which could be taken for references.
  private static func clearStack() {
    #if os(none)
      guard let top = ThreadContext.withCurrent({ $0.stackTop }), top != 0 else { return }
      // SAFETY: all below the stack pointer is nobody's, down to the stack's end.
      apus_clear_stack(top - UInt64(APUS_THREAD_STACK_SIZE))
    #endif
  }

  /// Whether the exception in `frame` was raised by contained work that can be ended.
  ///
  /// - Context: the exception's handler.
  public static func isContained(_ frame: borrowing TrapFrame) -> Bool {
    guard !frame.isUser, frame.flags & interruptFlag != 0 || hasFailedInEntry(frame) else { return false }
    return ThreadContext.withCurrent { $0.containment?.isEndable ?? false } ?? false
  }

  /// Makes the work go no further than `frame`, where `vector` was raised.
  ///
  /// - Context: as `isContained`, which said yes.
  public static func end(_ frame: borrowing TrapFrame, vector: UInt8) {
    #if os(none)
      _ = ThreadContext.withCurrent { thread in
        guard let record = thread.containment, record.isEndable else { return }
        record.vector = vector
        leave(frame, record)
      }
    #endif
  }

  private static let interruptFlag: UInt64 = 1 << 9
  private static var doubleFault: UInt8 { 8 }

  /// Whether the end of the stack came after the CPU had begun an exception's frame there, and before that was complete.
  private static func hasFailedInEntry(_ frame: borrowing TrapFrame) -> Bool {
    #if os(none)
      return frame.vector == doubleFault && InterruptTable.isEntry(frame.instructionPointer)
    #else
      return false
    #endif
  }

  #if os(none)
    /// At the end of an interrupt: ends the work that it interrupted, if somebody has asked for that.
    @inline(__always)
    static func endIfAsked(_ frame: borrowing TrapFrame) {
      _ = ThreadContext.withCurrent { thread in
        guard let record = thread.containment, record.isEndAsked, record.isEndable else { return }
        record.vector = nil
        leave(frame, record)
      }
    }

    private static var firstArrival: UInt8 { 32 }
    private static var pageFault: UInt8 { 14 }

    /// At the end of an interrupt that has not been served on the stack that it has interrupted: ends the work that has used that up.
    ///
    /// - Parameter frame: an exception's has been seen to.
    static func endCrowded(_ frame: borrowing TrapFrame) {
      guard frame.vector >= firstArrival else { return }
      _ = ThreadContext.withCurrent { thread in
        guard let record = thread.containment, record.isEndable else { return }
        // The guard page's exception is what the work itself would have raised soon.
        record.vector = pageFault
        leave(frame, record)
      }
    }

    private static func leave(_ frame: borrowing TrapFrame, _ record: ContainmentRecord) {
      // SAFETY: the stack pointer is that of apus_contain's frame further up on the same stack, which is still there as the work
      // has not returned; the address is where that frame is taken down.
      frame.resume(at: apus_contain_abort_address(), stackPointer: record.stackPointer)
    }
  #endif
}

extension ThreadContext {
  /// Lets it run contained work.
  ///
  /// - Context: before it runs.
  public final func allowContainment() {
    containment = ContainmentRecord()
    if stackTop != 0 { stackGuard = stackTop - UInt64(APUS_THREAD_STACK_SIZE) - UInt64(APUS_GUARD_SIZE) }
  }

  /// Asks for the end of the contained work with that number, which comes with the next interrupt that finds the work in its own code.
  /// When it has ended by then nothing comes of it: the work after it has another number.
  ///
  /// - Context: any; to be repeated, with an interrupt to its CPU, until the work has ended.
  public final func askForEnd(of number: UInt64) { containment?.askForEnd(of: number) }
}

#if os(none)
  /// Where apus_contain runs its call.
  @c(apus_contained)
  func runContained(_ call: UnsafeMutableRawPointer) {
    // SAFETY: `Containment.run` passes a call that it retains until apus_contain has returned.
    unsafe Unmanaged<ContainedCall>.fromOpaque(call)._withUnsafeGuaranteedRef { $0.run() }
  }
#endif
