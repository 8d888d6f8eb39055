import Boot

/// An exception that a program's own instruction raised.
public struct ProgramFault: Equatable, Sendable {
  /// Which exception. Source: Intel SDM vol. 3A, table 6-1.
  public let vector: UInt8
  /// What the CPU said of it, or 0.
  public let errorCode: UInt64
  /// Of a page fault, the address; of a debug exception, DR6; otherwise where the instruction is.
  public let address: UInt64
  /// Of a page fault, what was said of it when it came.
  public let answer: PageFaultAnswer

  /// Describes an exception.
  public init(vector: UInt8, errorCode: UInt64, address: UInt64, answer: PageFaultAnswer = .unresolved) {
    (self.vector, self.errorCode, self.address, self.answer) = (vector, errorCode, address, answer)
  }

  /// Tells the thread that runs that its program raised what `frame` says.
  ///
  /// - Parameters:
  ///   - address: what goes with it; where the instruction is, if nothing.
  ///   - answer: of a page fault, what was said of it.
  /// - Returns: false when it was not a program's: a bug in the kernel.
  /// - Context: the exception's handler.
  public static func report(
    _ frame: borrowing TrapFrame, address: UInt64? = nil, answer: PageFaultAnswer = .unresolved
  ) -> Bool {
    guard frame.isUser else { return false }
    let fault = ProgramFault(
      vector: frame.vector, errorCode: frame.errorCode, address: address ?? frame.instructionPointer, answer: answer)
    return ThreadContext.withCurrent {
      $0.programFault(fault)
      return true
    } ?? false
  }

  /// Takes what the CPU says of a debug exception, so that the next one starts anew. Source: Intel SDM vol. 3B, 18.2.3.
  ///
  /// - Context: the debug exception's handler.
  public static func takeDebugStatus() -> UInt64 {
    let status = apus_read_dr6()
    apus_write_dr6(0xffff_0ff0)
    return status
  }
}
