import Boot
public import Foundations
import PageFrames
import Synchronization

/// What an application processor does once it is up. Given to Machine when the processors are started.
open class ProcessorEntry {
  /// Creates an entry that does nothing.
  public init() {}

  /// Runs on the processor's own stack, interrupts off, and never returns.
  open func run(_ processor: Int) -> Never { Machine.halt() }
}

/// Starting the other CPUs.
///
/// Source: Intel SDM vol. 3A, 9.4 (INIT and start-up messages), appendix B of the MultiProcessor Specification 1.4 (delays).
public enum ApplicationProcessors {
  private static let entry = BootCell<ProcessorEntry>()
  private static let fiveLevelFeature: UInt32 = 1
  private static let stackPageCount = Int(APUS_PROCESSOR_STACK_SIZE) / 4096
  private static let interruptStackPageCount = Int(APUS_INTERRUPT_STACK_SIZE) / 4096
  /// How many interrupt stacks `Specs/interrupts.json` has something on, 1...7.
  private static var interruptStackCount: Int { Int(apus_interrupt_stack_count()) }

  // SAFETY (section): lines are written by the boot CPU only, before the CPU that they are for is sent anything. A block is
  // zeroed memory of the right size; it is only the CPU's own from the moment it runs.

  /// CPUs that have been prepared and not yet been started are counted from here.
  nonisolated(unsafe) private static var lineCount = 0

  /// Makes memory for CPU `number`, whose local APIC has number `localAPIC`.
  ///
  /// - Throws: `ENOMEM`, having given everything back; `EINVAL` when the number is 0, too large or taken.
  /// - Context: the boot CPU.
  public static func prepare(_ number: Int, localAPIC: UInt32) throws(Errno) {
    guard number > 0, number < Processor.limit, ProcessorBlock.address(of: number) == 0 else { throw .EINVAL }
    let pageCount = ProcessorBlock.byteCount / 4096
    guard let frames = FrameAllocator.allocateRun(.kernel, count: pageCount, .kernel) else { throw .ENOMEM }
    let block = UInt(PhysicalMap.address(of: frames.address))
    guard let stacks = Stacks() else {
      FrameAllocator.releaseRun(frames, count: pageCount)
      throw .ENOMEM
    }
    unsafe memset(UnsafeMutableRawPointer(bitPattern: block).unsafelyUnwrapped, 0, ProcessorBlock.byteCount)
    ProcessorArea.initialize(at: block, number: number)
    unsafe (ProcessorBlock.part(block, 0) as UnsafeMutablePointer<ProcessorArea>).pointee.localAPIC = localAPIC
    unsafe (ProcessorBlock.part(block, ProcessorBlock.tablesOffset + Stacks.offset) as UnsafeMutablePointer<Stacks>)
      .initialize(to: stacks)
    let line = unsafe apus_start_line_array() + lineCount
    unsafe line.pointee = apus_start_line(
      local_apic: localAPIC, has_started: 0, stack: stacks.main, block: UInt64(block))
    unsafe lineCount += 1
  }

  /// Sends every prepared CPU its start-up messages and waits until all run or `timeoutMicroseconds` are over.
  ///
  /// - Parameter wait: waits for a number of microseconds.
  /// - Context: once, on the boot CPU. `Processor.online` says who came.
  public static func start(
    _ newEntry: ProcessorEntry, timeoutMicroseconds: Int, wait: (_ microseconds: Int) -> Void
  ) {
    let count = unsafe lineCount
    guard count > 0 else { return }
    entry.fill(newEntry)
    MemoryTypeRegisters.noteBootProcessor()
    copyEntryCode()
    apus_open_start_lines(
      KernelRoot.frame.address, PagingMode.current == .fiveLevel ? fiveLevelFeature : 0, UInt32(count))
    let all = (UInt64(1) << UInt64(count)) &- 1
    send(LocalAPICCommand(mode: .initialize), to: all)
    wait(10_000)
    let page = UInt8(APUS_PROCESSOR_ENTRY >> 12)
    for _ in 0..<2 {
      send(LocalAPICCommand(vector: page, mode: .startUp), to: all & ~started)
      wait(200)
    }
    var waited = 0
    while Processor.onlineCount <= count, waited < timeoutMicroseconds {
      wait(50)
      waited += 50
    }
    // A CPU that comes late finds no line, and stops.
    apus_open_start_lines(0, 0, 0)
  }

  /// The lines whose CPUs have begun to run.
  private static var started: UInt64 {
    var mask: UInt64 = 0
    for index in 0..<(unsafe lineCount) {
      if apus_has_started(UInt64(index)) != 0 { mask |= 1 << UInt64(index) }
    }
    return mask
  }

  private static func send(_ command: LocalAPICCommand, to lines: UInt64) {
    for index in 0..<(unsafe lineCount) where lines & 1 << UInt64(index) != 0 {
      LocalInterruptController.send(command, to: unsafe apus_start_line_array()[index].local_apic)
    }
  }

  /// Copies the 16-bit code to where the start-up message makes CPUs begin.
  private static func copyEntryCode() {
    let count = Int(apus_processor_entry_end_address() - apus_processor_entry_address())
    let target = UInt(PhysicalMap.address(of: UInt64(APUS_PROCESSOR_ENTRY)))
    // SAFETY: boot keeps the first 64 KiB, and the code is part of the image.
    unsafe memcpy(
      UnsafeMutableRawPointer(bitPattern: target).unsafelyUnwrapped,
      UnsafeRawPointer(bitPattern: UInt(apus_processor_entry_address())).unsafelyUnwrapped, count)
  }

  /// The stacks of one CPU.
  struct Stacks {
    /// Where a CPU's stacks are noted, from the start of the tables in its block: behind segments and task state.
    static let offset: UInt = 256

    /// The tops of the stack to start with and of those for interrupts.
    let main: UInt64
    var interrupts = InlineArray<7, UInt64>(repeating: 0)

    /// Maps stacks, each above an unmapped page; nil when there is no memory.
    init?() {
      guard let first = Self.map(stackPageCount) else { return nil }
      main = first
      for index in 0..<interruptStackCount {
        guard let top = Self.map(interruptStackPageCount) else {
          for earlier in 0..<index { Self.unmap(interrupts[earlier], interruptStackPageCount) }
          Self.unmap(main, stackPageCount)
          return nil
        }
        interrupts[index] = top
      }
    }

    private static func map(_ pageCount: Int) -> UInt64? {
      DynamicMap.allocate(pageCount: pageCount, priority: .kernel).map { UInt64($0) + UInt64(pageCount) << 12 }
    }

    private static func unmap(_ top: UInt64, _ pageCount: Int) {
      _ = DynamicMap.release(UInt(top - UInt64(pageCount) << 12))
    }
  }

  /// What the new CPU does first, with its GS base set, on its stack: the same as the boot CPU did in its boot steps.
  fileprivate static func begin(_ block: UInt) -> Never {
    let stacks =
      unsafe (ProcessorBlock.part(block, ProcessorBlock.tablesOffset + Stacks.offset) as UnsafeMutablePointer<Stacks>)
      .pointee
    SegmentTable.install(stack: stacks.main) { index in
      index < interruptStackCount ? stacks.interrupts[index] : stacks.interrupts[0]
    }
    InterruptTable.load()
    KernelAddressSpace.startProcessor()
    MemoryTypeRegisters.adoptFromBootProcessor()
    ProtectionFeatures.enableAvailable()
    ProcessorArea.withCurrent { $0.translation.start() }
    LocalInterruptController.startHere()
    let number = Processor.current
    Processor.markOnline(number)
    entry.withValue { $0.run(number) }
    Machine.halt()
  }
}

#if os(none)
  /// The first Swift code of an application processor.
  @c(apus_processor_start)
  func startProcessor(_ block: UInt64) {
    ApplicationProcessors.begin(UInt(block))
  }
#endif
