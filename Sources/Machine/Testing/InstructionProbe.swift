import Boot

/// Known numbers of instructions, for benchmarks and for checking what they measure with.
public enum InstructionProbe {
  /// Executes 1,000 instructions and the one that calls them.
  @inline(__always)
  public static func spendThousand() { apus_spend_thousand_instructions() }

  /// No instruction, but one that the optimizer neither leaves out nor moves anything over.
  @inline(__always)
  public static func barrier() { apus_compiler_barrier() }
}
