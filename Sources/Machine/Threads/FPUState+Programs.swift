import Boot
public import Foundations

/// The registers of the program that runs, in that program's own memory: what is done around a handler of a signal.
///
/// They are in the CPU while the program's thread runs, in the kernel too, so they are saved and loaded right there. XSAVEOPT
/// leaves out what has not changed since the last load from the same buffer; loads from elsewhere make it save everything, so the
/// thread's own buffer need not be touched.
extension FPUState {
  /// Whether what is saved is more than FXSAVE does.
  @inline(__always)
  public static var isExtended: Bool { components != 0 }

  // SAFETY (section): the range was checked to be the program's; a fault that nobody resolves ends the access. What is loaded is
  // the program's own affair: the CPU refuses what it cannot take, and neither form reaches behind `byteCount`.

  /// Saves the registers at `address` as XSAVE does.
  ///
  /// - Parameters:
  ///   - address: a multiple of 64.
  ///   - software: six words for the place that the CPU leaves to software, and one whose low half is put at `mark`.
  /// - Throws: `EFAULT`.
  /// - Context: the program's thread; as for `UserMemory`. The registers are extended.
  @inline(__always)
  public static func saveExtended(
    to address: UInt64, software: borrowing InlineArray<7, UInt64>, mark: UInt64
  ) throws(Errno) {
    guard address & 63 == 0, UserSpace.contains(address, byteCount: UInt64(byteCount)),
      UserSpace.contains(mark, byteCount: 4)
    else { throw .EFAULT }
    #if os(none)
      let components = components
      let left = unsafe software.span.withUnsafeBufferPointer { words in
        guard let words = words.baseAddress else { return 1 }
        return unsafe apus_user_save_extended(address, components, words, mark)
      }
      guard left == 0 else { throw .EFAULT }
    #else
      try SimulatedRegisters.saveExtended(to: address, software.span, mark)
    #endif
  }

  /// Saves the registers at `address`, a multiple of 16, as FXSAVE does.
  ///
  /// - Throws: `EFAULT`.
  /// - Context: as above.
  public static func saveLegacy(to address: UInt64) throws(Errno) {
    guard address & 15 == 0, UserSpace.contains(address, byteCount: 512) else { throw .EFAULT }
    #if os(none)
      guard apus_user_save_legacy(address) == 0 else { throw .EFAULT }
    #else
      try SimulatedRegisters.saveLegacy(to: address)
    #endif
  }

  /// Loads those of the registers that `wanted` names, as bits of XCR0, as XRSTOR does, and makes the others what a program begins
  /// with.
  ///
  /// - Throws: `EFAULT` when the program cannot read it, or the CPU does not take what it says: a bit that must be zero, a part
  ///   that is not there. Then some registers may have been loaded.
  /// - Context: as above.
  @inline(__always)
  public static func restoreExtended(from address: UInt64, _ wanted: UInt64) throws(Errno) {
    guard UserSpace.contains(address, byteCount: UInt64(byteCount)) else { throw .EFAULT }
    let components = components
    #if os(none)
      guard apus_user_restore_extended(address, wanted & components) == 0 else { throw .EFAULT }
      if components & ~wanted != 0 { unsafe apus_restore_extended(apus_initial_state(), components & ~wanted) }
    #else
      try SimulatedRegisters.restoreExtended(from: address, wanted & components)
      SimulatedRegisters.reset(components & ~wanted)
    #endif
  }

  /// Loads what FXRSTOR loads, and makes the other registers what a program begins with.
  ///
  /// - Throws: as `restoreExtended`.
  /// - Context: as above.
  public static func restoreLegacy(from address: UInt64) throws(Errno) {
    guard UserSpace.contains(address, byteCount: 512) else { throw .EFAULT }
    if isExtended { reset() }
    #if os(none)
      guard apus_user_restore_legacy(address) == 0 else { throw .EFAULT }
    #else
      try SimulatedRegisters.restoreLegacy(from: address)
    #endif
  }

  /// Makes the registers what a program begins with.
  ///
  /// - Context: the program's thread.
  @inline(__always)
  public static func reset() {
    #if os(none)
      // SAFETY: the constant is one that both instructions take.
      if isExtended {
        unsafe apus_restore_extended(apus_initial_state(), components)
      } else {
        unsafe apus_restore_legacy(apus_initial_state())
      }
    #else
      SimulatedRegisters.reset(.max)
    #endif
  }

  /// The exceptions of the x87 unit that have come and are not masked, as bits: invalid, denormal, zero divide, overflow,
  /// underflow, precision.
  ///
  /// - Context: the program's thread.
  public static var unmaskedErrors: UInt8 {
    UInt8(truncatingIfNeeded: apus_read_fpu_status() & ~apus_read_fpu_control() & 0x3f)
  }

  /// The same of the vector unit.
  public static var unmaskedVectorErrors: UInt8 {
    let status = apus_read_vector_status()
    return UInt8(truncatingIfNeeded: status & ~(status >> 7) & 0x3f)
  }

  /// Sends a load from a program's memory that the CPU refused to its fix-up.
  ///
  /// - Returns: whether it was one.
  /// - Context: the general-protection vector.
  public static func handleRefusal(_ frame: borrowing TrapFrame) -> Bool {
    let place = frame.instructionPointer
    guard !frame.isUser, place >= apus_user_restore_start_address(), place < apus_user_restore_end_address(),
      let fixup = UserCopyCode.fixup(for: place)
    else { return false }
    frame.resume(at: fixup)
    return true
  }
}
