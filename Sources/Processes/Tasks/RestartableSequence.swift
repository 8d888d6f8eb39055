public import Foundations
import LinuxABI
import Machine
import Scheduler
import Signals
import Synchronization

/// Where a task's program keeps what it wants to know of its CPU, and which of its instructions must not be interrupted there.
///
/// Source: Linux include/uapi/linux/rseq.h, `struct rseq` and `struct rseq_cs`.
struct RestartableSequence {
  /// How many bytes the area has, and a multiple of what its address is.
  static let byteCount: UInt32 = 32
  /// The CPU of an area that is not registered any more.
  static let noProcessor: UInt32 = .max

  // Where things are in the area.
  static let startProcessor: UInt64 = 0
  static let processor: UInt64 = 4
  static let descriptor: UInt64 = 8
  static let flags: UInt64 = 16
  static let node: UInt64 = 20

  /// Where the area is; 0 for none.
  var address: UInt64 = 0
  /// What stands before the code that an interrupted sequence goes on with, so that it cannot be made to go on just anywhere.
  var signature: UInt32 = 0
  /// The CPU that the program has been told; none while it is being told.
  var toldProcessor: UInt32 = RestartableSequence.noProcessor
}

/// A sequence, as the program describes it.
private struct SequenceDescriptor: UserValue {
  /// Both are to be zero.
  let versionAndFlags: UInt64
  let start: UInt64
  let byteCount: UInt64
  let abort: UInt64

  static var userByteCount: Int { 32 }

  init(userBytes: Span<UInt8>) {
    func word(_ offset: Int) -> UInt64 {
      var value: UInt64 = 0
      for index in 0..<8 { value |= UInt64(userBytes[offset + index]) << UInt64(index * 8) }
      return value
    }
    (versionAndFlags, start, byteCount, abort) = (word(0), word(8), word(16), word(24))
  }

  func write(toUserBytes bytes: inout MutableSpan<UInt8>) {}

  func contains(_ address: UInt64) -> Bool { address &- start < byteCount }

  /// Whether it leads from one part of the program to another outside itself.
  var isSensible: Bool {
    versionAndFlags == 0 && UserSpace.contains(start, byteCount: max(1, byteCount)) && abort >= 4
      && UserSpace.contains(abort &- 4, byteCount: 5) && !contains(abort)
  }
}

/// Restartable sequences. Source: Linux kernel/rseq.c; rseq(2) of librseq.
extension Task {
  /// Registers the area at `address`, from now on kept right whenever the program goes on.
  ///
  /// - Throws: `EINVAL`, `EFAULT`, `EPERM` and `EBUSY` when there is one already.
  /// - Context: the task itself.
  public final func registerSequence(at address: UInt64, byteCount: UInt32, signature: UInt32) throws(Errno) {
    guard sequence.address == 0 else {
      guard sequence.address == address, byteCount == RestartableSequence.byteCount else { throw .EINVAL }
      throw sequence.signature == signature ? .EBUSY : .EPERM
    }
    guard byteCount == RestartableSequence.byteCount, address & UInt64(byteCount - 1) == 0, address != 0 else {
      throw .EINVAL
    }
    guard UserSpace.contains(address, byteCount: UInt64(byteCount)) else { throw .EFAULT }
    sequence = RestartableSequence(address: address, signature: signature)
    ask(.sequence)
  }

  /// Ends that.
  ///
  /// - Throws: `EINVAL` and `EPERM` when another one is registered, `EFAULT`.
  /// - Context: the task itself.
  public final func unregisterSequence(at address: UInt64, byteCount: UInt32, signature: UInt32) throws(Errno) {
    guard sequence.address != 0, sequence.address == address, byteCount == RestartableSequence.byteCount else {
      throw .EINVAL
    }
    guard sequence.signature == signature else { throw .EPERM }
    try writeProcessor(RestartableSequence.noProcessor, start: 0)
    sequence = RestartableSequence()
  }

  /// Makes the program go on at the beginning of an interrupted sequence, if it is in one. For signals, before their handler is
  /// entered; and whenever the task was switched.
  ///
  /// - Throws: `EFAULT`, `EINVAL` when what the program describes makes no sense: it is to end by SIGSEGV.
  /// - Context: the task itself, about to return to its program.
  @inline(__always)
  final func interruptSequence(_ registers: borrowing UserContext) throws(Errno) {
    if sequence.address != 0 { try interruptRegisteredSequence(registers) }
  }

  @inline(never)
  private final func interruptRegisteredSequence(_ registers: borrowing UserContext) throws(Errno) {
    let place = UserPointer<UInt64>(sequence.address + RestartableSequence.descriptor)
    let address = try place.load()
    guard address != 0 else { return }
    let descriptor = try UserPointer<SequenceDescriptor>(address).load()
    guard descriptor.isSensible, try UserPointer<UInt32>(descriptor.abort - 4).load() == sequence.signature else {
      throw .EINVAL
    }
    let isInside = descriptor.contains(registers.registers.rip)
    // What once could say that some interruptions do not matter must not be used any more.
    if isInside, try UserPointer<UInt32>(sequence.address + RestartableSequence.flags).load() != 0 { throw .EINVAL }
    try place.store(0)
    guard isInside else { return }
    var new = registers.registers
    new.rip = descriptor.abort
    registers.registers = new
  }

  /// Tells the program on which CPU it goes on, after it was switched.
  final func resumeSequence(_ registers: borrowing UserContext) {
    // The program that asked may have been replaced or have taken its area back since.
    guard sequence.address != 0 else { return }
    do throws(Errno) {
      try interruptSequence(registers)
      // It may go elsewhere while it writes; then it is asked again.
      sequence.toldProcessor = RestartableSequence.noProcessor
      let here = UInt32(Processor.current)
      try writeProcessor(here, start: here)
      sequence.toldProcessor = here
    } catch {
      force(.kernel(.SIGSEGV))
    }
  }

  private final func writeProcessor(_ processor: UInt32, start: UInt32) throws(Errno) {
    let address = sequence.address
    try UserPointer<UInt32>(address + RestartableSequence.startProcessor).store(start)
    try UserPointer<UInt32>(address + RestartableSequence.processor).store(processor)
    // All memory is one node.
    try UserPointer<UInt32>(address + RestartableSequence.node).store(0)
  }

  /// Asks for `resumeSequence`: the task has been switched to.
  ///
  /// A program that waits in a call is in no sequence, which must make none, and need not be told of the CPU that it knows.
  ///
  /// - Context: interrupts off, before its thread runs, on its CPU.
  @inline(never)
  final func noteSwitch(_ thread: Thread) {
    if sequence.toldProcessor == UInt32(Processor.current), Self.isInCall(thread) { return }
    thread.work.bitwiseOr(TaskWork.sequence.rawValue, ordering: .relaxed)
  }

  private static func isInCall(_ thread: Thread) -> Bool {
    guard let registers = thread.userContext else { return false }
    return registers.isSystemCall
  }
}
