import Boot

/// The global descriptor table and the task-state segment of the CPU that runs; each has its own.
///
/// The order of the selectors is fixed by SYSCALL and SYSRET: kernel code, kernel data, (32-bit user code), user data, user
/// code. Behind them is a segment that nobody uses: its limit tells programs the CPU's number.
/// Source: Intel SDM vol. 3A, 3.4.5, 5.8.8 and 7.7; AMD APM vol. 2, 6.1.1.
public enum SegmentTable {
  private static let accessed: UInt64 = 1 << 40
  private static let writableOrReadable: UInt64 = 1 << 41
  private static let code: UInt64 = 1 << 43
  private static let codeOrData: UInt64 = 1 << 44
  private static let user: UInt64 = 3 << 45
  private static let present: UInt64 = 1 << 47
  private static let longMode: UInt64 = 1 << 53
  private static let availableTaskState: UInt64 = 9 << 40
  private static let wordCount = 10
  private static let wide: UInt64 = 1 << 54
  private static let pages: UInt64 = 1 << 55
  private static let wholeLimit: UInt64 = 0xf_0000_0000_ffff

  // SAFETY (section): the block of a CPU has room for ten words and a task state in its tables' part, for that CPU only.

  private static var words: UnsafeMutablePointer<UInt64> {
    unsafe ProcessorBlock.part(ProcessorBlock.current, ProcessorBlock.tablesOffset)
  }

  private static var task: UnsafeMutablePointer<apus_task_state> {
    unsafe ProcessorBlock.part(ProcessorBlock.current, ProcessorBlock.tablesOffset + UInt(wordCount * 8))
  }

  /// Builds the table and the task state of the boot CPU, loads both, and points every interrupt stack at its memory.
  ///
  /// - Context: once, on the boot CPU, interrupts off.
  public static func install() {
    install(stack: apus_boot_stack_top_address()) { InterruptStack.top($0) }
  }

  /// Builds and loads the tables of the CPU that runs.
  ///
  /// - Parameter stack: the top of the stack for interrupts of programs.
  /// - Parameter interruptStack: the top of interrupt stack 0..<7.
  static func install(stack: UInt64, interruptStack: (Int) -> UInt64) {
    let words = unsafe words
    let task = unsafe task
    let base = UInt64(UInt(bitPattern: task))
    let size = UInt64(MemoryLayout<apus_task_state>.size)
    let data = present | codeOrData | writableOrReadable | accessed

    unsafe words[0] = 0
    unsafe words[1] = 0
    unsafe words[2] = data | code | longMode
    unsafe words[3] = data
    unsafe words[4] = data | user | code | wide | pages | wholeLimit
    unsafe words[5] = data | user | wide | pages | wholeLimit
    unsafe words[6] = data | user | code | longMode | pages | wholeLimit
    unsafe words[7] = present | codeOrData | accessed | user | UInt64(Processor.current)
    unsafe words[8] =
      present | availableTaskState | (size - 1) | (base & 0xff_ffff) << 16 | (base >> 24 & 0xff) << 56
    unsafe words[9] = base >> 32

    unsafe task.pointee.stack.0 = stack
    unsafe task.pointee.interrupt_stack.0 = interruptStack(0)
    unsafe task.pointee.interrupt_stack.1 = interruptStack(1)
    unsafe task.pointee.interrupt_stack.2 = interruptStack(2)
    unsafe task.pointee.interrupt_stack.3 = interruptStack(3)
    unsafe task.pointee.interrupt_stack.4 = interruptStack(4)
    unsafe task.pointee.interrupt_stack.5 = interruptStack(5)
    unsafe task.pointee.interrupt_stack.6 = interruptStack(6)
    unsafe task.pointee.io_map_base = UInt16(truncatingIfNeeded: size)

    ProcessorArea.withCurrent { $0.faultStack = interruptStack(Int(apus_exhausted_stack()) - 1) }
    apus_load_segment_table(UInt64(UInt(bitPattern: words)), UInt16(wordCount * 8 - 1))
    apus_load_task_register(UInt16(APUS_TASK_SELECTOR))
  }

  /// Makes `address` the top of the stack for interrupts of programs on this CPU.
  @inline(__always)
  static func setStack(_ address: UInt64) { unsafe task.pointee.stack.0 = address }

  /// Whether this CPU uses its table, no local one, and its task state: what the boot step's postcondition reads back.
  public static var isLoaded: Bool {
    let register = apus_store_segment_table()
    // SAFETY: the address is compared, not followed.
    let isOurs = unsafe register.base == UInt64(UInt(bitPattern: words))
    return isOurs && register.limit == wordCount * 8 - 1 && apus_store_local_segment_table() == 0
      && apus_store_task_register() == APUS_TASK_SELECTOR && apus_read_code_selector() == APUS_CODE_SELECTOR
  }
}

/// Where the boot CPU's interrupt stacks lie: each above a guard page of its own.
enum InterruptStack {
  static let count = Int(APUS_INTERRUPT_STACKS)
  static let size = UInt64(APUS_INTERRUPT_STACK_SIZE)
  static let guardSize = UInt64(APUS_GUARD_SIZE)

  /// The lowest address of the guard page below stack `index`, 0..<7.
  static func guardPage(_ index: Int) -> UInt64 {
    apus_interrupt_stacks_address() + UInt64(index) * (guardSize + size)
  }

  static func top(_ index: Int) -> UInt64 { guardPage(index) + guardSize + size }
}
