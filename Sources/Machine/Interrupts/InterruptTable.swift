import Boot

/// The interrupt descriptor table, built from the gates that `Specs/interrupts.json` describes.
///
/// Source: Intel SDM vol. 3A, 6.10 and 6.14.1.
public enum InterruptTable {
  /// Which stacks the gates may name.
  public enum Stacks {
    /// Every vector stays on the interrupted stack: for the time before a task-state segment is loaded.
    case none
    /// Exceptions switch to the interrupt stack that their spec names. All else arrives on a stack of the CPU's and goes on, where
    /// there is room, on the one that was interrupted.
    case fromSpecs
  }

  /// The first vector that does not belong to an exception. Source: Intel SDM vol. 3A, 6.2.
  private static var firstArrival: Int { 32 }

  private static let byteCount: UInt16 = 256 * 16

  /// Fills the table and loads it on this CPU.
  ///
  /// - Context: interrupts are off.
  public static func install(_ stacks: Stacks) {
    // SAFETY: the generated table has 256 rows and the descriptor table room for 256 gates of two words; both are static.
    let gates = unsafe apus_gates()
    let words = unsafe apus_interrupt_table_words()
    for vector in 0..<256 {
      let gate = unsafe gates[vector]
      let interruptStack = stacks == .none ? 0 : UInt64(gate.interrupt_stack)
      let attributes = UInt64(gate.type) | UInt64(gate.privilege) << 5 | 1 << 7
      unsafe words[vector * 2] =
        gate.address & 0xffff | UInt64(APUS_CODE_SELECTOR) << 16 | interruptStack << 32 | attributes << 40
        | (gate.address >> 16 & 0xffff) << 48
      unsafe words[vector * 2 + 1] = gate.address >> 32
    }
    load()
  }

  /// Loads the table, which all CPUs share, on this CPU.
  static func load() {
    // SAFETY: the address is loaded, not followed.
    apus_load_interrupt_table(unsafe UInt64(UInt(bitPattern: apus_interrupt_table_words())), byteCount - 1)
  }

  #if os(none)
    /// How far apart the stubs of the vectors begin, in bytes.
    private static var stubSize: UInt64 { 16 }

    /// Whether `address` is in the code that an exception runs before its frame is complete: it holds no lock, and nothing of it matters
    /// once the work is ended that raised the exception.
    static func isEntry(_ address: UInt64) -> Bool {
      if (apus_interrupt_common_address()..<apus_interrupt_entered_address()).contains(address) { return true }
      // SAFETY: as in `install`.
      let gates = unsafe apus_gates()
      for vector in 0..<firstArrival {
        let stub = unsafe gates[vector].address
        if address >= stub, address < stub + stubSize { return true }
      }
      return false
    }
  #endif

  /// Whether this CPU uses the table: what the boot step's postcondition reads back.
  public static var isLoaded: Bool {
    let register = apus_store_interrupt_table()
    // SAFETY: the address is compared, not followed.
    return unsafe register.base == UInt64(UInt(bitPattern: apus_interrupt_table_words()))
      && register.limit == byteCount - 1
  }
}
