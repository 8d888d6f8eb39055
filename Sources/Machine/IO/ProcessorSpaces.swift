import Boot
import Foundations

/// CPUID of the CPU that runs.
public struct ProcessorIdentification: CPUIDSpace {
  /// Creates the space.
  @inlinable
  public init() {}

  /// Asks the CPU.
  public func read(leaf: UInt32, subleaf: UInt32) -> CPUIDResult {
    let result = apus_read_cpuid(leaf, subleaf)
    return CPUIDResult(eax: result.eax, ebx: result.ebx, ecx: result.ecx, edx: result.edx)
  }
}
