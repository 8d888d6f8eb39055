import Boot
import PageFrames

/// What is done about a page fault before it is anybody's error.
public enum PageFaults {
  // Bits of the error code. Intel SDM vol. 3A, 4.7.
  private static let present: UInt64 = 1 << 0
  private static let write: UInt64 = 1 << 1
  private static let user: UInt64 = 1 << 2
  private static let instructionFetch: UInt64 = 1 << 4
  /// A reserved bit in an entry, a protection key, a shadow stack, and whatever may come: nothing that a page can resolve.
  private static let others: UInt64 = ~(present | write | user | instructionFetch)

  private static let interruptFlag: UInt64 = 1 << 9

  /// What the last page fault of this CPU was about. The next one changes it.
  public static var address: UInt64 { apus_read_cr2() }

  /// Resolves the fault that `frame` is about, or sends a user copy to its fix-up.
  ///
  /// The kernel may fault on a program's page only in the functions that copy; anywhere else that is an error of the kernel,
  /// even if the page could be had.
  ///
  /// - Parameter address: what `PageFaults.address` was when the fault came.
  /// - Returns: `resolved` if the interrupted code can go on; if not, nothing has changed.
  /// - Context: the page-fault vector, interrupts off. They are on while a handler works if they were on before.
  public static func handle(_ frame: borrowing TrapFrame, at address: UInt64) -> PageFaultAnswer {
    let code = frame.errorCode
    guard frame.isUser || UserCopyCode.contains(frame.instructionPointer), UserSpace.contains(address) else {
      return .unresolved
    }
    var answer = PageFaultAnswer.unresolved
    if code & others == 0 {
      let kind: PageFaultAccess.Kind =
        code & instructionFetch != 0 ? .execute : code & write != 0 ? .write : .read
      let access = PageFaultAccess(kind, isUser: frame.isUser, isPresent: code & present != 0)
      answer = resolve(address, access, hadInterrupts: frame.flags & interruptFlag != 0)
      if answer == .resolved { return .resolved }
    }
    guard !frame.isUser, let fixup = UserCopyCode.fixup(for: frame.instructionPointer) else { return answer }
    frame.resume(at: fixup)
    return .resolved
  }

  /// Asks the handler of the program that runs.
  static func resolve(_ address: UInt64, _ access: PageFaultAccess, hadInterrupts: Bool) -> PageFaultAnswer {
    let handler = ProcessorArea.withCurrent { area in
      area.translation.resolutionBans == 0 ? area.translation.handler : nil
    }
    guard let handler else { return .unresolved }
    if hadInterrupts { apus_enable_interrupts() }
    let answer = handler.answer(address: address, access: access)
    if hadInterrupts { apus_disable_interrupts() }
    return answer
  }
}

/// The code that copies from and to programs, and where it goes on after a fault that nobody resolves.
enum UserCopyCode {
  /// Whether the instruction at `address` is part of a copy.
  @inline(__always)
  static func contains(_ address: UInt64) -> Bool {
    address >= apus_user_access_start_address() && address < apus_user_access_end_address()
  }

  /// The fix-up for the instruction at `address`, or nil when it is none that may fault.
  static func fixup(for address: UInt64) -> UInt64? {
    // SAFETY: the table and its length are the linker's.
    let table = unsafe apus_user_fixups()
    for index in 0..<Int(apus_user_fixup_count()) {
      let entry = unsafe table[index]
      if address >= entry.start && address < entry.end { return entry.target }
    }
    return nil
  }
}
