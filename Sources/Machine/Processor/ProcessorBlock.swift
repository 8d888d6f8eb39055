import Boot
import Synchronization

/// The memory that one CPU has for itself, which its GS base points to, divided among those who need such memory.
///
/// The boot CPU's is part of the image; the others' are made before they start and stay.
enum ProcessorBlock {
  static let byteCount = Int(APUS_PROCESSOR_AREA_SIZE)
  static let mailboxOffset = UInt(APUS_PROCESSOR_MAILBOX)
  static let tablesOffset = UInt(APUS_PROCESSOR_TABLES)
  static let countsOffset = UInt(APUS_PROCESSOR_COUNTS)
  static let handlersOffset = UInt(APUS_PROCESSOR_HANDLERS)

  /// The address of the block of the CPU that runs. Interrupts must be off, or the code may go on on another CPU.
  @inline(__always)
  static var current: UInt {
    #if os(none)
      UInt(apus_read_processor_area())
    #else
      UInt(apus_first_processor_area_address())
    #endif
  }

  /// The address of CPU number `number`'s block, or 0 when there is no such CPU.
  @inline(__always)
  static func address(of number: Int) -> UInt {
    guard number >= 0, number < Processor.limit else { return 0 }
    // SAFETY: the array has `Processor.limit` words; each is written once, before the CPU's number is known to anybody.
    return unsafe UInt(apus_processor_blocks_words()[number])
  }

  /// Notes where the block of CPU number `number` is.
  static func register(_ address: UInt, of number: Int) {
    precondition(number >= 0 && number < Processor.limit)
    // SAFETY: as in `address(of:)`.
    unsafe apus_processor_blocks_words()[number] = UInt64(address)
  }

  // SAFETY (section): the offsets lie in the block, far enough apart for their types, which `ProcessorArea.start` checks.

  /// The part at `offset` of the block at `address`.
  @inline(__always)
  static func part<Part: ~Copyable>(_ address: UInt, _ offset: UInt) -> UnsafeMutablePointer<Part> {
    unsafe UnsafeMutablePointer<Part>(bitPattern: address &+ offset).unsafelyUnwrapped
  }
}

/// The CPUs.
///
/// Numbers are the kernel's own, from 0 for the boot CPU, and stay a CPU's for good.
public enum Processor {
  /// How many CPUs there can be.
  public static let limit = 64

  private static let onlineMask = Atomic<UInt64>(1)

  /// The number of the CPU that runs.
  ///
  /// May be out of date as soon as it is read, unless interrupts are off or the code is bound to its CPU.
  @inline(__always)
  public static var current: Int {
    #if os(none)
      Int(apus_read_processor_number())
    #else
      0
    #endif
  }

  /// The CPUs that run, one bit each.
  @inline(__always)
  public static var online: UInt64 { onlineMask.load(ordering: .sequentiallyConsistent) }

  /// How many CPUs run.
  public static var onlineCount: Int { online.nonzeroBitCount }

  /// Whether CPU `number` runs.
  public static func isOnline(_ number: Int) -> Bool {
    number >= 0 && number < limit && online & 1 << UInt64(number) != 0
  }

  /// The local APIC's number of CPU `number`, or nil when there is no such CPU.
  public static func localAPIC(of number: Int) -> UInt32? {
    let block = ProcessorBlock.address(of: number)
    guard block != 0 else { return nil }
    // SAFETY: a constant of an area that was initialized before its address was noted.
    return unsafe (ProcessorBlock.part(block, 0) as UnsafeMutablePointer<ProcessorArea>).pointee.localAPIC
  }

  static func markOnline(_ number: Int) {
    onlineMask.bitwiseOr(1 << UInt64(number), ordering: .sequentiallyConsistent)
  }

  static func markOffline(_ number: Int) {
    onlineMask.bitwiseAnd(~(1 << UInt64(number)), ordering: .sequentiallyConsistent)
  }
}
