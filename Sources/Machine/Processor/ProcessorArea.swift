import Boot
import PageFrames
import Slabs

/// What one CPU has for itself, found through its GS base in one load.
///
/// Only that CPU touches it, with interrupts off, so nothing in it needs a lock. Others may read single words of it for
/// figures.
struct ProcessorArea: ~Copyable {
  /// The area's own address: what `movq %gs:0` reads.
  private let address: UInt
  /// The CPU's number: what `movq %gs:8` reads.
  let number: Int
  /// The thread that runs, an unmanaged reference, or 0: what `movq %gs:16` reads.
  var thread: UInt = 0
  /// Where the stack of the thread that runs begins: what a system call loads from `%gs:24`.
  var kernelStack: UInt64 = 0
  /// Where a system call keeps the program's stack pointer for a moment: `%gs:32`.
  private var userStack: UInt64 = 0
  /// The number of the heap that allocations come from, plus 1, while contained work runs; 0 for the kernel's: `%gs:40`.
  var heap: UInt = 0
  /// Below it the stack of the thread that runs has no room for an interrupt; 0 where nobody knows: `%gs:48`.
  var stackLimit: UInt64 = 0
  /// The address of that stack's guard page, if the thread's work can be ended; else 0: `%gs:56`.
  var stackGuard: UInt64 = 0
  /// The top of the stack for exceptions of such work that has used up its own: `%gs:64`.
  var faultStack: UInt64 = 0
  /// What serves the system calls of the thread that runs, an unmanaged reference, or 0: what a system call loads from `%gs:72`.
  var callServer: UInt = 0
  /// Whether the thread that runs is to make room for another as soon as it can: what the end of a system call reads at `%gs:80`.
  var needsReschedule = false
  /// Whether the last interrupt that somebody asked to know about came while a program ran.
  var hasInterruptedProgram = false
  /// The number of the CPU's local APIC.
  var localAPIC: UInt32 = 0
  /// Free frames at the CPU's hand.
  var frames = FrameCache()
  /// What this CPU took frames for, less what it gave back.
  var usage = FrameUsage()
  /// Free objects at the CPU's hand, by slab cache.
  var magazines = MagazineRack()
  /// What the CPU translates addresses with.
  var translation: ProcessorTranslation

  private static let baseRegister: UInt32 = 0xc000_0101

  private init(address: UInt, number: Int) {
    self.address = address
    self.number = number
    translation = ProcessorTranslation(processor: number)
  }

  /// Gives the boot CPU its area, which is part of the image.
  ///
  /// - Context: once, before anything is allocated.
  static func start() {
    let address = UInt(apus_first_processor_area_address())
    initialize(at: address, number: 0)
    #if os(none)
      apus_write_msr(baseRegister, UInt64(address))
      precondition(apus_read_processor_area() == UInt64(address) && apus_read_processor_number() == 0)
    #endif
  }

  /// Makes the block at `address`, which is all zeros and used for nothing else, CPU `number`'s.
  static func initialize(at address: UInt, number: Int) {
    precondition(MemoryLayout<ProcessorArea>.size <= Int(APUS_PROCESSOR_MAILBOX))
    precondition(MemoryLayout<ProcessorMailbox>.size <= Int(APUS_PROCESSOR_COUNTS - APUS_PROCESSOR_MAILBOX))
    // SAFETY: the storage is large enough, as just checked.
    unsafe (ProcessorBlock.part(address, 0) as UnsafeMutablePointer<ProcessorArea>)
      .initialize(to: ProcessorArea(address: address, number: number))
    unsafe (ProcessorBlock.part(address, ProcessorBlock.mailboxOffset) as UnsafeMutablePointer<ProcessorMailbox>)
      .initialize(to: ProcessorMailbox())
    checkLayout(address)
    ProcessorBlock.register(address, of: number)
  }

  /// Fails when assembly would find in a new area something else than it looks for.
  private static func checkLayout(_ address: UInt) {
    // SAFETY: the area at the address has just been initialized, and nobody else knows of it.
    unsafe withUnsafeMutablePointer(
      to: &(ProcessorBlock.part(address, 0) as UnsafeMutablePointer<ProcessorArea>).pointee.callServer
    ) { precondition(UInt(bitPattern: $0) - address == UInt(APUS_AREA_CALL_SERVER)) }
    // SAFETY: as above.
    unsafe withUnsafeMutablePointer(
      to: &(ProcessorBlock.part(address, 0) as UnsafeMutablePointer<ProcessorArea>).pointee.needsReschedule
    ) { precondition(UInt(bitPattern: $0) - address == UInt(APUS_AREA_RESCHEDULE)) }
  }

  /// Runs `body` with this CPU's area, interrupts off.
  ///
  /// While a CPU waits for a lock it follows other CPUs' requests to drop translations, which changes `translation`; so what
  /// `body` does with `translation` must not wait for a lock.
  @inline(__always)
  static func withCurrent<Result: ~Copyable, Failure: Error>(
    _ body: (inout ProcessorArea) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let wereEnabled = InterruptGuard.disable()
    defer { InterruptGuard.restore(wereEnabled) }
    // SAFETY: `start` made the area and it stays; interrupts are off, so nothing else on this CPU has it now.
    return try unsafe body(
      &(ProcessorBlock.part(ProcessorBlock.current, 0) as UnsafeMutablePointer<ProcessorArea>).pointee)
  }

  /// Runs `body` with this CPU's area, where interrupts are known to be off.
  ///
  /// - Context: interrupts are off.
  @inline(__always)
  static func withCurrentQuietly<Result: ~Copyable, Failure: Error>(
    _ body: (inout ProcessorArea) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    // SAFETY: as above; the caller says that interrupts are off.
    try unsafe body(&(ProcessorBlock.part(ProcessorBlock.current, 0) as UnsafeMutablePointer<ProcessorArea>).pointee)
  }

  /// Runs `body` with the area of each CPU that there is, to read figures that may change meanwhile.
  static func forEach(_ body: (borrowing ProcessorArea) -> Void) {
    for number in 0..<Processor.limit {
      let address = ProcessorBlock.address(of: number)
      guard address != 0 else { continue }
      // SAFETY: areas stay; the words that are read are single loads of memory that is always initialized.
      unsafe body((ProcessorBlock.part(address, 0) as UnsafeMutablePointer<ProcessorArea>).pointee)
    }
  }
}
